"""Reading a list until one pass adds up: what three providers rely on, without any of them."""

from __future__ import annotations

import pytest

from services.providers.contract import CustomerRecord, ListUnsettled
from services.providers.settled_list import ListPage, read_until_settled
from tests.providers.support import remote_ids_of_last_pass


def test_rows_nobody_can_read_are_those_of_the_pass_that_adds_up():
    pages = _read([_page("1", unreadable_count=2, item_count=4)], [_page("1", "2", item_count=2)])

    assert [len(page.records) for page in pages] == [1, 2]
    assert sum(page.unreadable_count for page in pages) == 0


def test_rows_nobody_can_read_come_with_a_last_page():
    pages = _read([_page("1", unreadable_count=1, item_count=3), _page("2", item_count=3)])

    assert [(len(page.records), page.unreadable_count) for page in pages] == [
        (1, 0),
        (1, 0),
        (0, 1),
    ]
    assert {page.expected_count for page in pages} == {3}


def test_a_second_pass_says_that_the_first_does_not_count():
    pages = _read(
        [_page("1", "2", item_count=3)], [_page("2", item_count=2), _page("3", item_count=2)]
    )

    assert [page.restarts for page in pages] == [False, True, False]
    assert remote_ids_of_last_pass(pages) == {"2", "3"}


def test_a_pass_that_adds_up_may_be_doubted():
    doubts = iter((False, True))
    one_pass = [_page("1", item_count=1)]
    to_come = iter((one_pass, one_pass))

    pages = list(
        read_until_settled(lambda _so_far: iter(next(to_come)), is_sure=lambda _done: next(doubts))
    )

    assert len(pages) == 2


def test_pages_that_tell_different_counts_do_not_add_up():
    one_pass = [_page("1", item_count=2), _page("2", item_count=3)]

    with pytest.raises(ListUnsettled):
        _read(one_pass, one_pass, one_pass)


def _read(*passes: list[ListPage]):
    to_come = iter(passes)
    return list(read_until_settled(lambda _so_far: iter(next(to_come))))


def _page(*remote_ids: str, unreadable_count: int = 0, item_count: int) -> ListPage:
    records = tuple(CustomerRecord(remote_id, f"Customer {remote_id}") for remote_id in remote_ids)
    return ListPage(records, unreadable_count, item_count=item_count)
