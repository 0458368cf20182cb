"""Another company's ids lead nowhere: in every address, and in every field of every form."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from sqlalchemy import select

from blueprints.guards import WRITING_GETS
from models import Base, RemoteCustomer
from tests.blueprints.support import htmx_headers
from tests.security.crawling import Fields, crawl
from tests.security.house import House, Party
from tests.security.routes import SHARED, ids_of, reading_routes, routes
from tests.security.rows import rows_of
from tests.test_architecture import ROOT

STARTS = ["/", "/customers", "/reports", "/settings/integrations", "/settings/reports"]
#: Whose ids every field and every argument is given.
KINDS = ("customer", "remote_customer", "report_recipient")
#: What forms ask for, so that none is refused before its ids are looked at.
FILLED = {
    "email": "somebody@example.org",
    "name": "Somebody",
    "role": "member",
    "field": "phone",
    "provider": "quickbooks",
}
PUBLIC = {name for name, table in Base.metadata.tables.items() if "public_id" in table.columns}


def _names(word: str, text: str) -> bool:
    return word.lower() in text.lower()


def test_every_route_with_an_id_of_another_company_is_not_found(house: House) -> None:
    ada, zoe = house.party("ada"), house.browser("zoe")
    values = {name: ids[:2] for name, ids in ids_of(house, ada).items()} | SHARED
    values["provider"] = ("quickbooks",)
    token, before = zoe.token(), rows_of(house.database, ada.company_id)

    for route in routes(house.app):
        for address in route.addresses(values) if route.is_owned else ():
            for headers in ({}, htmx_headers("/customers")):
                # A fragment that is opened by hand leads to its page, whoever opens it.
                answer = zoe.client.open(
                    address,
                    method=route.method,
                    data=FILLED | {"csrf_token": token} if route.method != "GET" else None,
                    headers=headers,
                    follow_redirects=route.method == "GET",
                )

                assert answer.status_code == 404, f"{route} {headers}"
                assert not _names(ada.word, answer.text), route

    assert rows_of(house.database, ada.company_id) == before


def test_no_page_of_hers_names_another_company(house: House) -> None:
    """Not even where the address asks for a row, a reading or a customer of the other one."""
    ada, zoe = house.party("ada"), house.party("zoe")
    theirs = _all_ids(house, ada)
    count = 0

    for seen in crawl(house, "zoe", STARTS, alike=1):
        count += 1
        assert not _names(ada.word, seen.answer.text), seen.address
        assert not any(public_id in seen.answer.text for public_id in theirs), seen.address
    assert count > 40
    assert _names(zoe.word, house.browser("zoe").get("/customers").text)


def test_ids_of_another_company_in_the_arguments_of_pages_show_nothing(house: House) -> None:
    ada, browser = house.party("ada"), house.browser("zoe")
    ids, names = _one_of_each_table(house, ada), argument_names()

    for route in reading_routes(house.app):
        if route.is_owned or route.endpoint in WRITING_GETS:
            continue
        address = next(route.addresses(SHARED))
        for kind in KINDS:
            answer = browser.get(address, query_string=dict.fromkeys(names, ids[kind]))
            assert answer.status_code != 500, f"{route} {kind}"
            assert not _names(ada.word, answer.text), f"{route} {kind}"


@pytest.mark.full
def test_addresses_of_her_pages_with_ids_of_another_company_show_nothing(house: House) -> None:
    ada, browser = house.party("ada"), house.browser("zoe")
    swapped = _swapped(house, house.party("zoe"), ada)

    for seen in crawl(house, "zoe", STARTS, alike=1):
        address = _swap(seen.address, swapped)
        if address != seen.address:
            assert not _names(ada.word, browser.get(address).text), address


def test_forms_with_ids_of_another_company_change_nothing_there(house: House) -> None:
    """Every form of zoe's pages, sent with ada's ids in place of her own."""
    ada, zoe = house.party("ada"), house.party("zoe")
    browser = house.browser("zoe")
    before = rows_of(house.database, ada.company_id)
    swapped = _swapped(house, zoe, ada)
    forms = _forms(house)

    for action, fields in forms:
        answer = browser.client.post(action, data=_as_form(_swap_fields(fields, swapped)))

        assert answer.status_code < 500, action
        assert not _names(ada.word, answer.text), action
        now = rows_of(house.database, ada.company_id)
        assert {name for name in now if now[name] != before[name]} == set(), action
    assert len(forms) > 20
    # Jobs and mails that they have asked for do nothing there either.
    house.run_jobs()
    assert rows_of(house.database, ada.company_id)["customer"] == before["customer"]


def test_fields_filled_with_ids_of_another_company_change_nothing_there(house: House) -> None:
    ada, browser = house.party("ada"), house.browser("zoe")
    before = rows_of(house.database, ada.company_id)
    values = ids_of(house, house.party("zoe")) | SHARED | {"provider": ("quickbooks",)}
    ids, names = _one_of_each_table(house, ada), argument_names()

    for route in routes(house.app):
        if route.method == "GET" or route.endpoint == "auth.sign_out":
            continue
        address = next(route.addresses(values))
        for kind in KINDS:
            form = dict.fromkeys(names, ids[kind])
            form |= {
                "confirmed": "1",
                "outcome": "link",
                "scope": "",
                "csrf_token": browser.token(),
            }
            answer = browser.client.open(address, method=route.method, data=form)

            assert answer.status_code < 500, route
            assert not _names(ada.word, answer.text), route

    now = rows_of(house.database, ada.company_id)
    assert {name for name in now if now[name] != before[name]} == set()


def _forms(house: House) -> list[tuple[str, Fields]]:
    """Return zoe's forms; of those that lead to one action the first two."""
    found: dict[tuple[str, tuple[str, ...]], tuple[str, Fields]] = {}
    for seen in crawl(house, "zoe", STARTS, alike=1):
        if seen.answer.mimetype != "text/html":
            continue
        for form in seen.forms():
            names = tuple(sorted({name for name, _ in form.fields}))
            shape = re.sub(r"[0-9a-f]{16}", "…", form.action)
            if "logout" not in form.action:
                found.setdefault((shape, names), (form.action, form.fields))
    return list(found.values())


