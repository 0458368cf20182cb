"""What cannot be done to companies and users; the messages are for people."""

from __future__ import annotations


class AccountError(ValueError):
    """Something about a company or a user cannot be; the message is for people."""


class UnknownZone(AccountError):
    pass


class BadSlug(AccountError):
    pass


class BadEmail(AccountError):
    pass


class BadName(AccountError):
    pass


class WeakPassword(AccountError):
    pass


class AlreadyTaken(AccountError):
    pass


class UnknownCompany(AccountError):
    pass


class UnknownUser(AccountError):
    pass


class LastAdmin(AccountError):
    pass


class NoLongerAdmin(AccountError):
    pass
