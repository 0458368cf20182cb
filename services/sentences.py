"""The sentences that pages, commands and mails share; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from models import ReadingFailure
from services.providers.registry import ProviderProfile


@dataclass(frozen=True, slots=True)
class FailureWords:
    """What happened and what we did, with gaps for the provider's own words.

    `{stopped}`, `{after}` and `{amid}` tell how far a reading came.
    """

    happened: str
    did: str


NO_HALF_NUMBER = "Half a list would give you a wrong number, so we show none."

FAILURES: Mapping[ReadingFailure, FailureWords] = MappingProxyType(
    {
        ReadingFailure.RECONNECT_REQUIRED: FailureWords(
            "{provider} has ended our permission to read your {customers}.",
            "Reconnect to check again. Your links and ignored customers stay as they are.",
        ),
        ReadingFailure.SCOPE_MISSING: FailureWords(
            "The connection may no longer read {customers} in {provider}.",
            "Reconnect and allow it. Your links and ignored customers stay as they are.",
        ),
        ReadingFailure.ACCOUNT_GONE: FailureWords(
            "This {account} is no longer shared with us in {provider}.",
            "Reconnect and choose it again. Your links and ignored customers stay as they are.",
        ),
        ReadingFailure.RATE_LIMITED: FailureWords(
            "{provider} asked us to wait.",
            "It limits how often your {customers} may be read{stopped}. " + NO_HALF_NUMBER,
        ),
        ReadingFailure.DAILY_LIMIT: FailureWords(
            "The daily limit of {provider} is reached.",
            "It answers no more questions about this {account} today{stopped}. " + NO_HALF_NUMBER,
        ),
        ReadingFailure.UNAVAILABLE: FailureWords(
            "{provider} did not answer.",
            "We asked several times and stopped{after}. " + NO_HALF_NUMBER,
        ),
        ReadingFailure.UNSETTLED: FailureWords(
            "The list in {provider} kept changing while we read it.",
            "We read it three times and it never came out even, so this is not the whole number.",
        ),
        ReadingFailure.FIELD_LOST: FailureWords(
            "Many {customers} in {provider} suddenly came without {lost}.",
            "That is rarely true for more than a fifth of them, so we stopped and changed nothing.",
        ),
        ReadingFailure.OTHER_ACCOUNT: FailureWords(
            "{provider} answered with another {account}'s {customers}.",
            "We took nothing from it. Reconnect to make sure which {account} this is.",
        ),
        ReadingFailure.BUDGET_USED: FailureWords(
            "The daily check has used the calls of this month.",
            "It stopped before it had read everybody. Opening this line reads all the same.",
        ),
        ReadingFailure.UNREADABLE: FailureWords(
            "{provider} sent an answer that we cannot read.",
            "It was not a whole list, so we took nothing from it and show no number.",
        ),
        ReadingFailure.WRONG_CREDENTIALS: FailureWords(
            "{provider} did not accept BlueClerk itself.",
            "Your connection is not at fault. Whoever runs this BlueClerk has to check {settings}.",
        ),
        ReadingFailure.INTERRUPTED: FailureWords(
            "The reading was interrupted.",
            "BlueClerk was restarted {amid}. " + NO_HALF_NUMBER,
        ),
        ReadingFailure.BROKEN: FailureWords(
            "Something broke on our side while reading {provider}.",
            "We have a record of it, without your customers in it. " + NO_HALF_NUMBER,
        ),
    }
)


def failure_words(
    failure: ReadingFailure,
    *,
    profile: ProviderProfile,
    settings: str = "",
    lost: str = "a field",
    read_count: int = 0,
) -> FailureWords:
    """Return the words of a failure in those of its provider.

    `settings` names what whoever runs BlueClerk has to check, `lost` the field that vanished,
    `read_count` how many customers were read before it stopped.
    """
    many = profile.customers_noun
    read = f"{read_count:,} {many[:-1] if read_count == 1 else many}"
    names = {
        "provider": profile.short_name,
        "account": profile.account_noun,
        "customers": many,
        "settings": settings,
        "lost": lost,
        "stopped": f", so we stopped after {read}" if read_count else "",
        "after": f" after {read}" if read_count else "",
        "amid": f"after {read} were read" if read_count > 1 else "while it read",
    }
    words = FAILURES[failure]
    return FailureWords(words.happened.format(**names), words.did.format(**names))


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
    return f"{new:,} new in {provider_name} {since_day(looked_on, today)}"


def kept_sentence(linked: int, ignored: int, one: str, many: str) -> str:
    """Return what was decided with its verb, such as "3 links and 1 ignored customer stay".

    `one` and `many` are the verb's forms. Nothing where nothing was decided.
    """
    links = f"{linked:,} {'link' if linked == 1 else 'links'}" if linked else ""
    noun = "ignored customer" if ignored == 1 else "ignored customers"
    kept = [part for part in (links, f"{ignored:,} {noun}" if ignored else "") if part]
    verb = one if linked + ignored == 1 else many
    return f"{' and '.join(kept)} {verb}" if kept else ""


def since_day(day: date, today: date) -> str:
    """Return since when in words, such as "since Monday"."""
    age = (today - day).days
    if age <= 1:
        return "today" if age <= 0 else "since yesterday"
    if age < 7:
        return f"since {day:%A}"
    return f"since {day.day} {day:%B}" + ("" if day.year == today.year else f" {day.year}")
