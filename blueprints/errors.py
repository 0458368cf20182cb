"""The table from error to status, sentence and next step."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from blueprints.cross_site import SentFromElsewhere
from blueprints.customer_errors import CUSTOMER_ANSWERS
from blueprints.decision_errors import DECISION_ANSWERS
from blueprints.error_answers import ErrorAnswer as ErrorAnswer
from blueprints.error_answers import NextStep as NextStep
from blueprints.import_errors import IMPORT_ANSWERS
from blueprints.link_errors import LINK_ANSWERS
from blueprints.report_errors import REPORT_ANSWERS
from blueprints.sign_in_errors import SIGN_IN_ANSWERS
from blueprints.team_errors import TEAM_ANSWERS
from services import (
    account_choice,
    account_errors,
    alert,
    connections,
    consent,
    email_addresses,
    joining,
    rechecks,
    token_vault,
)
from services.providers import contract, registry

RETRY_AFTER_S = 30
BUSY_RETRY_AFTER_S = 5

ANSWERS: Mapping[type[Exception], ErrorAnswer] = MappingProxyType(
    {
        account_errors.AccountError: ErrorAnswer(
            422, "That cannot be", "Something in the form is not possible. Nothing was changed."
        ),
        SentFromElsewhere: ErrorAnswer(
            403,
            "This came from another site",
            "Forms count only when they are sent from BlueClerk's own pages. Nothing was changed. "
            "Open the page here and try again.",
        ),
        email_addresses.UnusableAddress: ErrorAnswer(
            422, "That address cannot be used", "Mail could not reach it. Nothing was changed."
        ),
        alert.UnknownReading: ErrorAnswer(
            404,
            "There is no such reading",
            "It may belong to another company, or to a connection that has ended.",
            NextStep.CONNECTION,
        ),
        connections.NotConnected: ErrorAnswer(
            409,
            "{provider} is not connected",
            "There is no connection, so nothing was read and nothing was changed.",
            NextStep.CONNECTION,
        ),
        consent.ConsentInvalid: ErrorAnswer(
            400,
            "We did not expect this answer from {provider}",
            "It came too late, from another browser, or not from {provider} at all. "
            "Nothing was changed. Start again from here.",
            NextStep.START_AGAIN,
        ),
        consent.ConsentUsed: ErrorAnswer(
            400,
            "This answer from {provider} was used already",
            "It counts only once, and the connection is not there. Start again from here.",
            NextStep.START_AGAIN,
        ),
        consent.ConsentRefused: ErrorAnswer(
            409,
            "{provider} was not connected",
            "The permission was declined there. Nothing was changed.",
            NextStep.CONNECTION,
        ),
        consent.NothingShared: ErrorAnswer(
            409,
            "You shared no {account} with BlueClerk",
            "{provider} says that the permission covers none, so nothing was changed. Start again "
            "from here and choose the {account} there.",
            NextStep.START_AGAIN,
        ),
        account_choice.ChoiceError: ErrorAnswer(
            409,
            "This choice is over",
            "It counts once and for ten minutes. Nothing was changed. Start again from here.",
            NextStep.START_AGAIN,
        ),
        account_choice.ChoiceUnknown: ErrorAnswer(
            404,
            "There is no such choice",
            "It may belong to another browser or to somebody else. Start again from here.",
            NextStep.START_AGAIN,
        ),
        account_choice.NotOffered: ErrorAnswer(
            422, "Choose one of them", "Nothing was changed.", NextStep.RELOAD
        ),
        consent.OtherAccount: ErrorAnswer(
            409,
            "You chose another {account} in {provider}",
            "Nothing was changed.",
            NextStep.START_AGAIN,
        ),
        **IMPORT_ANSWERS,
        **DECISION_ANSWERS,
        **CUSTOMER_ANSWERS,
        **REPORT_ANSWERS,
        **TEAM_ANSWERS,
        **SIGN_IN_ANSWERS,
        **LINK_ANSWERS,
        contract.ProviderError: ErrorAnswer(
            503,
            "{provider} did not answer",
            "Nothing was changed. Try again in a moment.",
            NextStep.START_AGAIN,
        ),
        contract.ReconnectRequired: ErrorAnswer(
            409,
            "{provider} did not accept the permission",
            "It may have ended in the meantime, or it does not cover customers. "
            "Nothing was changed. Start again from here.",
            NextStep.RECONNECT,
        ),
        contract.RateLimited: ErrorAnswer(
            503,
            "{provider} asked us to wait",
            "It limits how often it may be asked. Nothing was changed. Try again in a moment.",
            NextStep.START_AGAIN,
        ),
        contract.UnreadableAnswer: ErrorAnswer(
            503,
            "{provider} sent an answer that we cannot read",
            "We took nothing from it, and nothing was changed. Try again in a moment.",
            NextStep.START_AGAIN,
        ),
        contract.WrongCredentials: ErrorAnswer(
            503,
            "{provider} did not accept BlueClerk itself",
            "This is a setting of whoever runs this BlueClerk: the client id or the client secret "
            "is not the one that {provider} knows. Nothing was changed.",
            NextStep.CONNECTION,
        ),
        registry.InvalidRemoteAccount: ErrorAnswer(
            400,
            "There is no such {account} in {provider}",
            "Nothing was changed. Start again from here.",
            NextStep.START_AGAIN,
        ),
        joining.UnknownJoinPage: ErrorAnswer(
            404, "Nobody is here", "No company has a page at this address. Check the spelling."
        ),
        joining.TooManySignups: ErrorAnswer(
            429,
            "That was often",
            "Somebody signed up from your network many times within the hour. Nothing was stored. "
            "Try again later, or call the company.",
        ),
        rechecks.BadCallBudget: ErrorAnswer(
            422, "That cannot be a number of calls", "Nothing was changed.", NextStep.RELOAD
        ),
        token_vault.UndecryptableToken: ErrorAnswer(
            409,
            "The stored permission cannot be read",
            "The keys of this BlueClerk have changed since. Start again from here; your links stay "
            "as they are.",
            NextStep.RECONNECT,
        ),
    }
)

HTTP_ANSWERS: Mapping[int, ErrorAnswer] = MappingProxyType(
    {
        400: ErrorAnswer(
            400, "This request was not complete", "Nothing was changed.", NextStep.RELOAD
        ),
        403: ErrorAnswer(403, "Only admins can open this", "Ask an admin of your company."),
        404: ErrorAnswer(
            404,
            "There is nothing at this address",
            "It may have been removed, or it belongs to another company.",
        ),
        405: ErrorAnswer(
            405, "That cannot be done here", "The address is right, the way it was called is not."
        ),
        413: ErrorAnswer(
            413, "That is too much at once", "Nothing was changed. Choose fewer.", NextStep.RELOAD
        ),
    }
)

BUSY = ErrorAnswer(
    503,
    "That did not work just now",
    "BlueClerk is busy writing. Nothing was changed. Try again in a moment.",
    NextStep.RELOAD,
)

AWAY = ErrorAnswer(
    503,
    "BlueClerk lost its database for a moment",
    "Nothing is half done: a change was stored as a whole or not at all. Look whether it is there "
    "before you send it again.",
    NextStep.RELOAD,
)

TOO_OLD = ErrorAnswer(
    400,
    "This page was too old",
    "It was opened before you last signed in, or a long time ago. Nothing was changed. "
    "Reload it and try again.",
    NextStep.RELOAD,
)
