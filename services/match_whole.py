"""Match the whole lists of an account: keep what is not kept, compare, write what was found.

Needs nothing but a database, so that it can run in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session, sessionmaker

from models import RemoteAccount, RemoteCustomer
from services.database import BATCH_ROWS, in_batches, only_reading
from services.kept_counts import store_frequencies
from services.kept_lists import load_list
from services.kept_parties import (
    COMPARED_STATES,
    OURS,
    THEIRS,
    Side,
    UnkeptRow,
    keep,
    read_unkept,
    write_kept,
)
from services.match_found import Findings, findings_of, write_findings
from services.match_lease import MatchLease, write_held
from services.match_state import MatchPlace, note_kept
from services.matching.frequencies import Frequencies, count_frequencies
from services.matching.keeping import CLEANING_VERSION
from services.matching.look_alikes import find_look_alikes
from services.matching.matcher import match_kept

#: Rows kept in one transaction: with 22 keys each, 100 hold SQLite's write lock for some 20 ms.
KEPT_AT_ONCE = 100
#: Rows whose findings are written in one transaction.
FOUND_AT_ONCE = 250


@dataclass(frozen=True, slots=True)
class WholeMatching:
    """One whole matching under way."""

    sessions: sessionmaker[Session]
    lease: MatchLease
    place: MatchPlace

    def match(self, *, now: datetime) -> None:
        """Match the lists and write everything, in short transactions. Raises LeaseLost.

        A process that dies in the middle leaves the account as one that was never matched, so
        the next one begins anew with what was kept so far.
        """
        self._write(self._begin)
        seen = self._keep_all(THEIRS, self.place.account_id)
        self._keep_all(OURS, self.place.company_id)
        findings, frequencies = self._compare()
        for row_ids in in_batches(self._row_ids(seen), FOUND_AT_ONCE):
            self._write(partial(self._store, findings, row_ids, seen))
        self._write(partial(self._end, frequencies, now))

    def _begin(self, session: Session) -> None:
        self._doubt(session, RemoteAccount.id == self.place.account_id)

    def _doubt_others(self, session: Session) -> None:
        """Our customers change for the company's other accounts, too; they are matched anew."""
        is_other = RemoteAccount.id != self.place.account_id
        self._doubt(session, and_(RemoteAccount.company_id == self.place.company_id, is_other))

    def _doubt(self, session: Session, which: ColumnElement[bool]) -> None:
        """From now on nobody relies on what was found before."""
        session.execute(
            update(RemoteAccount)
            .where(which)
            .values(matched_at=None)
            .execution_options(synchronize_session=False)
        )

    def _keep_all(self, side: Side, owner_id: int) -> dict[int, int]:
        """Keep all that is not kept; return the revisions it was read at, by row."""
        seen: dict[int, int] = {}
        for rows in self._unkept(side, owner_id):
            if side is OURS:
                self._write(self._doubt_others)
            kept = {row.row_id: keep(row, region=self.place.region) for row in rows}
            revisions = {row.row_id: row.revision for row in rows}
            for row_ids in in_batches(kept, KEPT_AT_ONCE):
                part = {row_id: kept[row_id] for row_id in row_ids}
                self._write(partial(write_kept, side=side, owner_id=owner_id, kept=part))
            if side is OURS:
                self._write(partial(note_kept, revisions=revisions))
            else:
                seen |= revisions
        return seen

    def _unkept(self, side: Side, owner_id: int) -> Iterator[list[UnkeptRow]]:
        after = 0
        while True:
            with only_reading(), self.sessions() as session:
                rows = read_unkept(
                    session,
                    side,
                    owner_id,
                    limit=BATCH_ROWS,
                    after=after,
                    even_kept=not self.place.is_current,
                )
            if not rows:
                return
            yield rows
            after = rows[-1].row_id

    def _compare(self) -> tuple[Findings, Frequencies]:
        with only_reading(), self.sessions() as session:
            ours = load_list(session, OURS, self.place.company_id)
            theirs = load_list(session, THEIRS, self.place.account_id)
        frequencies = count_frequencies(
            [kept.cleaned for kept in ours], [kept.cleaned for kept in theirs]
        )
        suggestions = match_kept(ours, theirs, frequencies=frequencies)
        del ours
        pairs = find_look_alikes(theirs, frequencies=frequencies)
        return findings_of(suggestions, pairs), frequencies

    def _row_ids(self, seen: Mapping[int, int]) -> list[int]:
        """Return whom something may be written of: the compared, and who has left the list."""
        with only_reading(), self.sessions() as session:
            compared = session.scalars(
                select(RemoteCustomer.id).where(
                    RemoteCustomer.account_id == self.place.account_id,
                    RemoteCustomer.state.in_(COMPARED_STATES),
                    RemoteCustomer.kept_revision > 0,
                )
            ).all()
        return sorted({*compared, *seen})

    def _store(
        self, findings: Findings, row_ids: list[int], seen: Mapping[int, int], session: Session
    ) -> None:
        write_findings(
            session,
            self.place.account_id,
            findings,
            row_ids=row_ids,
            seen={row_id: seen[row_id] for row_id in row_ids if row_id in seen},
            is_whole=True,
        )

    def _end(self, frequencies: Frequencies, now: datetime, session: Session) -> None:
        store_frequencies(session, self.place.account_id, frequencies, now=now)
        session.execute(
            update(RemoteAccount)
            .where(RemoteAccount.id == self.place.account_id)
            .values(
                matched_at=now, cleaning_version=CLEANING_VERSION, match_region=self.place.region
            )
        )

    def _write(self, work: Callable[[Session], None]) -> None:
        write_held(self.sessions, self.lease, work)
