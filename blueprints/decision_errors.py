"""The rows of the table of errors that decisions about unsynced customers can end in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from blueprints.error_answers import ErrorAnswer, NextStep
from services import decisions, review_choices

DECISION_ANSWERS: Mapping[type[Exception], ErrorAnswer] = MappingProxyType(
    {
        decisions.NothingSelected: ErrorAnswer(
            422,
            "No customer was named",
            "Choose at least one. Nothing was changed.",
            NextStep.RELOAD,
        ),
        decisions.UnknownRemoteCustomer: ErrorAnswer(
            404,
            "There is no such customer",
            "The list may have changed since you looked. Nothing was changed.",
            NextStep.RELOAD,
        ),
        decisions.AlreadyDecided: ErrorAnswer(
            409,
            "Already decided",
            "Somebody was faster, so nothing was changed. This is how it stands now.",
            NextStep.RELOAD,
        ),
        decisions.ListChanged: ErrorAnswer(
            409,
            "The list has changed",
            "It is not the one any more that you looked at: a newer reading came in, or somebody "
            "decided meanwhile. Nothing was changed. This is how it stands now.",
            NextStep.RELOAD,
        ),
        decisions.RowsChanged: ErrorAnswer(
            409,
            "Changed meanwhile",
            "Here or in {provider} they are not what you saw any more, so nothing was decided. "
            "Look at them again.",
            NextStep.RELOAD,
        ),
        decisions.ReasonTooLong: ErrorAnswer(
            422,
            "That reason is too long",
            "At most 200 characters are kept. Nothing was changed.",
            NextStep.RELOAD,
        ),
        review_choices.NotACandidate: ErrorAnswer(
            409,
            "There is nobody to link to",
            "Nobody here looks like them, or one of them has changed since you looked. Nothing was "
            "decided.",
            NextStep.RELOAD,
        ),
        review_choices.CustomerGone: ErrorAnswer(
            409,
            "The customer to link to is not here any more",
            "It was removed since you looked, so nothing was decided. Look at it again.",
            NextStep.RELOAD,
        ),
    }
)
