"""The rows of the table of errors for mailed links, each with how to get another."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from blueprints.error_answers import ErrorAnswer, NextStep
from services import link_errors

_INVITE_AGAIN = "Ask whoever invited you to send another one. Nothing was changed."

LINK_ANSWERS: Mapping[type[Exception], ErrorAnswer] = MappingProxyType(
    {
        link_errors.BadLink: ErrorAnswer(
            404,
            "This link leads nowhere",
            "It is not complete, or what it was for is gone. Open the link of the mail as a whole.",
        ),
        link_errors.LinkError: ErrorAnswer(
            410, "This link has ended", "Nothing was changed. Ask for a new one."
        ),
        link_errors.NotSignedInAsThem: ErrorAnswer(
            409,
            "This link is for somebody else",
            "Sign in as whoever asked for it, and open the link again. Nothing was changed.",
        ),
        link_errors.InvitationUsed: ErrorAnswer(
            410,
            "This invitation was used",
            "Whoever it was for has a password by now and can sign in. Nothing was changed.",
            NextStep.SIGN_IN,
        ),
        link_errors.InvitationExpired: ErrorAnswer(
            410, "This invitation has ended", f"It counts for seven days. {_INVITE_AGAIN}"
        ),
        link_errors.InvitationEnded: ErrorAnswer(
            410,
            "This invitation counts no more",
            f"It was withdrawn, or a newer mail took its place. {_INVITE_AGAIN}",
        ),
        link_errors.ResetUsed: ErrorAnswer(
            410,
            "This link was used",
            "It sets a password once. If you did not do that yourself, ask for a new one now.",
            NextStep.NEW_PASSWORD,
        ),
        link_errors.ResetExpired: ErrorAnswer(
            410,
            "This link has ended",
            "It counts for one hour. Your password is as it was.",
            NextStep.NEW_PASSWORD,
        ),
        link_errors.ResetEnded: ErrorAnswer(
            410,
            "This link counts no more",
            "A newer mail took its place, or the password was changed since, or the user was "
            "disabled. Nothing was changed. Open the newest mail, or ask for another one.",
            NextStep.NEW_PASSWORD,
        ),
        link_errors.ChangeUsed: ErrorAnswer(
            410, "This link was used", "It changes an e-mail once. Nothing was changed now."
        ),
        link_errors.ChangeExpired: ErrorAnswer(
            410,
            "This link has ended",
            "It counts for one day, and your e-mail is as it was. Sign in and ask for the change "
            "again.",
        ),
        link_errors.ChangeEnded: ErrorAnswer(
            410,
            "This link counts no more",
            "A newer mail took its place, or the password was changed since, or the user was "
            "disabled. Your e-mail is as it was. Sign in and ask for the change again.",
        ),
        link_errors.UnknownInvitation: ErrorAnswer(
            404,
            "There is no such invitation",
            "It was accepted or withdrawn, or a newer one took its place. Nothing was changed.",
            NextStep.RELOAD,
        ),
        link_errors.MailedAlready: ErrorAnswer(
            409,
            "A mail went there a moment ago",
            "Nothing was sent: an address gets one an hour, and three a day from one company.",
            NextStep.RELOAD,
        ),
        link_errors.TooManyLinks: ErrorAnswer(
            429, "That was often", "Nothing was sent. Try again tomorrow.", NextStep.RELOAD
        ),
        link_errors.TooManyInvitations: ErrorAnswer(
            429,
            "Those were many invitations",
            "A company can send 20 a day. Nothing was sent. Try again tomorrow.",
            NextStep.RELOAD,
        ),
        link_errors.TooManyChanges: ErrorAnswer(
            429,
            "That was often",
            "Another e-mail can be asked for five times a day. Nothing was sent. Try tomorrow.",
            NextStep.RELOAD,
        ),
        link_errors.TooManyAddresses: ErrorAnswer(
            429,
            "Those were many addresses",
            "You can enter 20 a day, to invite somebody or as your own e-mail. Nothing was sent. "
            "Try again tomorrow.",
            NextStep.RELOAD,
        ),
    }
)
