"""The switches do the same at all three providers, each in its provider's own form."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.switches import NAME_FIELDS
from tests.sandbox import freshbooks_program, xero_program
from tests.sandbox.conftest import Caller

PAGE_SIZE = 20


@dataclass
class _Books:
    """One provider: a page of its list, and where rows and count stand in an answer."""

    name: str
    page: Callable[[int], Any]
    rows: Callable[[Any], list[dict[str, Any]]]
    count: Callable[[Any], int]
    refresh: Callable[[], Any]
    identity: str
    account: str

    def ids(self, number: int) -> list[Any]:
        return [row[self.identity] for row in self.rows(self.page(number).json)]


def _quickbooks(client):
    caller = Caller(client, client.post("/control/grants/quickbooks").json)

    def page(number):
        start = (number - 1) * PAGE_SIZE + 1
        return caller.query(
            f"SELECT * FROM Customer ORDERBY Id STARTPOSITION {start} MAXRESULTS {PAGE_SIZE}"
        )

    def count(answer):
        return caller.count("WHERE Active = true")

    def rows(answer):
        return answer["QueryResponse"].get("Customer", [])

    return _Books("quickbooks", page, rows, count, caller.refresh, "Id", caller.realm)


def _xero(client):
    program = xero_program.granted(client)

    def page(number):
        return program.ask(page=number, pageSize=PAGE_SIZE, order="ContactID ASC")

    def count(answer):
        return answer["pagination"]["itemCount"]

    def rows(answer):
        return answer["Contacts"]

    return _Books("xero", page, rows, count, program.refresh, "ContactID", program.tenant)


def _freshbooks(client):
    grant = client.post("/control/grants/freshbooks").json
    program = freshbooks_program.Program(client, grant, grant["account_id"])

    def page(number):
        return program.ask(page=number, per_page=PAGE_SIZE, sort="id_asc")

    def count(answer):
        return answer["response"]["result"]["total"]

    def rows(answer):
        return answer["response"]["result"]["clients"]

    return _Books("freshbooks", page, rows, count, program.refresh, "id", program.account)


@pytest.fixture(params=[_quickbooks, _xero, _freshbooks], ids=lambda make: make.__name__[1:])
def books(request, client):
    name = request.param.__name__[1:]
    client.post("/control/reset", json={"provider": name, "size": 90})
    return request.param(client)


@pytest.fixture
def turn_on(client, books):
    def turn(**wish):
        answered = client.post("/control/faults", json={"provider": books.name, **wish})
        assert answered.status_code == 200, answered.text

    return turn


def test_an_empty_answer_is_valid(books, turn_on):
    turn_on(fault="empty")

    answered = books.page(1)

    assert answered.status_code == 200
    assert (books.rows(answered.json), books.count(answered.json)) == ([], 0)


def test_the_count_lies(books, turn_on):
    before = books.count(books.page(1).json)

    turn_on(fault="count_lie", n=7)

    assert books.count(books.page(1).json) == before + 7


def test_a_field_changes_on_every_other_row(books, turn_on):
    field = NAME_FIELDS[books.name]
    turn_on(fault="malformed", field=field, value=[1], every=2)

    rows = books.rows(books.page(1).json)

    assert [number for number, row in enumerate(rows) if row[field] == [1]] == [*range(1, 20, 2)]


def test_rows_grow(books, turn_on):
    before = len(books.page(1).data)

    turn_on(fault="size", n=1000)

    assert len(books.page(1).data) > before + PAGE_SIZE * 1000


def test_another_account_shows_through(books, turn_on):
    mine = books.page(1).json

    turn_on(fault="tenant_swap")

    assert books.rows(books.page(1).json) != books.rows(mine)


def test_without_the_scope_the_api_refuses(books, turn_on):
    turn_on(fault="scope_drop")

    assert books.page(1).status_code == {"xero": 401}.get(books.name, 403)
    assert books.refresh().status_code == 200


def test_a_deletion_before_the_cursor_hides_a_row(books, turn_on):
    before = books.ids(1) + books.ids(2)
    turn_on(fault="mutate_list")

    seen = books.ids(1) + books.ids(2)

    assert len(seen) - PAGE_SIZE == PAGE_SIZE
    assert before[PAGE_SIZE] not in seen


def test_a_creation_changes_the_count(books, turn_on, client):
    before = books.count(books.page(1).json)

    turn_on(fault="mutate_list", change="create", times=1)
    books.page(1)

    assert books.count(books.page(1).json) == before + 1


def test_a_single_use_token_is_worthless_at_once(books, turn_on):
    turn_on(fault="rotate_refresh", single_use=True, grace_s=0)

    assert [books.refresh().status_code for _ in range(2)] == [200, 400]


def test_a_token_can_stay_the_same(books, turn_on, clock):
    turn_on(fault="rotate_refresh", single_use=False)
    first = books.refresh().json["refresh_token"]
    clock.forward(hours=25)

    assert books.refresh().json["refresh_token"] == first


def test_a_former_token_works_within_its_grace_only(books, turn_on, clock):
    turn_on(fault="rotate_refresh", single_use=True, grace_s=90)
    books.refresh()
    clock.forward(seconds=89)
    in_time = books.refresh().status_code
    clock.forward(seconds=91)

    assert (in_time, books.refresh().status_code) == (200, 400)


def test_a_lost_answer_spends_the_token(books, turn_on):
    turn_on(fault="rotate_refresh", single_use=True, grace_s=0, lose_answer="503", times=1)

    assert [books.refresh().status_code for _ in range(2)] == [503, 400]


@pytest.mark.parametrize("limit", ["minute", "day", "concurrent"])
def test_over_the_limit_the_answer_is_429(books, turn_on, limit):
    turn_on(fault="rate", **{limit: 0})

    assert books.page(1).status_code == 429


def test_a_limit_of_one_account_leaves_the_others_alone(books, turn_on):
    turn_on(fault="rate", minute=0, account="another")
    free = books.page(1).status_code
    turn_on(fault="rate", minute=0, account=books.account)

    assert (free, books.page(1).status_code) == (200, 429)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 502, 503, 504])
def test_every_status_has_a_body_of_the_provider(books, turn_on, status):
    turn_on(fault="status", status=status)
    turn_on(fault="status", status=status, endpoint="token")

    assert (books.page(1).status_code, books.refresh().status_code) == (status, status)


def test_the_clock_of_the_server_is_wrong(books, turn_on):
    turn_on(fault="clock_skew", seconds=600)

    assert books.page(1).headers["Date"] == "Fri, 20 Nov 2026 16:10:00 GMT"


@pytest.mark.parametrize("fault", ["html200", "gzipbomb", "bad_utf8", "garbage", "truncate"])
def test_an_unreadable_answer_has_status_200(books, turn_on, fault):
    turn_on(fault=fault)

    assert books.page(1).status_code == 200