def argument_names() -> set[str]:
    """Return every name by which a view reads a field or an argument."""
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "blueprints").glob("*.py"))
    found = re.findall(r'(?:form|args|values)\.(?:get|getlist)\("(\w+)"', sources)
    return set(found) - {"csrf_token"}


def _public_ids(house: House, party: Party) -> dict[str, list[str]]:
    rows = rows_of(house.database, party.company_id)
    return {name: [row["public_id"] for row in rows[name]] for name in sorted(PUBLIC)}


def _all_ids(house: House, party: Party) -> set[str]:
    return {one for ids in _public_ids(house, party).values() for one in ids if one}


def _one_of_each_table(house: House, party: Party) -> dict[str, str]:
    return {name: ids[0] for name, ids in _public_ids(house, party).items() if ids and ids[0]}


def _swapped(house: House, own: Party, other: Party) -> Mapping[str, str]:
    """Return the other company's id for each of one's own, row by row of the same table."""
    mine, theirs = _public_ids(house, own), _public_ids(house, other)
    swapped = {
        one: another
        for name in mine
        for one, another in zip(mine[name], theirs[name], strict=False)
        if one and another
    }
    with house.session() as session:
        is_own = RemoteCustomer.company_id == own.company_id
        remote_ids = list(session.scalars(select(RemoteCustomer.remote_id).where(is_own)))
    return swapped | {text: text.replace(own.word, other.word) for text in remote_ids}


def _swap(text: str, swapped: Mapping[str, str]) -> str:
    for own, other in swapped.items():
        text = text.replace(own, other)
    return text


def _swap_fields(fields: Fields, swapped: Mapping[str, str]) -> Fields:
    return [
        (name, value if name == "csrf_token" else _swap(value, swapped)) for name, value in fields
    ]


def _as_form(fields: Fields) -> dict[str, list[str]]:
    form: dict[str, list[str]] = {}
    for name, value in fields:
        form.setdefault(name, []).append(value)
    return form
