"""The sentences that pages, commands and mails share; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from models import ReadingFailure


@dataclass(frozen=True, slots=True)
class FailureWords:
    """What happened and what we did; `{provider}` and `{settings}` are filled in later."""

    happened: str
    did: str


NO_HALF_NUMBER = "Half a list would give you a wrong number, so we show none."

FAILURES: Mapping[ReadingFailure, FailureWords] = MappingProxyType(
    {
        ReadingFailure.RECONNECT_REQUIRED: FailureWords(
            "{provider} has ended our permission to read your customers.",
            "Reconnect to check again. Your links and ignored customers stay as they are.",
        ),
        ReadingFailure.SCOPE_MISSING: FailureWords(
            "The connection may no longer read customers in {provider}.",
            "Reconnect and allow it. Your links and ignored customers stay as they are.",
        ),
        ReadingFailure.ACCOUNT_GONE: FailureWords(
            "This company is no longer shared with us in {provider}.",
            "Reconnect and choose it again. Your links and ignored customers stay as they are.",
        ),
        ReadingFailure.RATE_LIMITED: FailureWords(
            "{provider} asked us to wait.",
            "It limits how often its customers may be read. " + NO_HALF_NUMBER,
        ),
        ReadingFailure.DAILY_LIMIT: FailureWords(
            "The daily limit of {provider} is reached.",
            "It answers no more questions about this company today. " + NO_HALF_NUMBER,
        ),
        ReadingFailure.UNAVAILABLE: FailureWords(
            "{provider} did not answer.",
            "We asked several times and stopped. " + NO_HALF_NUMBER,
        ),
        ReadingFailure.UNSETTLED: FailureWords(
            "The list in {provider} kept changing while we read it.",
            "We read it three times and it never came out even, so this is not the whole number.",
        ),
        ReadingFailure.FIELD_LOST: FailureWords(
            "Many customers in {provider} suddenly came without {lost}.",
            "That is rarely true for more than a fifth of them, so we stopped and changed nothing.",
        ),
        ReadingFailure.OTHER_ACCOUNT: FailureWords(
            "{provider} answered with another company's customers.",
            "We took nothing from it. Reconnect to make sure which company this is.",
        ),
        ReadingFailure.BUDGET_USED: FailureWords(
            "The daily check has used the calls of this month.",
            "It stopped before it had read everybody. Opening this line reads all the same.",
        ),
        ReadingFailure.UNREADABLE: FailureWords(
            "{provider} sent an answer that we cannot read.",
            "It was not a list of customers, so we took nothing from it and show no number.",
        ),
        ReadingFailure.WRONG_CREDENTIALS: FailureWords(
            "{provider} did not accept BlueClerk itself.",
            "Your connection is not at fault. Whoever runs this BlueClerk has to check {settings}.",
        ),
        ReadingFailure.INTERRUPTED: FailureWords(
            "The reading was interrupted.",
            "BlueClerk was restarted while it read. " + NO_HALF_NUMBER,
        ),
        ReadingFailure.BROKEN: FailureWords(
            "Something broke on our side while reading {provider}.",
            "We have a record of it, without your customers in it. " + NO_HALF_NUMBER,
        ),
    }
)


def failure_words(
    failure: ReadingFailure, *, provider: str, settings: str, lost: str = "a field"
) -> FailureWords:
    """Return the words of a failure with the names filled in; `lost` is the field that vanished."""
    words = FAILURES[failure]
    return FailureWords(
        words.happened.format(provider=provider, lost=lost),
        words.did.format(provider=provider, settings=settings),
    )


def unsynced_sentence(unsynced: int, counted: int, provider_name: str) -> str:
    """Return the sentence the product is about, with grouped numbers."""
    noun = "customer" if counted == 1 else "customers"
    verb = "is" if unsynced == 1 else "are"
    return (
        f"{unsynced:,} of {counted:,} {noun} in {provider_name} {verb} "
        "not yet imported into BlueClerk"
    )


def at_least_sentence(unsynced: int, provider_name: str) -> str:
    """Return what is certain when a list did not settle."""
    noun, verb = ("customer", "is") if unsynced == 1 else ("customers", "are")
    return f"At least {unsynced:,} {noun} in {provider_name} {verb} not yet imported into BlueClerk"


def unreadable_sentence(unreadable: int, provider_name: str) -> str:
    """Return how many rows of a whole reading had no id, so that nobody can be told apart."""
    noun, verb = ("entry", "is") if unreadable == 1 else ("entries", "are")
    return f"{unreadable:,} {noun} in {provider_name} could not be read and {verb} left out"


def new_sentence(new: int, provider_name: str, *, looked_on: date, today: date) -> str:
    """Return how many came since an admin last looked, such as "3 new in Xero since Monday"."""
    return f"{new:,} new in {provider_name} since {_since(looked_on, today)}"


def _since(day: date, today: date) -> str:
    age = (today - day).days
    if age <= 1:
        return "today" if age <= 0 else "yesterday"
    if age < 7:
        return f"{day:%A}"
    return f"{day.day} {day:%B}" if day.year == today.year else f"{day.day} {day:%B %Y}"
