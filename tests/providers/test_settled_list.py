"""Reading a list until one pass adds up: what three providers rely on, without any of them."""

from __future__ import annotations

import pytest

from services.providers.contract import CustomerRecord, ListUnsettled
from services.providers.settled_list import ListPage, read_until_settled


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


def test_who_was_yielded_and_is_gone_leaves_the_list_unsettled():
    with pytest.raises(ListUnsettled) as raised:
        _read([_page("1", "2", item_count=3)], [_page("2", "3", item_count=2)])

    assert raised.value.remote_ids == {"2", "3"}


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
