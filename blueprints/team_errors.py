"""The rows of the table of errors that changing the team can end in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from blueprints.error_answers import ErrorAnswer, NextStep
from services import account_errors

TEAM_ANSWERS: Mapping[type[Exception], ErrorAnswer] = MappingProxyType(
    {
        account_errors.UnknownUser: ErrorAnswer(
            404,
            "There is no such person",
            "They may belong to another company. Nothing was changed.",
        ),
        account_errors.LastAdmin: ErrorAnswer(
            409,
            "The last admin cannot leave",
            "Without an admin nobody could invite, connect or import. Nothing was changed. Make "
            "somebody else an admin first.",
            NextStep.RELOAD,
        ),
        account_errors.NoLongerAdmin: ErrorAnswer(
            409,
            "You are not an admin any more",
            "Another admin has just changed that, so nothing was changed by you.",
        ),
    }
)
