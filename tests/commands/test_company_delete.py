"""Removing a company from the terminal."""

from __future__ import annotations

import pytest

from models import Company, Customer
from services.providers import registry
from services.runtime import Runtime
from tests.commands.conftest import Run
from tests.factories import make_company, make_customer
from tests.fakes import FakeAuthorization
from tests.services.support import count, make_place


def _one_customer(runtime: Runtime) -> None:
    with runtime.sessions() as session:
        make_customer(session, make_company(session, slug="harbor", name="Harbor Heating"))


def test_it_asks_before_and_tells_after(run: Run, runtime: Runtime) -> None:
    _one_customer(runtime)

    refused = run("company", "delete", "harbor", answers="n\n")
    left = count(runtime.sessions, Company)
    removed = run("company", "delete", "harbor", answers="y\n")

    assert (refused.exit_code, left) == (1, 1)
    assert "Remove Harbor Heating (harbor) for good? Customers: 1. Users: 0." in refused.output
    assert removed.exit_code == 0, removed.output
    assert "1  customer" in removed.output and "Harbor Heating is removed." in removed.output
    assert count(runtime.sessions, Customer) == 0


def test_it_says_what_the_accounting_software_made_of_it(
    run: Run, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "open_authorization", lambda *_: FakeAuthorization())
    slug = make_place(runtime).admin.company_slug

    removed = run("company", "delete", slug, "--yes")

    assert "QuickBooks: took the permission back." in removed.output


def test_an_unknown_company_is_one_line(run: Run) -> None:
    result = run("company", "delete", "nobody", "--yes")

    assert (result.exit_code, result.output) == (1, "Error: There is no company 'nobody'.\n")
