"""How often and how many at a time a provider lets one app ask about one account."""

from dataclasses import astuple, dataclass
from enum import StrEnum


class LimitKind(StrEnum):
    """Which limit a refused call ran into."""

    CONCURRENT = "concurrent"
    MINUTE = "minute"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a provider allows per account; None is no limit of that kind."""

    concurrent: int | None = None
    per_minute: int | None = None
    per_day: int | None = None

    def changed_by(self, other: "Limits") -> "Limits":
        """Return these limits, with what the other ones set."""
        mine, theirs = astuple(self), astuple(other)
        return Limits(
            *(new if new is not None else old for old, new in zip(mine, theirs, strict=True))
        )

    def as_json(self) -> dict[str, object]:
        """Describe them for the control room."""
        return {"concurrent": self.concurrent, "minute": self.per_minute, "day": self.per_day}


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left after a call, as the headers of Xero tell it."""

    minute: int | None
    day: int | None
