"""Links that are mailed and allow one thing, once: made, found by their token, used, ended.

The token is the row's public id, signed with a key that no database holds, under a salt of its
own for each purpose. What belongs to a user is bound to the password as well: whoever changes
it, by whatever way, ends every link from before.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from itsdangerous import BadSignature, Signer
from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session, joinedload

from models import LinkPurpose, OneTimeLink, User
from services.link_errors import DAY, ENDS, BadLink, MailedAlready
from services.throttle import hash_key

LINK_JOB = "send_link"
SALT = "blueclerk.link."
MAILED_EVERY = timedelta(hours=1)
#: Fewer by one company than by all, so that none keeps an address from the others.
MAILED_BY_COMPANY, MAILED_BY_ALL = 3, 10
PUBLIC_ID_CHARACTERS = BOUND_CHARACTERS = 16
LIFETIMES: Mapping[LinkPurpose, timedelta] = MappingProxyType(
    {
        LinkPurpose.INVITATION: timedelta(days=7),
        LinkPurpose.PASSWORD_RESET: timedelta(hours=1),
        LinkPurpose.EMAIL_CHANGE: DAY,
        # A notice allows nothing; after that long it would only puzzle.
        LinkPurpose.PASSWORD_NOTICE: DAY,
        LinkPurpose.EMAIL_ASKED_NOTICE: DAY,
        LinkPurpose.EMAIL_CHANGED_NOTICE: DAY,
    }
)


def link_token(link_key: str, link: OneTimeLink) -> str:
    """Return the last part of the address in the mail. May load the link's user."""
    text = link.public_id + _bound_to(link_key, link.user)
    return _signer(link_key, link.purpose).sign(text).decode()


def find_link(
    session: Session, token: str, *, purpose: LinkPurpose, link_key: str, now: datetime
) -> OneTimeLink:
    """Return an open link with its company and user loaded. Changes nothing.

    Raises BadLink, or the class of ENDS that says how it ended.
    """
    link, is_bound = _load(session, token, purpose=purpose, link_key=link_key)
    _check_open(link, is_bound=is_bound, now=now)
    return link


def find_used(session: Session, token: str, *, purpose: LinkPurpose, link_key: str) -> OneTimeLink:
    """Return a link whatever has become of it, to tell what it did. Raises BadLink."""
    link, _is_bound = _load(session, token, purpose=purpose, link_key=link_key)
    return link


def use_link(session: Session, link: OneTimeLink, *, now: datetime) -> None:
    """Spend the link in the caller's transaction: of two at once, one gets here.

    Raises the class of ENDS that says what was quicker.
    """
    spent = session.scalar(
        update(OneTimeLink)
        .where(OneTimeLink.id == link.id, is_open(now))
        .values(used_at=now, next_attempt_at=None)
        .returning(OneTimeLink.id)
    )
    if spent is None:
        session.rollback()
        session.refresh(link)
        ends = ENDS[link.purpose]
        raise ends.ended if link.used_at is None else ends.used


def add_link(
    session: Session,
    *,
    company_id: int,
    purpose: LinkPurpose,
    email: str,
    now: datetime,
    user_id: int | None = None,
    **values: object,
) -> OneTimeLink:
    """Add a link, or a notice, whose mail is due now, to the caller's transaction."""
    link = OneTimeLink(
        company_id=company_id,
        purpose=purpose,
        user_id=user_id,
        email=email,
        created_at=now,
        expires_at=now + LIFETIMES[purpose],
        next_attempt_at=now,
        **values,
    )
    session.add(link)
    session.flush()
    return link


def end_links(session: Session, *conditions: ColumnElement[bool], now: datetime) -> int:
    """Let open links do nothing any more, in the caller's transaction; notices still go out.

    Returns how many there were: of two who end or use one at once, one counts it.
    """
    ended = session.scalars(
        update(OneTimeLink)
        .where(
            OneTimeLink.purpose.in_(ENDS),
            OneTimeLink.used_at.is_(None),
            OneTimeLink.ended_at.is_(None),
            *conditions,
        )
        .values(ended_at=now, next_attempt_at=None)
        .returning(OneTimeLink.id)
    )
    return len(ended.all())


