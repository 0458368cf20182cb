"""Browsers that signed in to an account before, told by a signed cookie of their own.

Wrong tries of such a browser are counted apart, so that nobody elsewhere can lock it out
(OWASP, "Device Cookies", read 2026-11-23). The cookie lets nobody in, and names no account: each is
a keyed hash, which counts for this one browser only.
"""

from __future__ import annotations

from datetime import timedelta

from itsdangerous import BadSignature, Signer

from models.base import new_public_id
from services.email_addresses import email_key
from services.throttle import hash_key

REMEMBERED_FOR = timedelta(days=365)
SALT = "blueclerk.known-browser"
#: So many accounts of one browser are known, the latest ones.
MOST_ACCOUNTS = 5
MARK_CHARACTERS = 32


def known_browser(key: str, cookie: str | None, email: str) -> str | None:
    """Return the id of the browser if it signed in with this address before, else None."""
    browser, marks = _read(key, cookie)
    return browser if browser and _mark(key, browser, email) in marks else None


def remember_browser(key: str, cookie: str | None, email: str) -> str:
    """Return the value of the cookie of a browser that has just signed in with this address."""
    browser, marks = _read(key, cookie)
    browser = browser or new_public_id()
    mark = _mark(key, browser, email)
    latest = [mark, *(former for former in marks if former != mark)][:MOST_ACCOUNTS]
    return _signer(key).sign(".".join((browser, *latest))).decode()


def _read(key: str, cookie: str | None) -> tuple[str, list[str]]:
    try:
        browser, *marks = _signer(key).unsign(cookie or "").decode().split(".")
    except (BadSignature, UnicodeError):
        return "", []
    return browser, marks


def _mark(key: str, browser: str, email: str) -> str:
    return hash_key(key, SALT, browser, email_key(email))[:MARK_CHARACTERS]


def _signer(key: str) -> Signer:
    return Signer(key, salt=SALT)
