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


class ColleagueDisabled(AlreadyTaken):
    """`public_id` is the user of the same company, who can be enabled again."""

    def __init__(self, public_id: str) -> None:
        super().__init__(
            "Whoever signs in with this address is disabled in your team. Nobody was invited."
        )
        self.public_id = public_id


class UnknownCompany(AccountError):
    pass


class UnknownUser(AccountError):
    pass


class LastAdmin(AccountError):
    pass


class NoLongerAdmin(AccountError):
    pass
