"""What the e-mail field of a customer is worth."""

import re
from enum import StrEnum

_ADDRESS = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+")


class EmailKind(StrEnum):
    """Whether one can write to somebody."""

    ABSENT = "absent"
    UNUSABLE = "unusable"
    USABLE = "usable"


def email_kind(field: str | None, *, takes_several: bool = False) -> EmailKind:
    """Judge a field; where it takes several addresses, one that works is enough."""
    if not field:
        return EmailKind.ABSENT
    parts = re.split(r"[,;\s]+", field) if takes_several else [field]
    usable = any(_ADDRESS.fullmatch(part) for part in parts)
    return EmailKind.USABLE if usable else EmailKind.UNUSABLE
