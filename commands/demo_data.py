"""Fill the demo through the real services: companies, connection, reading, imports, signups."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import partial
from itertools import count, pairwise
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener
from zoneinfo import ZoneInfo

from commands.demo_look_alikes import DOUBTFUL, SAME, LookAlike, make_look_alikes, name_words
from commands.demo_walk_ins import invent
from commands.reading import read_in_process
from models import CustomerOrigin, EmptyDay, Frequency, Role
from services import accounts, consent, customers, decisions, sign_ins
from services.connections import require_connection
from services.customer_import import run_import, start_import
from services.match_job import ensure_matched
from services.providers.contract import ProviderKey
from services.remote_lists import each_row
from services.report_recipients import RecipientWish
from services.report_settings import ReportWish, change_report_settings
from services.review_query import Meant, ReviewQuery, RowFilter
from services.review_rows import ReviewRow
from services.runtime import Runtime
from services.sign_ins import SignedIn

PASSWORD = "demo-password"  # noqa: S105  (printed at start, and refused in production)
ZONE = "America/New_York"
DEFAULT_REALM = "9341450000000001"
UNSYNCED = 182
IGNORED = 4
PAST_DAYS = 30
REPORT_HOUR = 7
IMPORTED_ON_A_DAY = 7
# Yesterday's import is the last, of those who came to resemble somebody and a few others.
SPARED = UNSYNCED + IGNORED + IMPORTED_ON_A_DAY
SEED = 20261122


def fill(runtime: Runtime) -> None:
    """Prepare everything the demo shows. Calls the sandbox. Not repeatable: fill once."""
    now = runtime.clock()
    ada = _add_companies(runtime, now=now - timedelta(days=PAST_DAYS + 1))
    _connect(runtime, ada)
    read_in_process(runtime, ada.company_id, ProviderKey.QUICKBOOKS)
    with runtime.sessions() as session:
        connection = require_connection(session, ada.company_id, ProviderKey.QUICKBOOKS)
        account_id = connection.account_id
    _add_walk_ins(runtime, ada, now=now)
    unsynced = _rows(runtime, account_id, RowFilter.UNSYNCED)
    alike = make_look_alikes(unsynced, (*DOUBTFUL, *SAME))
    _add_look_alikes(runtime, ada, alike, now=now)
    ensure_matched(runtime, account_id)
    resembled = [each.row.public_id for each in alike]
    spared = _like_nobody(runtime, account_id, alike)[: SPARED - len(resembled)]
    _import_until_yesterday(runtime, ada, account_id, [*resembled, *spared], now=now)
    ensure_matched(runtime, account_id)
    still = [row.public_id for row in _rows(runtime, account_id, RowFilter.NEW)]
    ignored, left = still[:IGNORED], [*resembled, *still[IGNORED:]][:UNSYNCED]
    _ignore(runtime, ada, account_id, ignored, now=now)
    yesterday = [row for row in spared if row not in {*ignored, *left}]
    _import(runtime, ada, account_id, yesterday, at=_past(now, days=1, hour=10))
    ensure_matched(runtime, account_id)
    _switch_report_on(runtime, ada, now=now)
    with runtime.sessions() as session:
        sign_ins.end_sign_in(session, ada.sign_in_id, now=now)


def _add_companies(runtime: Runtime, *, now: datetime) -> SignedIn:
    """Create both companies and their users; return ada, signed in."""
    people = {
        "demo": (
            "Harbor Heating & Air",
            (("ada", "Ada Brandt", Role.ADMIN), ("mel", "Mel Osei", Role.MEMBER)),
        ),
        "other": ("North Shore Pools", (("zoe", "Zoe Lindqvist", Role.ADMIN),)),
    }
    with runtime.sessions() as session:
        for slug, (name, users) in people.items():
            company = accounts.add_company(session, name=name, slug=slug, zone=ZONE, now=now)
            for local_part, user_name, role in users:
                accounts.add_user(
                    session,
                    company.id,
                    email=f"{local_part}@example.com",
                    name=user_name,
                    role=role,
                    password=PASSWORD,
                    now=now,
                )
        at = runtime.clock()
        token = sign_ins.sign_in(session, email="ada@example.com", password=PASSWORD, now=at)
        ada = sign_ins.find_sign_in(session, token, now=at)
    if ada is None:
        raise RuntimeError("the demo's admin could not sign in")
    return ada


class _KeepRedirect(HTTPRedirectHandler):
    """The consent page answers with a redirect to us; its address is the answer."""

    def redirect_request(self, *_args: object, **_kwargs: object) -> None:
        return None


def _connect(runtime: Runtime, ada: SignedIn) -> None:
    """Walk through the real OAuth flow, with a form post where a person would click Allow."""
    provider = ProviderKey.QUICKBOOKS
    with runtime.sessions() as session:
        address = consent.begin_consent(runtime, session, ada, provider=provider)
    form = urlencode({"company": DEFAULT_REALM}).encode()
    request = Request(address, data=form)  # noqa: S310  (the sandbox's own http address)
    try:
        build_opener(_KeepRedirect).open(request)
        raise RuntimeError("the sandbox's consent page did not answer with a redirect")
    except HTTPError as answer:
        location = answer.headers.get("Location", "")
        answer.close()
    query = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    consent.complete_consent(
        runtime,
        ada,
        provider=provider,
        answer=consent.ConsentAnswer(
            state=query.get("state", ""),
            code=query.get("code", ""),
            remote_account_id=query.get("realmId", ""),
            error=query.get("error", ""),
        ),
    )


def _rows(runtime: Runtime, account_id: int, show: RowFilter) -> list[ReviewRow]:
    """Return these remote customers in an order that is the same on every machine."""
    with runtime.sessions() as session:
        rows = list(each_row(session, account_id, query=ReviewQuery(show)))
    rows.sort(key=lambda row: int(row.remote_id))
    random.Random(SEED).shuffle(rows)  # noqa: S311  (the same demo on every machine)
    return rows


def _like_nobody(runtime: Runtime, account_id: int, alike: list[LookAlike]) -> list[str]:
    """Return the new ones who share no word of the name with a look-alike.

    With each import of others it changes what is rare, and so who may be somebody.
    """
    words = set().union(*(name_words(each.details.name) for each in alike))
    return [
        row.public_id
        for row in _rows(runtime, account_id, RowFilter.NEW)
        if not words & name_words(row.name, row.person_name)
    ]


def _import_until_yesterday(
    runtime: Runtime, ada: SignedIn, account_id: int, spared: list[str], *, now: datetime
) -> None:
    """Import all but those, most before the first of the past days and a few on each day since."""
    rows = _rows(runtime, account_id, RowFilter.UNSYNCED)
    public_ids = [row.public_id for row in rows if row.public_id not in spared]
    first = len(public_ids) - (PAST_DAYS - 1) * IMPORTED_ON_A_DAY
    starts = [0, *range(first, len(public_ids), IMPORTED_ON_A_DAY)]
    for index, (start, end) in enumerate(pairwise([*starts, len(public_ids)])):
        at = _past(now, days=PAST_DAYS + 1 - index, hour=10)
        _import(runtime, ada, account_id, public_ids[start:end], at=at)


def _import(
    runtime: Runtime, ada: SignedIn, account_id: int, public_ids: list[str], *, at: datetime
) -> None:
    that_day = replace(runtime, clock=partial(_same_moment, at))
    with runtime.sessions() as session:
        run_id = start_import(
            session,
            account_id,
            choice=Meant(tuple(public_ids)),
            creates_maybes=True,
            requested_by_id=ada.user_id,
            wake=runtime.wake,
            now=at,
        ).id
    run_import(that_day, run_id, is_prepared=True)


def _ignore(
    runtime: Runtime, ada: SignedIn, account_id: int, public_ids: list[str], *, now: datetime
) -> None:
    with runtime.sessions() as session:
        decisions.ignore(session, ada, account_id, meant=Meant(tuple(public_ids)), now=now)


def _add_look_alikes(
    runtime: Runtime, ada: SignedIn, alike: list[LookAlike], *, now: datetime
) -> None:
    """Write customers that are, or may be, some of the unsynced."""
    at = _past(now, days=PAST_DAYS + 1, hour=9)
    with runtime.sessions() as session:
        for each in alike:
            customers.add_customer(
                session, ada.company_id, each.details, origin=CustomerOrigin.HAND, now=at
            )


def _add_walk_ins(runtime: Runtime, ada: SignedIn, *, now: datetime) -> None:
    """Let one to four people join or be added by hand on each past day."""
    chance = random.Random(SEED)  # noqa: S311  (the same demo on every machine)
    numbers = count()
    with runtime.sessions() as session:
        for day in range(1, PAST_DAYS + 1):
            for _ in range(chance.randint(1, 4)):
                customers.add_customer(
                    session,
                    ada.company_id,
                    invent(next(numbers)),
                    origin=chance.choice((CustomerOrigin.JOIN, CustomerOrigin.HAND)),
                    now=_past(now, days=day, hour=chance.randint(8, 18)),
                )


def _switch_report_on(runtime: Runtime, ada: SignedIn, *, now: datetime) -> None:
    """Mail the report from today's local day on; the past days count as never sent."""
    wish = ReportWish(
        is_on=True,
        local_hour=REPORT_HOUR,
        zone=ZONE,
        on_empty_day=EmptyDay.SKIP,
        recipients=[
            RecipientWish(address, Frequency.DAILY)
            for address in ("ada@example.com", "mel@example.com")
        ],
    )
    with runtime.sessions() as session:
        change_report_settings(session, ada, wish=wish, now=now)


def _past(now: datetime, *, days: int, hour: int) -> datetime:
    """Return that hour of a past local day, so that every signup has the day it should have."""
    zone = ZoneInfo(ZONE)
    local_day = now.astimezone(zone).date() - timedelta(days=days)
    return datetime.combine(local_day, time(hour), tzinfo=zone).astimezone(now.tzinfo)


def _same_moment(at: datetime) -> datetime:
    return at
