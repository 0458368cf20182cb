"""Every mail that a mailer of the suite takes, held against the canaries and other companies."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

from services.mail import MessageRefused, ServerAnswer, check_envelope
from services.smtp import SmtpMailer
from tests.canaries import find_secret
from tests.fakes import Outbox
from tests.owned_texts import owners_named

_PLACEHOLDER = re.compile(r"@placeholder\.local(?![\w.-]*\w)", re.IGNORECASE)
_ONE_TIME_LINK = re.compile(r"/(invitation|password|email|confirm)/[\w.~-]{16,}")


def watch(leaks: list[str]) -> None:
    """Look at every mail from now on; what leaks is put into the list."""
    for mailer in (Outbox, SmtpMailer):
        mailer.send = _watched(mailer.send, leaks)  # type: ignore[method-assign]


def _watched(send: Callable[..., ServerAnswer], leaks: list[str]) -> Callable[..., ServerAnswer]:
    def send_watched(mailer: Any, message: EmailMessage, **kwargs: Any) -> ServerAnswer:
        try:
            _, recipient = check_envelope(message)
        except MessageRefused:
            pass  # it never leaves
        else:
            found = find_leak(message, recipient=recipient)
            if found:
                leaks.append(f"{found} in a mail")
        return send(mailer, message, **kwargs)

    return send_watched


def find_leak(message: EmailMessage, *, recipient: str) -> str | None:
    """Return what a mail holds that its recipient must not read."""
    text = text_of_mail(message).replace(recipient, "")
    found = find_secret(text) or _PLACEHOLDER.search(text)
    if found:
        return repr(found if isinstance(found, str) else found[0])
    if len(set(_ONE_TIME_LINK.findall(text))) > 1:
        return "links for more than one purpose"
    owners = owners_named(text)
    return f"texts of companies {sorted(owners)}" if len(owners) > 1 else None


def text_of_mail(message: EmailMessage) -> str:
    """Return the headers but the addressee, and all parts as they are read."""
    headers = [str(value) for name, value in message.items() if name != "To"]
    parts = [part.get_content() for part in message.walk() if not part.is_multipart()]
    return "\n".join([*headers, *map(str, parts)])
