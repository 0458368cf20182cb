"""What tests of erasing a customer say: where a word stands in the tables, and who is erased."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Thread
from typing import Any

from sqlalchemy import Column, Enum, LargeBinary, String, Table, select
from sqlalchemy.orm import Session

from models import Base, Customer, CustomerLink
from services.customer_erasure import erase_customer
from services.runtime import Runtime
from tests.services.support import Place

#: Long enough for another unit of work to reach the row that this one holds.
MEANWHILE_S = 0.3
PATIENCE_S = 30.0


def text_columns(table: Table) -> Iterator[Column[Any]]:
    """Yield the columns that can hold what somebody wrote: texts and packed texts."""
    for column in table.columns:
        is_text = isinstance(column.type, String) and not isinstance(column.type, Enum)
        if is_text or isinstance(column.type, LargeBinary):
            yield column


def find_word(session: Session, word: str) -> set[tuple[str, str]]:
    """Return the columns of all tables, as table and column, in which the word stands now."""
    session.rollback()
    return {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in text_columns(table)
        for value in session.scalars(select(column))
        if word in _plain(value).casefold()
    }


def erase(runtime: Runtime, place: Place, remote_id: str) -> None:
    """Erase whom the remote customer of the place is linked to."""
    with runtime.sessions() as session:
        public_id = session.scalars(
            select(Customer.public_id)
            .join(CustomerLink, CustomerLink.customer_id == Customer.id)
            .where(CustomerLink.account_id == place.account_id, CustomerLink.remote_id == remote_id)
        ).one()
        session.rollback()
        erase_customer(session, place.admin, public_id, now=runtime.clock())


class Meanwhile:
    """Somebody else's work, begun in the middle of a unit of work, which goes on soon after."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._thread = Thread(target=work)

    def begin_after(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """Return the step; when it was taken for the first time, the work begins."""

        def taken(*arguments: Any, **options: Any) -> Any:
            result = step(*arguments, **options)
            if self._thread.ident is None:
                self._thread.start()
                # By now it waits for a row that is held here, or it is done.
                self._thread.join(MEANWHILE_S)
            return result

        return taken

    def end(self) -> None:
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        with suppress(zlib.error):
            value = zlib.decompress(value)
        return bytes(value).decode("utf-8", "replace")
    return value or ""
