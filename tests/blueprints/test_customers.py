"""The list of customers, its search and its file: for everybody in the company, nobody else."""

from __future__ import annotations

import csv
import io
import re
from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session

from models import CustomerOrigin
from services.customer_lists import PAGE_ROWS
from services.customers import CustomerDetails, add_customer
from tests.blueprints.support import Browser, htmx_headers, text_of
from tests.factories import NOW, make_customer

PLACEHOLDER = "quickbooks-0123456789abcdef@placeholder.local"


def _add(session: Session, people: SimpleNamespace, name: str, **details: str) -> str:
    wanted = CustomerDetails(name, **details)
    return add_customer(session, people.company.id, wanted, origin=CustomerOrigin.HAND, now=NOW)


def _rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def test_a_member_sees_the_customers_by_name(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    make_customer(session, people.company, name="Zebra Pools", phone="(650) 555-0142")
    make_customer(session, people.company, name="Abel", company_name="Abel & Sons")

    text = text_of(mel.get("/customers"))

    assert text.index("Abel") < text.index("Zebra Pools")
    assert "Abel & Sons" in text
    assert "(650) 555-0142" in text
    assert "2 customers, by name" in text
    assert "20 Nov 2026" in text


def test_a_placeholder_address_is_never_shown(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    make_customer(session, people.company, email=PLACEHOLDER, is_placeholder_email=True)

    answer = mel.get("/customers")

    assert '<span class="tag warn">no e-mail</span>' in answer.text
    assert PLACEHOLDER not in answer.text


def test_pages_follow_each_other(mel: Browser, session: Session, people: SimpleNamespace) -> None:
    for number in range(PAGE_ROWS + 1):
        make_customer(session, people.company, name=f"Customer {number:03}")

    first = mel.get("/customers")
    address = re.search(r'href="([^"]+after=[^"]+)"', first.text)
    assert address
    second = mel.get(address[1])

    assert f"{PAGE_ROWS} of {PAGE_ROWS + 1}" in text_of(first)
    assert "Customer 050" in text_of(second)
    assert "Customer 049" not in text_of(second)


def test_pages_of_a_search_keep_the_search(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    for number in range(PAGE_ROWS + 1):
        make_customer(
            session,
            people.company,
            name=f"Customer {number:03}",
            search_text=f"customer {number:03}",
        )
    _add(session, people, "Zebra")

    first = mel.get("/customers?q=customer")
    address = re.search(r'href="([^"]+after=[^"]+)"', first.text)
    assert address
    second = mel.get(address[1].replace("&amp;", "&"))

    assert "51 customers with “customer”, by name" in text_of(second)
    assert "Customer 050" in text_of(second)
    assert "Zebra" not in text_of(second)


@pytest.mark.parametrize("after", ["' OR 1=1 \x00", "0" * 16, "-1", "1e9", "abc"])
def test_a_strange_key_shows_a_page_all_the_same(
    mel: Browser, session: Session, people: SimpleNamespace, after: str
) -> None:
    make_customer(session, people.company, name="Abel")

    answer = mel.get("/customers", query_string={"after": after})

    assert answer.status_code == 200
    assert "Abel" in text_of(answer)


def test_a_hostile_name_is_only_a_name(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    name = "<script>alert(1)</script>"
    make_customer(session, people.company, name=name, company_name=name + "x", phone=name)

    assert "<script>alert" not in mel.get("/customers").text


@pytest.mark.parametrize("query", ["OKAFOR", "marine", "n@okafor", "555-0142", "(814)"])
def test_search_finds_by_whatever_is_known(
    mel: Browser, session: Session, people: SimpleNamespace, query: str
) -> None:
    _add(
        session,
        people,
        "Nadia Okafor",
        company_name="Okafor Marine",
        email="n@okafor.example.com",
        phone="(814) 555-0142",
    )
    _add(session, people, "Somebody else")

    answer = mel.get("/customers", query_string={"q": query})

    assert "Nadia Okafor" in text_of(answer)
    assert "Somebody else" not in text_of(answer)
    assert f"1 customer with “{query}”, by name" in text_of(answer)


@pytest.mark.parametrize(
    "query", ["%", "_", "\\", "'; --", "x" * 10_000, "\x00", "<script>alert(1)</script>", "\u202e"]
)
def test_search_takes_everything_literally(
    mel: Browser, session: Session, people: SimpleNamespace, query: str
) -> None:
    _add(session, people, "Nell")

    answer = mel.get("/customers", query_string={"q": query})

    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


def test_nobody_found_leads_back_to_everybody(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    _add(session, people, "Nell")

    answer = mel.get("/customers?q=zebra")

    assert "Nobody found" in text_of(answer)
    assert "Show all customers" in text_of(answer)


def test_search_works_while_typing(mel: Browser, session: Session, people: SimpleNamespace) -> None:
    _add(session, people, "Nell")
    _add(session, people, "Zebra")

    answer = mel.htmx_get("/customers/found?q=zeb", page="/customers")

    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<div id="found">')
    assert answer.headers["HX-Replace-Url"] == "/customers?q=zeb"
    assert "Zebra" in text_of(answer)
    assert "Nell" not in text_of(answer)


def test_the_fragment_leads_a_browser_to_the_page(mel: Browser) -> None:
    answer = mel.get("/customers/found?q=zeb")

    assert (answer.status_code, answer.location) == (303, "/customers?q=zeb")


def test_search_after_the_sign_in_ended_leads_to_the_page(stranger: Browser) -> None:
    answer = stranger.client.get("/customers/found?q=zeb", headers=htmx_headers("/customers"))

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/login?next=/customers"


def test_the_file_holds_whom_the_list_shows(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    _add(session, people, "Nell Harrow", email="nell@example.com", phone="814", address="1 Pier")
    _add(session, people, "Zebra")

    answer = mel.get("/customers.csv?q=nell")

    assert answer.status_code == 200
    assert answer.content_type == "text/csv; charset=utf-8"
    disposition = answer.headers["Content-Disposition"]
    assert disposition == 'attachment; filename="customers-2026-11-20.csv"'
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert _rows(answer.text)[1:] == [
        ["Nell Harrow", "", "nell@example.com", "814", "1 Pier", "2026-11-20 14:00"]
    ]


def test_the_file_has_an_empty_cell_instead_of_a_placeholder(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    make_customer(
        session, people.company, name="Bill", email=PLACEHOLDER, is_placeholder_email=True
    )

    answer = mel.get("/customers.csv")

    assert _rows(answer.text)[1][:3] == ["Bill", "", ""]
    assert "placeholder" not in answer.text


def test_the_file_holds_no_formula(mel: Browser, session: Session, people: SimpleNamespace) -> None:
    _add(session, people, '=HYPERLINK("http://evil.example")', phone="+1 814")

    answer = mel.get("/customers.csv")

    assert _rows(answer.text)[1][0].startswith("'=")
    assert _rows(answer.text)[1][3] == "'+1 814"


def test_the_file_holds_more_than_a_page(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    for number in range(PAGE_ROWS + 5):
        make_customer(session, people.company, name=f"Customer {number:03}")

    answer = mel.get("/customers.csv")

    assert len(_rows(answer.text)) == PAGE_ROWS + 6


def test_a_file_that_nobody_reads_to_the_end_holds_nothing_up(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    for number in range(20):
        make_customer(session, people.company, name=f"Customer {number:03}")
    unfinished = mel.client.get("/customers.csv")
    next(unfinished.iter_encoded())

    make_customer(session, people.company, name="Written meanwhile")
    unfinished.close()

    assert "Written meanwhile" in text_of(mel.get("/customers"))


def test_zoe_sees_none_of_it(zoe: Browser, session: Session, people: SimpleNamespace) -> None:
    _add(session, people, "Abel", email="abel@example.com")

    for address in ("/customers", "/customers?q=abel", "/customers/found?q=abel", "/customers.csv"):
        answer = zoe.get(address, follow_redirects=True)

        assert "abel@example.com" not in answer.text, address
