"""The sentences that pages, commands and mails share; pure."""

from __future__ import annotations

from collections.abc import Mapping

from models import ReadingFailure

FAILURES: Mapping[ReadingFailure, str] = {
    ReadingFailure.RECONNECT_REQUIRED: "{provider} has ended our permission to read your "
    "customers. Nothing was lost. Reconnect to go on.",
    ReadingFailure.RATE_LIMITED: "{provider} asks us to wait before we read on. Half a list would "
    "give you a wrong number, so we show none.",
    ReadingFailure.UNAVAILABLE: "{provider} did not answer. Half a list would give you a wrong "
    "number, so we show none.",
    ReadingFailure.UNREADABLE: "{provider} sent an answer we cannot read. Half a list would give "
    "you a wrong number, so we show none.",
    ReadingFailure.WRONG_CREDENTIALS: "{provider} does not accept BlueClerk's own client id and "
    "secret. Whoever runs BlueClerk has to check the settings; your connection is untouched.",
    ReadingFailure.INTERRUPTED: "The reading was interrupted before its end. Half a list would "
    "give you a wrong number, so we show none.",
    ReadingFailure.BROKEN: "Something broke on our side while reading. Half a list would give you "
    "a wrong number, so we show none.",
}


def unsynced_sentence(unsynced: int, counted: int, provider_name: str) -> str:
    """Return the sentence the product is about, with grouped numbers."""
    noun = "customer" if counted == 1 else "customers"
    verb = "is" if unsynced == 1 else "are"
    return (
        f"{unsynced:,} of {counted:,} {noun} in {provider_name} {verb} "
        "not yet imported into BlueClerk"
    )


def failure_sentence(failure: ReadingFailure, provider_name: str) -> str:
    """Say why a reading has no number, what that means, and what helps."""
    return FAILURES[failure].format(provider=provider_name)
