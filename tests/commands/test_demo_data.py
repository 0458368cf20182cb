"""The demo's data, filled through the real services against the real sandbox."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from urllib.request import urlopen
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.serving import make_server

from app import create_app
from commands.demo_data import PAST_DAYS, ZONE, fill
from commands.demo_walk_ins import AREA_CODE, MOST, invent
from config import load_settings
from extensions import db
from models import (
    Base,
    Bin,
    Company,
    Connection,
    Customer,
    MatchSuggestion,
    Reading,
    RemoteCustomer,
    RemoteState,
    SignIn,
    User,
)
from sandbox.app import create_app as create_sandbox
from sandbox.world import the_world
from services.matching.tiers import Tier
from services.remote_lists import each_row
from services.review_query import ReviewQuery, RowFilter, RowSort
from services.runtime import Runtime
from tests.commands.conftest import settings_in
from tests.services.support import count, rows


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    """The sandbox on a free port of this machine."""
    app = create_sandbox()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()
    the_world(app).store.close()


@pytest.fixture(scope="module")
def filled(sandbox: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """The demo's rows; no test here changes them."""
    folder = tmp_path_factory.mktemp("demo")
    app = create_app(
        load_settings(
            settings_in(
                folder,
                SANDBOX_URL=sandbox,
                QUICKBOOKS_CLIENT_ID="sandbox-quickbooks-client",
                QUICKBOOKS_CLIENT_SECRET="sandbox-quickbooks-secret",
            )
        )
    )
    runtime: Runtime = app.extensions["runtime"]
    with app.app_context():
        Base.metadata.create_all(db.engine)
        fill(runtime)
        yield runtime
        db.engine.dispose()


@pytest.fixture
def sessions(filled: Runtime) -> sessionmaker[Session]:
    return filled.sessions


def _company_id(sessions: sessionmaker[Session], slug: str) -> int:
    row_id: int = rows(sessions, select(Company.id).where(Company.slug == slug))[0][0]
    return row_id


def test_182_of_1204_are_unsynced_as_the_sandbox_counts(
    sessions: sessionmaker[Session], sandbox: str
) -> None:
    with closing(urlopen(f"{sandbox}/control/state")) as answer:
        counted = json.load(answer)["providers"]["quickbooks"]["customers"]["counted"]

    is_counted = RemoteCustomer.is_counted
    states = rows(sessions, select(RemoteCustomer.state).where(is_counted))
    assert counted == len(states) == 1204
    assert Counter(state for (state,) in states) == {
        RemoteState.UNSYNCED: 182,
        RemoteState.LINKED: 1018,
        RemoteState.IGNORED: 4,
    }


def test_the_books_were_read_once(sessions: sessionmaker[Session]) -> None:
    assert count(sessions, Reading) == 1


def test_the_bins_stand_when_the_server_starts(sessions: sessionmaker[Session]) -> None:
    unsynced = RemoteCustomer.state == RemoteState.UNSYNCED
    bins = rows(sessions, select(RemoteCustomer.bin).where(unsynced))

    assert Counter(bin_.value for (bin_,) in bins) == {"new": 151, "same": 23, "maybe": 8}
    for table in (Customer, RemoteCustomer):
        is_left = table.company_id == _company_id(sessions, "demo")
        assert count(sessions, table, is_left, table.kept_revision != table.revision) == 0


def test_nobody_who_waits_for_a_decision_does_so_for_the_same_reason(
    sessions: sessionmaker[Session],
) -> None:
    account_id = rows(sessions, select(Connection.account_id))[0][0]

    with sessions() as session:
        maybe = ReviewQuery(RowFilter.MAYBE)
        found = list(each_row(session, account_id, query=maybe, sort=RowSort.NAME))

    reasons = {row.suggestion.reason for row in found if row.suggestion}
    assert (len(found), len(reasons)) == (8, 8)


def test_the_same_are_so_for_several_reasons(sessions: sessionmaker[Session]) -> None:
    same = (RemoteCustomer.state == RemoteState.UNSYNCED) & (RemoteCustomer.bin == Bin.SAME)
    found = rows(
        sessions,
        select(RemoteCustomer.name, Customer.name, Customer.is_placeholder_email)
        .join(MatchSuggestion, MatchSuggestion.remote_customer_id == RemoteCustomer.id)
        .join(Customer, Customer.id == MatchSuggestion.customer_id)
        .where(same, MatchSuggestion.tier == Tier.EXACT.value),
    )

    assert len(found) == 23
    assert sum(here == there for there, here, _is_placeholder in found) == 13
    assert sum(", " in here for _there, here, _is_placeholder in found) == 5
    assert sum(is_placeholder for _there, _here, is_placeholder in found) == 10


def test_each_of_the_past_thirty_days_has_signups_of_every_kind(
    filled: Runtime, sessions: sessionmaker[Session]
) -> None:
    demo = Customer.company_id == _company_id(sessions, "demo")
    query = select(Customer.created_at, Customer.origin, Customer.is_placeholder_email).where(demo)
    zone = ZoneInfo(ZONE)
    signups = [
        (at.astimezone(zone).date(), origin.value, placeholder)
        for at, origin, placeholder in rows(sessions, query)
    ]
    today = filled.clock().astimezone(zone).date()

    past = {today - timedelta(days=day) for day in range(1, PAST_DAYS + 1)}

    _every(past, signups, lambda signup: signup[1] in ("join", "hand"))
    _every(past, signups, lambda signup: signup[1] == "import")
    placeholders = {placeholder for day, _origin, placeholder in signups if day in past}
    assert placeholders == {True, False}
    assert not [day for day, _origin, _placeholder in signups if day > today]


def test_nobody_who_came_by_is_somebody_else_again(sessions: sessionmaker[Session]) -> None:
    came_by = (Customer.company_id == _company_id(sessions, "demo")) & Customer.phone.startswith(
        f"({AREA_CODE})"
    )
    names = [name for (name,) in rows(sessions, select(Customer.name).where(came_by))]
    people = [invent(number) for number in range(MOST)]

    assert len(names) == len(set(names)) > PAST_DAYS
    assert len({person.name for person in people}) == MOST
    addresses = [person.email for person in people if person.email]
    assert len(addresses) == len(set(addresses))
    assert all(re.search(r"[@.]example\.(com|org)$", address) for address in addresses)


def test_zoe_has_a_company_with_nothing_in_it(sessions: sessionmaker[Session]) -> None:
    other = _company_id(sessions, "other")

    assert count(sessions, User, User.company_id == other) == 1
    for table in (Customer, Connection, RemoteCustomer, Reading):
        assert count(sessions, table, table.company_id == other) == 0


def test_the_preparation_leaves_nobody_signed_in(sessions: sessionmaker[Session]) -> None:
    assert count(sessions, SignIn, SignIn.ended_at.is_(None)) == 0


def _every(
    days: set[date],
    signups: list[tuple[date, str, bool]],
    is_meant: Callable[[tuple[date, str, bool]], bool],
) -> None:
    found = {signup[0] for signup in signups if is_meant(signup)}
    assert sorted(days - found) == []
