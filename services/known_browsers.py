"""Browsers that signed in to an account before, told by a signed cookie of their own.

Wrong tries of such a browser are counted apart, so that nobody elsewhere can lock it out
(OWASP, "Device Cookies", read 2026-11-23). The cookie lets nobody in, and names no account: each is
a keyed hash, which counts for this one browser only, and for the password of that day. Whoever
copied the cookie is rid of it with a new password, and tries made with the copy do not count on.
"""

from __future__ import annotations

from datetime import timedelta

from itsdangerous import BadSignature, Signer
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import User
from models.base import new_public_id
from services.email_addresses import email_key
from services.throttle import hash_key

REMEMBERED_FOR = timedelta(days=365)
SALT = "blueclerk.known-browser"
#: So many accounts of one browser are known, the latest ones.
MOST_ACCOUNTS = 5
MARK_CHARACTERS = 32


def known_browser(session: Session, *, key: str, cookie: str | None, email: str) -> str | None:
    """Return what stands for the browser on this account if it signed in there, else None.

    The same statement for an address of nobody. Reads only.
    """
    password_hash = _password_hash(session, email)
    browser, marks = _read(key, cookie)
    mark = _mark(key, browser, email, password_hash)
    return mark if browser and password_hash and mark in marks else None


def remember_browser(session: Session, *, key: str, cookie: str | None, email: str) -> str:
    """Return the cookie by which the browser is known to the account until a new password.

    Reads only.
    """
    browser, marks = _read(key, cookie)
    browser = browser or new_public_id()
    mark = _mark(key, browser, email, _password_hash(session, email))
    latest = [mark, *(former for former in marks if former != mark)][:MOST_ACCOUNTS]
    return _signer(key).sign(".".join((browser, *latest))).decode()


def _password_hash(session: Session, email: str) -> str:
    """Return the present one, or nothing for an address of nobody."""
    query = select(User.password_hash).where(User.email == email_key(email))
    return session.scalar(query) or ""


def _read(key: str, cookie: str | None) -> tuple[str, list[str]]:
    try:
        browser, *marks = _signer(key).unsign(cookie or "").decode().split(".")
    except (BadSignature, UnicodeError):
        return "", []
    return browser, marks


def _mark(key: str, browser: str, email: str, password_hash: str) -> str:
    return hash_key(key, SALT, browser, email_key(email), password_hash)[:MARK_CHARACTERS]


def _signer(key: str) -> Signer:
    return Signer(key, salt=SALT)
