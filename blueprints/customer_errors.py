"""The rows of the table of errors that customers and their links can end in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from blueprints.error_answers import ErrorAnswer, NextStep
from services import customers, take_theirs, unlinking, worklist

CUSTOMER_ANSWERS: Mapping[type[Exception], ErrorAnswer] = MappingProxyType(
    {
        customers.UnknownCustomer: ErrorAnswer(
            404,
            "There is no such customer",
            "It may have been removed, or it belongs to another company.",
        ),
        customers.BadDetails: ErrorAnswer(
            422, "That cannot be a customer", "Nothing was changed.", NextStep.RELOAD
        ),
        unlinking.UnknownLink: ErrorAnswer(
            404,
            "They are not linked",
            "The link may have ended since you looked. Nothing was changed.",
            NextStep.RELOAD,
        ),
        take_theirs.ValuesChanged: ErrorAnswer(
            409,
            "Changed meanwhile",
            "One of the two was changed after you looked, so nothing was taken over. This is how "
            "it stands now.",
            NextStep.RELOAD,
        ),
        take_theirs.NothingToTake: ErrorAnswer(
            422,
            "There is nothing to take over",
            "The accounting software has no usable value for it. Nothing was changed.",
            NextStep.RELOAD,
        ),
        worklist.EmailThere: ErrorAnswer(
            409,
            "It has an e-mail by now",
            "Somebody was faster, so nothing was changed. This is how it stands now.",
            NextStep.RELOAD,
        ),
    }
)