def end_links_of(session: Session, user_id: int, *, now: datetime) -> None:
    """End the resets and changes of e-mail of a user, in the caller's transaction."""
    end_links(session, OneTimeLink.user_id == user_id, now=now)


def refuse_repeat(
    session: Session, *, company_id: int, purpose: LinkPurpose, email: str, now: datetime
) -> None:
    """Raise MailedAlready where the address has to wait for another such link of the company."""
    waits = when_mailable(session, company_id=company_id, purpose=purpose, emails={email}, now=now)
    if email in waits:
        session.rollback()
        raise MailedAlready(waits[email])


def when_mailable(
    session: Session,
    *,
    company_id: int,
    purpose: LinkPurpose,
    emails: Collection[str],
    now: datetime,
) -> Mapping[str, datetime]:
    """Return until when each of the addresses waits for another such link; most do not.

    An hour after one that still counts, whoever had it sent, and a day after as many mails as an
    address gets: what is withdrawn frees its address, but sends nobody a mail a minute.
    """
    query = (
        select(OneTimeLink)
        .where(
            OneTimeLink.purpose == purpose,
            OneTimeLink.email.in_(emails),
            OneTimeLink.created_at > now - DAY,
        )
        .order_by(OneTimeLink.created_at)
        .execution_options(populate_existing=True)
    )
    made: defaultdict[str, list[OneTimeLink]] = defaultdict(list)
    for link in session.scalars(query):
        made[link.email].append(link)
    waits = {email: _free_at(links, company_id=company_id) for email, links in made.items()}
    return {email: free_at for email, free_at in waits.items() if free_at > now}


def is_open(now: datetime) -> ColumnElement[bool]:
    """Say of a row whether it was neither used nor ended, and its time is not over."""
    return and_(
        OneTimeLink.used_at.is_(None),
        OneTimeLink.ended_at.is_(None),
        OneTimeLink.expires_at > now,
    )


def _free_at(links: Sequence[OneTimeLink], *, company_id: int) -> datetime:
    """Return from when a company may mail an address that got these, oldest first, in a day."""
    # Whatever was ever in the hands of a mail server may have reached somebody.
    mailed = [link for link in links if link.attempts or link.next_attempt_at]
    of_company = [link for link in mailed if link.company_id == company_id]
    counted = ((of_company, MAILED_BY_COMPANY), (mailed, MAILED_BY_ALL))
    waits = [link.created_at + MAILED_EVERY for link in links if link.ended_at is None]
    waits += [some[-most].created_at + DAY for some, most in counted if len(some) >= most]
    return max(waits, default=links[0].created_at)


def _load(
    session: Session, token: str, *, purpose: LinkPurpose, link_key: str
) -> tuple[OneTimeLink, bool]:
    """Return the link, and whether what it is bound to is as it was."""
    try:
        text = _signer(link_key, purpose).unsign(token.encode("utf-8", "replace")).decode()
    except (BadSignature, ValueError) as error:
        raise BadLink from error
    public_id, bound_to = text[:PUBLIC_ID_CHARACTERS], text[PUBLIC_ID_CHARACTERS:]
    link = session.scalar(
        select(OneTimeLink)
        .where(OneTimeLink.public_id == public_id, OneTimeLink.purpose == purpose)
        .options(joinedload(OneTimeLink.company), joinedload(OneTimeLink.user))
        .execution_options(populate_existing=True)
    )
    if link is None:
        raise BadLink
    return link, bound_to == _bound_to(link_key, link.user)


def _check_open(link: OneTimeLink, *, is_bound: bool, now: datetime) -> None:
    ends = ENDS[link.purpose]
    if link.used_at is not None:
        raise ends.used
    if link.ended_at is not None or not is_bound or (link.user and link.user.is_disabled):
        raise ends.ended
    if now >= link.expires_at:
        raise ends.expired


def _bound_to(link_key: str, user: User | None) -> str:
    """Stand for the user's present password, which no mail and no address may tell."""
    if user is None:
        return ""
    return hash_key(link_key, "one-time link", user.password_hash)[:BOUND_CHARACTERS]


def _signer(link_key: str, purpose: LinkPurpose) -> Signer:
    return Signer(link_key, salt=SALT + purpose.value, digest_method=hashlib.sha256)
