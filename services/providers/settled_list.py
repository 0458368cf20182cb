"""Read a list that may change meanwhile, pass by pass until one adds up. No network of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.providers.contract import CustomerPage, CustomerRecord, ListUnsettled

PASSES_MAX = 3


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list as the provider sent it.

    `item_count` and `page_count` are those of the whole list, None where nobody tells them.
    """

    records: tuple[CustomerRecord, ...]
    unreadable_count: int = 0
    item_count: int | None = None
    page_count: int | None = None
    as_of: datetime | None = None

    @property
    def row_count(self) -> int:
        """Rows of this page, readable or not."""
        return len(self.records) + self.unreadable_count


@dataclass(slots=True)
class ListPass:
    """Who was read in one pass, and whether that can be everybody."""

    ids: set[str] = field(default_factory=set)
    has_repeats: bool = False
    unreadable_count: int = 0
    pages_taken: int = 0
    _item_counts: set[int] = field(default_factory=set)

    def take(self, page: ListPage) -> CustomerPage:
        """Count a page in; return it with what this pass had not yet."""
        fresh = []
        for record in page.records:
            if record.remote_id in self.ids:
                self.has_repeats = True
            else:
                self.ids.add(record.remote_id)
                fresh.append(record)
        self.unreadable_count += page.unreadable_count
        self.pages_taken += 1
        if page.item_count is not None:
            self._item_counts.add(page.item_count)
        return CustomerPage(tuple(fresh), page.item_count, page.unreadable_count, page.as_of)

    @property
    def adds_up(self) -> bool:
        """Say whether the rows are as many as every page told; uncounted ones may not repeat."""
        if not self._item_counts:
            return not self.has_repeats
        return self._item_counts == {len(self.ids) + self.unreadable_count}


def read_until_settled(
    read_pass: Callable[[ListPass], Iterator[ListPage]],
    *,
    is_sure: Callable[[ListPass], bool] = lambda _pass: True,
) -> Iterator[CustomerPage]:
    """Yield the pages of a list; read it again, in three passes at most, until one adds up.

    `read_pass` begins at the first page and is given what its own pass has yielded so far;
    `is_sure` may doubt a pass that adds up. Pages cannot be taken back, so the first page of a
    later pass says that those before do not count. After three passes without agreement the
    reading ends with ListUnsettled, which names the ids of the last pass. Rows that cannot be
    read are told with a last page.
    """
    for number in range(PASSES_MAX):
        this_pass, restarts = ListPass(), number > 0
        for page in read_pass(this_pass):
            taken = this_pass.take(page)
            yield replace(taken, unreadable_count=0, restarts=restarts)
            restarts = False
        if this_pass.adds_up and is_sure(this_pass):
            break
    else:
        raise ListUnsettled("The list kept changing while it was read.", remote_ids=this_pass.ids)
    if this_pass.unreadable_count:
        yield replace(taken, records=(), unreadable_count=this_pass.unreadable_count)
