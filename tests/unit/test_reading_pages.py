"""Pages of one reading, kept packed: newest record wins, a restart takes everything back."""

from __future__ import annotations

from datetime import UTC, datetime

from services.providers.contract import CustomerPage, CustomerRecord
from services.reading_pages import ReadingPages

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _page(*names: str, **facts: object) -> CustomerPage:
    records = tuple(CustomerRecord(name[0], name) for name in names)
    return CustomerPage(records, **facts)  # type: ignore[arg-type]


def _names(pages: ReadingPages) -> list[str]:
    return [record.name for record in pages.records()]


def test_records_come_out_as_they_went_in() -> None:
    pages = ReadingPages()
    pages.add(_page("1 Ann", "2 Ben"))
    pages.add(_page("3 Cem"))

    assert _names(pages) == ["1 Ann", "2 Ben", "3 Cem"]
    assert len(pages) == 3
    assert "2" in pages and "9" not in pages


def test_the_newest_record_of_an_id_counts() -> None:
    pages = ReadingPages()
    pages.add(_page("1 Ann", "1 Anna"))
    pages.add(_page("2 Ben"))
    pages.add(_page("1 Annika"))

    assert _names(pages) == ["2 Ben", "1 Annika"]


def test_a_restart_takes_back_what_came_before() -> None:
    pages = ReadingPages()
    pages.add(_page("1 Ann", unreadable_count=4, as_of=NOON))
    pages.add(_page("2 Ben", restarts=True, as_of=NOON.replace(hour=13)))
    pages.add(_page("3 Cem", unreadable_count=1))

    assert _names(pages) == ["2 Ben", "3 Cem"]
    assert pages.unreadable_count == 1
    assert pages.as_of == NOON, "the next delta starts before the first pass"
