"""The rows of the table of errors that the daily report can end in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from blueprints.error_answers import ErrorAnswer, NextStep
from services import (
    mail,
    recipient_confirmation,
    report_resend,
    report_sending,
    report_settings,
    unsubscription,
)

REPORT_ANSWERS: Mapping[type[Exception], ErrorAnswer] = MappingProxyType(
    {
        report_settings.ReportSettingsError: ErrorAnswer(
            422, "The report cannot be set up like that", "Nothing was changed.", NextStep.RELOAD
        ),
        report_sending.SendingError: ErrorAnswer(
            409, "The report cannot be sent now", "Nothing was sent.", NextStep.RELOAD
        ),
        report_resend.UnknownDay: ErrorAnswer(
            404,
            "Nothing was mailed about that day",
            "There is no delivery that could be sent again. Nothing was sent.",
        ),
        report_resend.NothingToSend: ErrorAnswer(
            409,
            "There is nobody to send it to",
            "Whoever is on the list has it, or gets no mail at all. Nothing was sent.",
            NextStep.RELOAD,
        ),
        recipient_confirmation.UnknownRecipient: ErrorAnswer(
            404,
            "Nobody waits for this question",
            "The recipient has answered, or is not on the list any more. Nothing was sent.",
            NextStep.RELOAD,
        ),
        recipient_confirmation.AskedAlready: ErrorAnswer(
            409,
            "They were asked a moment ago",
            "The same address is asked at most once an hour. Nothing was sent.",
            NextStep.RELOAD,
        ),
        recipient_confirmation.BadConfirmationLink: ErrorAnswer(
            404,
            "This link confirms nothing",
            "It is not complete, or nobody waits for its answer any more. Nothing was changed.",
        ),
        recipient_confirmation.ConfirmationExpired: ErrorAnswer(
            410,
            "This link has ended",
            "It counts for seven days. Ask whoever wanted you to get the report to send it again. "
            "Nothing was changed.",
        ),
        unsubscription.BadUnsubscribeLink: ErrorAnswer(
            404,
            "This link does not unsubscribe anybody",
            "It is not complete, or whoever it was for gets no report any more.",
        ),
        mail.MailError: ErrorAnswer(
            503,
            "The mail did not go out as it should",
            "Whoever runs this BlueClerk finds the reason in its log.",
            NextStep.RELOAD,
        ),
    }
)
