"""Fill one company of the house, mostly by what people click, so that the rows are real ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from models import (
    Company,
    Customer,
    CustomerLink,
    LinkPurpose,
    OneTimeLink,
    ProviderCall,
    RemoteCustomer,
    Role,
    User,
)
from services.providers import registry
from services.providers.contract import CustomerRecord, RemoteAccount
from services.providers.quickbooks_records import customer_record
from tests.blueprints.support import CHEAP_HASH, PASSWORD, QUICKBOOKS, Browser, find_token
from tests.factories import make_account, make_company, make_connection, make_customer, make_user
from tests.fakes import FakeAccountingClient, FakeAuthorization
from tests.matching_factories import make_look_alike
from tests.security.house import House, Party

XERO = "/settings/integrations/xero"


class Words(Protocol):
    """Gives one text after the other; a test that plants hostile ones gives those.

    `wild` may give what no form and no row would take, because only the books hold it.
    """

    def __call__(self) -> str: ...

    def wild(self) -> str: ...


def make_party(house: House, word: str, *, people: Sequence[str], words: Words) -> Party:
    """Make a company with an admin, a member and somebody who will be disabled."""
    roles = (Role.ADMIN, Role.MEMBER, Role.MEMBER)
    with house.session() as session:
        company = make_company(session, name=words(), slug=word.lower())
        for person, role in zip(people, roles, strict=True):
            make_user(
                session,
                company,
                name=words(),
                email=f"{person}@example.com",
                role=role,
                password_hash=CHEAP_HASH,
            )
        return Party(company.id, company.slug, word)


def sign_in(house: House, person: str) -> Browser:
    browser = house.browser()
    answer = browser.sign_in(f"{person}@example.com", password=PASSWORD)
    assert answer.status_code == 303, answer.text
    return browser


def fill(
    house: House, party: Party, browser: Browser, patch: pytest.MonkeyPatch, *, words: Words
) -> None:
    """Connect, read, decide, import, undo, and write down whom the report goes to."""
    records = [_record(f"{party.word}-{number:02}", words) for number in range(14)]
    client = FakeAccountingClient(records, name=words())
    patch.setattr(registry, "open_accounting_client", lambda *_a, **_k: client)
    _prepare(house, party, records, words=words)
    _read(house, browser)
    _decide(house, party, browser, words=words)
    _import(house, party, browser, words=words)
    client.records[:] = records[:-1]
    house.clock.advance(minutes=2)
    _read(house, browser)
    _write_recipients(browser, party)


def sign_up(house: House, party: Party, *, words: Words) -> None:
    """Let strangers join by the company's page; three of them, as one network may ten."""
    stranger, path = house.browser(), f"/join/{party.slug}"
    token = find_token(stranger.get(path))
    for number in range(3):
        form = {name: words() for name in ("name", "company")} | {"phone": words()[:60]}
        form |= {"email": f"{party.word}-{number}@example.org".lower(), "csrf_token": token}
        assert stranger.client.post(path, data=form).status_code == 303


def write_rest(house: House, party: Party) -> None:
    """Write down an invitation that nobody has followed yet, two who look alike, and a call."""
    now = house.clock()
    with house.session() as session:
        of_party = RemoteCustomer.company_id == party.company_id
        rows = session.scalars(select(RemoteCustomer).where(of_party).order_by(RemoteCustomer.id))
        make_look_alike(session, *rows.all()[11:13])
        session.add(
            OneTimeLink(
                company_id=party.company_id,
                purpose=LinkPurpose.INVITATION,
                email=f"invited@{party.word}.example.org".lower(),
                role=Role.MEMBER,
                created_by_id=_admin_id(house, party),
                created_at=now,
                expires_at=now + timedelta(days=7),
                sent_at=now,
            )
        )
        call = {"provider": "xero", "remote_account_id": party.word}
        session.add(ProviderCall(begun_at=now, until_at=now, ended_at=now, **call))
        session.commit()


def _admin_id(house: House, party: Party) -> int:
    query = select(User.id).where(User.company_id == party.company_id, User.role == Role.ADMIN)
    with house.session() as session:
        return session.scalars(query).one()


def _record(remote_id: str, words: Words) -> CustomerRecord:
    """Return what the real adapter makes of such a customer."""
    wild = words.wild
    address = {"Line1": wild(), "City": wild(), "Country": wild()}
    return customer_record(
        {
            "Id": remote_id,
            "DisplayName": wild(),
            "CompanyName": wild(),
            "GivenName": wild(),
            "FamilyName": wild(),
            "PrimaryEmailAddr": {"Address": f"{remote_id.lower()}@example.net {wild()}"},
            "PrimaryPhone": {"FreeFormNumber": wild()},
            "Mobile": {"FreeFormNumber": wild()},
            "BillAddr": address,
            "ShipAddr": address,
            "CurrencyRef": {"value": wild()},
            "Balance": 12.5,
            "Active": True,
        }
    )


