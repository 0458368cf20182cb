"""Why a mailed link does nothing, or none is mailed.

LinkError         the link does nothing; the class says why, and of which purpose it was
├── BadLink       not written by us, or nobody knows any more what it was for
├── LinkUsed      it has done its work
├── LinkExpired   its time is over
└── LinkEnded     taken back, replaced by a later one, or what it was bound to has changed
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from models import LinkPurpose

DAY = timedelta(days=1)


class LinkError(Exception):
    pass


class BadLink(LinkError):
    pass


class LinkUsed(LinkError):
    pass


class LinkExpired(LinkError):
    pass


class LinkEnded(LinkError):
    pass


class InvitationUsed(LinkUsed):
    """Or whoever was invited signs in already."""


class InvitationExpired(LinkExpired):
    pass


class InvitationEnded(LinkEnded):
    pass


class ResetUsed(LinkUsed):
    pass


class ResetExpired(LinkExpired):
    pass


class ResetEnded(LinkEnded):
    pass


class ChangeUsed(LinkUsed):
    pass


class ChangeExpired(LinkExpired):
    pass


class ChangeEnded(LinkEnded):
    pass


@dataclass(frozen=True, slots=True)
class EndsOfLink:
    """What a link of one purpose raises when it is over."""

    used: type[LinkUsed]
    expired: type[LinkExpired]
    ended: type[LinkEnded]


ENDS: Mapping[LinkPurpose, EndsOfLink] = MappingProxyType(
    {
        LinkPurpose.INVITATION: EndsOfLink(InvitationUsed, InvitationExpired, InvitationEnded),
        LinkPurpose.PASSWORD_RESET: EndsOfLink(ResetUsed, ResetExpired, ResetEnded),
        LinkPurpose.EMAIL_CHANGE: EndsOfLink(ChangeUsed, ChangeExpired, ChangeEnded),
    }
)


class NotSignedInAsThem(LinkError):
    """A link that works for one user was opened by nobody or by somebody else."""


class UnknownInvitation(Exception):
    """The company has no open invitation of that id."""


class MailedAlready(Exception):
    """The address has been mailed enough for now; `again_at` is when the next one may go."""

    def __init__(self, again_at: datetime) -> None:
        super().__init__("A link went to this address lately.")
        self.again_at = again_at


class TooManyLinks(Exception):
    """So many links were mailed in a day that the next one has to wait."""

    retry_after_s = DAY.total_seconds()


class TooManyInvitations(TooManyLinks):
    pass


class TooManyChanges(TooManyLinks):
    pass


class TooManyAddresses(TooManyLinks):
    """So many were entered in a day by one user, for an invitation or as the own e-mail."""
