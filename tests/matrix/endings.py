"""What a person reads for each way a reading ends, written out so that a change shows here."""

from __future__ import annotations

from models import ReadingFailure

#: The connection waits for a person; a button leads to the consent, and nothing else would help.
ENDS_PERMISSION = frozenset(
    {
        ReadingFailure.RECONNECT_REQUIRED,
        ReadingFailure.SCOPE_MISSING,
        ReadingFailure.ACCOUNT_GONE,
    }
)
#: A person has to look which company is connected; the permission itself stands.
NEEDS_CONSENT = ENDS_PERMISSION | {ReadingFailure.OTHER_ACCOUNT}
#: Asking again before the time that the provider named would be refused again.
HAS_TO_WAIT = frozenset({ReadingFailure.RATE_LIMITED, ReadingFailure.DAILY_LIMIT})

SENTENCES = {
    ReadingFailure.RECONNECT_REQUIRED: "{name} has ended our permission to read your {customers}.",
    ReadingFailure.SCOPE_MISSING: "The connection may no longer read {customers} in {name}.",
    ReadingFailure.ACCOUNT_GONE: "This {account} is no longer shared with us in {name}.",
    ReadingFailure.RATE_LIMITED: "{name} asked us to wait.",
    ReadingFailure.DAILY_LIMIT: "The daily limit of {name} is reached.",
    ReadingFailure.UNAVAILABLE: "{name} did not answer.",
    ReadingFailure.UNSETTLED: "The list in {name} kept changing while we read it.",
    ReadingFailure.FIELD_LOST: (
        "Many {customers} in {name} suddenly came without an e-mail address."
    ),
    ReadingFailure.OTHER_ACCOUNT: "{name} answered with another {account}'s {customers}.",
    ReadingFailure.UNREADABLE: "{name} sent an answer that we cannot read.",
    ReadingFailure.WRONG_CREDENTIALS: "{name} did not accept BlueClerk itself.",
}