def _prepare(
    house: House, party: Party, records: Sequence[CustomerRecord], *, words: Words
) -> None:
    """Connect, and write beside the first few of the books who is or looks the same here."""
    with house.session() as session:
        company = session.get_one(Company, party.company_id)
        remote_account_id = f"93414500{party.company_id:08}"
        account = make_account(session, company, name=words(), remote_account_id=remote_account_id)
        admin_id = _admin_id(house, party)
        make_connection(session, account, vault=house.runtime.vault, connected_by_id=admin_id)
        for record in records[:5]:
            make_customer(
                session,
                company,
                name=record.name,
                company_name=record.company_name,
                email=f"{record.remote_id.lower()}@example.net",
                phone=words()[:60],
                address=words(),
                kept_revision=0,
                created_at=house.clock() - timedelta(days=1),
            )


def _read(house: House, browser: Browser) -> None:
    assert browser.htmx_get(f"{QUICKBOOKS}/unsynced").status_code == 200
    house.run_jobs()
    browser.htmx_get(f"{QUICKBOOKS}/unsynced/bins")
    house.run_jobs()


def _rows(house: House, party: Party) -> list[str]:
    query = (
        select(RemoteCustomer.public_id)
        .where(RemoteCustomer.company_id == party.company_id)
        .order_by(RemoteCustomer.id)
    )
    with house.session() as session:
        return list(session.scalars(query))


def _decide(house: House, party: Party, browser: Browser, *, words: Words) -> None:
    """Ignore one, let three be created and one be linked, and tell two apart."""
    rows = _rows(house, party)
    with house.session() as session:
        query = select(Customer.public_id).where(Customer.company_id == party.company_id)
        customers = list(session.scalars(query.order_by(Customer.id)))
    for verb, form in (
        ("ignore", {"id": rows[-1:], "reason": words()}),
        ("choose", {"id": rows[5:11], "outcome": "create"}),
        ("choose", {"id": rows[2:3], "outcome": "link", "customer": customers[2]}),
        ("apart", {"id": rows[:1], "customer": customers[0]}),
        ("recheck", {"on": "1", "calls": "100"}),
    ):
        assert browser.post(f"{QUICKBOOKS}/{verb}", form).status_code == 303, verb


def _import(house: House, party: Party, browser: Browser, *, words: Words) -> None:
    """Import four, of whom one is changed afterwards, and two more that are taken back."""
    rows = _rows(house, party)
    for chosen in (rows[2:3] + rows[5:8], rows[8:10]):
        run = browser.post(f"{QUICKBOOKS}/imports", {"id": chosen}).location
        house.run_jobs()
    assert browser.post(f"{run}/undo").status_code == 303
    house.run_jobs()
    linked = select(CustomerLink.customer_id).where(CustomerLink.company_id == party.company_id)
    with house.session() as session:
        public_id = session.scalars(
            select(Customer.public_id).where(Customer.id.in_(linked)).order_by(Customer.id.desc())
        ).first()
    form = {"name": words(), "company": words(), "phone": "(212) 555-0199", "address": words()}
    form["email"] = f"changed@{party.word}.example.org".lower()
    assert browser.post(f"/customers/{public_id}/edit", form).status_code == 303


def offer_accounts(browser: Browser, patch: pytest.MonkeyPatch, *, words: Words) -> None:
    """Come back from Xero with a permission that covers two organisations, and choose none."""
    consent = FakeAuthorization()
    consent.accounts = tuple(
        RemoteAccount(f"b1f0c7a2-0000-4000-8000-00000000000{number}", words()) for number in (1, 2)
    )
    patch.setattr(registry, "open_authorization", lambda *_args: consent)
    asked = browser.get(f"{XERO}/connect").location
    state = parse_qs(urlsplit(asked).query)["state"][0]
    answer = browser.get(f"{XERO}/callback", query_string={"state": state, "code": "once"})
    assert "/choose/" in answer.location


def _write_recipients(browser: Browser, party: Party) -> None:
    form = {"on": "1", "hour": "7", "zone": "America/New_York", "empty": "send"}
    form["recipients"] = f"bookkeeper@{party.word}.example.org\r\n".lower()
    answer = browser.post("/settings/reports", form)
    assert answer.status_code == 303, answer.text
