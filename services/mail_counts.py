"""What became of an attempt at a mail, as one word to count."""

from __future__ import annotations

from services.mail import (
    BrokenOff,
    MailError,
    MessageRefused,
    ServerAnswer,
    ServerTrouble,
    UncertainOutcome,
    WrongMailPassword,
)
from services.metrics import count_mail

#: The first class that an error belongs to decides, so the narrower ones come first.
_WORDS: tuple[tuple[type[MailError], str], ...] = (
    (MessageRefused, "refused"),
    (UncertainOutcome, "uncertain"),
    (BrokenOff, "broken_off"),
    (WrongMailPassword, "wrong_password"),
    (ServerTrouble, "server_trouble"),
)


def count_attempt(kind: str, outcome: ServerAnswer | MailError | None) -> None:
    """Count a mail by the server's yes, by what went wrong, or with None as not wanted any more."""
    if outcome is None:
        count_mail(kind, outcome="not_wanted")
    elif isinstance(outcome, MailError):
        word = next((word for known, word in _WORDS if isinstance(outcome, known)), "later")
        count_mail(kind, outcome=word)
    else:
        count_mail(kind, outcome="sent")
