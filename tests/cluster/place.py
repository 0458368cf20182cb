"""Where a campaign happens: companies that import, and companies whose reports are due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import requests
from flask import Flask
from flask_migrate import upgrade

from app import create_app
from commands.demo_data import DEFAULT_REALM, PASSWORD, ZONE
from commands.reading import read_in_process
from config import load_settings
from extensions import db
from models import Role
from services import accounts, sign_ins
from services.connecting import store_connection
from services.connections import require_connection
from services.match_job import ensure_matched
from services.providers.contract import ProviderKey, RemoteAccount, TokenSet
from services.remote_lists import each_row
from services.review_query import ReviewQuery, RowFilter
from services.runtime import Runtime
from services.sign_ins import SignedIn
from tests.crash.sending_place import ZONES, Expected, _make_company
from tests.system.asking import csrf_token

QUICKBOOKS = ProviderKey.QUICKBOOKS
ACCESS_LASTS = timedelta(hours=1)


@dataclass(frozen=True)
class Importer:
    """A company with an admin who is signed in, and the remote customers that are not here."""

    company_id: int
    account_id: int
    cookie: str
    csrf: str
    unsynced: tuple[str, ...]


@dataclass(frozen=True)
class Prepared:
    """The companies of a campaign, and what has to be mailed for the others."""

    importers: tuple[Importer, ...]
    expected: tuple[Expected, ...]


def prepare(environ: Mapping[str, str], *, importers: int, reporting: int) -> Prepared:
    """Make the tables and fill them through the real services. Calls the sandbox."""
    app = create_app(load_settings(environ), wake=lambda _job, _row_id: None)
    runtime: Runtime = app.extensions["runtime"]
    expected: list[Expected] = []
    with app.app_context():
        upgrade()
    with runtime.sessions() as session:
        for number in range(reporting):
            zone = ZoneInfo(ZONES[number % len(ZONES)])
            expected += _make_company(session, zone, now=runtime.clock())
        session.commit()
    found = [_make_importer(app, number) for number in range(importers)]
    with app.app_context():
        db.engine.dispose()
    return Prepared(tuple(found), tuple(expected))


def _make_importer(app: Flask, number: int) -> Importer:
    runtime: Runtime = app.extensions["runtime"]
    who = _add_company(runtime, number)
    _connect(app, runtime, who)
    read_in_process(runtime, who.company_id, QUICKBOOKS)
    with runtime.sessions() as session:
        account_id = require_connection(session, who.company_id, QUICKBOOKS).account_id
    ensure_matched(runtime, account_id)
    with runtime.sessions() as session:
        rows = list(each_row(session, account_id, query=ReviewQuery(RowFilter.UNSYNCED)))
    cookie, csrf = _sign_in(app, _address(number))
    unsynced = tuple(sorted(row.public_id for row in rows))
    return Importer(who.company_id, account_id, cookie, csrf, unsynced)


def _address(number: int) -> str:
    return f"admin-{number}@example.com"


def _add_company(runtime: Runtime, number: int) -> SignedIn:
    now = runtime.clock()
    with runtime.sessions() as session:
        company = accounts.add_company(
            session, name=f"Books {number}", slug=f"books-{number}", zone=ZONE, now=now
        )
        accounts.add_user(
            session,
            company.id,
            email=_address(number),
            name=f"Admin {number}",
            role=Role.ADMIN,
            password=PASSWORD,
            now=now,
        )
        token = sign_ins.sign_in(session, email=_address(number), password=PASSWORD, now=now)
        who = sign_ins.find_sign_in(session, token, now=now)
    assert who is not None
    return who


def _connect(app: Flask, runtime: Runtime, who: SignedIn) -> None:
    """Connect to the sandbox's first company, to which all of them have a grant of their own."""
    address = f"{app.extensions['settings'].sandbox_url}/control/grants/quickbooks"
    answer = requests.post(address, json={}, timeout=30)
    answer.raise_for_status()
    grant = answer.json()
    tokens = TokenSet(
        grant["access_token"],
        grant["refresh_token"],
        access_expires_at=runtime.clock() + ACCESS_LASTS,
        scope="com.intuit.quickbooks.accounting",
    )
    with runtime.sessions() as session:
        account = RemoteAccount(DEFAULT_REALM, "Sandbox")
        store_connection(runtime, session, who, provider=QUICKBOOKS, account=account, tokens=tokens)
        session.commit()


def _sign_in(app: Flask, email: str) -> tuple[str, str]:
    """Sign in over the page; return the session cookie and the token that forms carry."""
    with app.test_client() as client:
        page = client.get("/login").text
        form = {"email": email, "password": PASSWORD, "csrf_token": csrf_token(page)}
        assert client.post("/login", data=form).status_code == 303
        csrf = csrf_token(client.get("/settings/integrations/quickbooks").text)
        cookie = client.get_cookie("blueclerk")
    assert cookie is not None
    return cookie.value, csrf
