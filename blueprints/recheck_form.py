"""The form of the daily check, as it is stored or as somebody has filled it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from services.connection_views import ConnectionView
from services.rechecks import BUDGET_LEAST, BUDGET_MOST

MOST_DIGITS = 9
NO_NUMBER = -1


@dataclass(frozen=True, slots=True)
class RecheckForm:
    """What the fields hold, whether it can be stored or not; `error` is told at the budget."""

    is_on: bool
    reports_new: bool
    call_budget: str
    error: str = ""
    least: int = BUDGET_LEAST
    most: int = BUDGET_MOST

    @classmethod
    def of(cls, connection: ConnectionView) -> Self:
        """Return the form as it is stored."""
        return cls(
            is_on=connection.rechecks_daily,
            reports_new=connection.reports_new,
            call_budget=str(connection.recheck_call_budget),
        )

    @classmethod
    def entered(cls, form: Mapping[str, str]) -> Self:
        """Return the form as it was sent."""
        return cls(
            is_on="on" in form,
            reports_new="reports" in form,
            call_budget=form.get("calls", "").strip()[: MOST_DIGITS + 1],
        )

    @property
    def budget(self) -> int:
        """The number that was written, one that no month may have where it is none."""
        is_number = self.call_budget.isdecimal() and len(self.call_budget) <= MOST_DIGITS
        return int(self.call_budget) if is_number else NO_NUMBER
