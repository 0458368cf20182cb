"""The review page of 100,000 unsynced against that of 100, by filter, search and page (P6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from benchmarks import listing
from benchmarks.measuring import Result, compare, medians_ms
from benchmarks.pages import PAGE, filled_app, getting, signed_in
from models import Bin, RemoteCustomer, WhyUnsynced
from services.providers.contract import CustomerRecord
from services.runtime import Runtime
from tests.factories import make_record

RUNS = 30
SMALL, LARGE = 100, 100_000
LIMIT_RATIO = 3.0
FIRST = ("Ada", "Ben", "Cleo", "Finn", "Hana", "José", "Łukasz", "Nora", "Otto", "Zoë")
LAST = ("Abbott", "Brown", "Carter", "Dalton", "Fischer", "García", "Iverson", "Novak", "Reyes")
TRADE = ("Roofing", "Heating", "Plumbing", "Gardens", "Motors", "Bakery", "Dental")
#: A row in so many is in the bin, has failed, or is found by the search with hits.
SAME_EVERY, MAYBE_EVERY, FAILED_EVERY, HIT_EVERY = 6, 25, 50, 20

#: What is looked at, as the query of the address; both sizes are asked for the same.
LOOKS: dict[str, dict[str, str]] = {
    "everybody": {},
    "by name": {"sort": "name"},
    "newest": {"sort": "newest"},
    "new ones": {"show": "new"},
    "doubtful ones": {"show": "maybe"},
    "no e-mail, by name": {"show": "no_email", "sort": "name"},
    "open balance": {"show": "open_balance"},
    "a failed import": {"show": "failed"},
    "a search with hits": {"q": "harbor"},
    "a search that finds most": {"q": "a"},
    "a search for a phone": {"q": "(312) 555-0142"},
    "a search without hits": {"q": "zzq"},
}


def run() -> list[Result]:
    """Ask for each page of the large and of the small list in turn."""
    with _site(SMALL) as (small, small_half), _site(LARGE) as (large, large_half):
        return [
            *(_result(name, small, large, look, look) for name, look in LOOKS.items()),
            _result("a page in the middle", small, large, small_half, large_half),
            *listing.run(),
        ]


def _result(
    name: str,
    small: FlaskClient,
    large: FlaskClient,
    small_look: dict[str, str],
    large_look: dict[str, str],
) -> Result:
    ours, against = f"{LARGE:,}", f"{SMALL:,} unsynced"
    ways = {ours: _getting(large, large_look), against: _getting(small, small_look)}
    return compare(
        "P6",
        f"review page of {LARGE:,}: {name}",
        medians_ms(ways, runs=RUNS),
        ours=ours,
        against=against,
        limit_ratio=LIMIT_RATIO,
    )


def _getting(client: FlaskClient, look: dict[str, str]) -> Callable[[], object]:
    return getting(client, f"{PAGE}/review?{urlencode(look)}")


@contextmanager
def _site(size: int) -> Iterator[tuple[FlaskClient, dict[str, str]]]:
    """Yield a signed-in client of a company with so many unsynced, and its page in the middle."""
    with TemporaryDirectory() as folder:
        app = filled_app(Path(folder), size, record=record)
        runtime: Runtime = app.extensions["runtime"]
        with runtime.sessions() as session:
            _sort_into_bins(session)
            middle = _middle(session, size)
        yield signed_in(app), {"sort": "name", "after": middle}


def record(number: int) -> CustomerRecord:
    """Return a customer of a list that looks like one."""
    first, last = FIRST[number % len(FIRST)], LAST[number % len(LAST)]
    name = f"{first} {last} {number}"
    if number % 3 == 0:
        name = f"{last} {TRADE[number % len(TRADE)]} {number} LLC"
    if number % HIT_EVERY == 0:
        name = f"Harbor {name}"
    return make_record(
        name=name,
        company_name=name if number % 3 == 0 else "",
        person_name=f"{first} {last}",
        emails_text=f"customer-{number}@example.com" if number % 5 else "",
        phone=f"({200 + number % 700}) 555-{number % 10_000:04}",
        address=f"{number} Main Street, Springfield",
        # Most owe nothing, and many owe the same: ties are what paging by key is slow at.
        balance_cents=number % 9 * 1250 if number % 4 == 0 else 0,
        currency="USD",
    )


def _sort_into_bins(session: Session) -> None:
    """Write what matching and imports would have left; the benchmark is about reading it."""
    values = (
        (RemoteCustomer.id > 0, {"kept_revision": RemoteCustomer.revision, "bin": Bin.NEW}),
        (RemoteCustomer.id % SAME_EVERY == 0, {"bin": Bin.SAME}),
        (RemoteCustomer.id % MAYBE_EVERY == 0, {"bin": Bin.MAYBE}),
        (RemoteCustomer.id % FAILED_EVERY == 1, {"why": WhyUnsynced.FAILED}),
    )
    for condition, changed in values:
        session.execute(
            update(RemoteCustomer)
            .where(condition)
            .values(changed)
            .execution_options(synchronize_session=False)
        )
    session.commit()


def _middle(session: Session, size: int) -> str:
    statement = select(RemoteCustomer.public_id).order_by(RemoteCustomer.sort_key)
    found = session.scalars(statement.offset(size // 2 - 1).limit(1)).one()
    assert session.scalar(select(func.count()).select_from(RemoteCustomer)) == size
    return found
