"""The rows of the table of errors that work on one customer can end in."""

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
            "It may have been removed or erased, or it belongs to another company.",
        ),
        customers.BadDetails: ErrorAnswer(
            422, "That cannot be a customer", "Nothing was changed.", NextStep.RELOAD
        ),
        unlinking.UnknownLink: ErrorAnswer(
            404,
            "There is no such link",
            "It may have ended since you looked, or it belongs to another company. "
            "Nothing was changed.",
        ),
        take_theirs.ValuesChanged: ErrorAnswer(
            409,
            "Changed meanwhile",
            "Here or in the accounting software the customer is not what you saw any more, so "
            "nothing was taken over. Look at it again.",
            NextStep.RELOAD,
        ),
        take_theirs.NothingToTake: ErrorAnswer(
            422,
            "There is nothing to take over",
            "The accounting software has no usable value there. Nothing was changed.",
            NextStep.RELOAD,
        ),
        worklist.EmailThere: ErrorAnswer(
            409,
            "There is an e-mail by now",
            "Somebody was faster, or the accounting software has gained one. Nothing was changed.",
            NextStep.RELOAD,
        ),
    }
)
