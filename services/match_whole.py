"""Match the whole lists of an account: keep what is not kept, compare, write what was found.

Needs nothing but a database, so that it can run in a process of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session, sessionmaker

from models import RemoteAccount, RemoteCustomer
from services.database import in_batches, only_reading
from services.kept_counts import store_frequencies
from services.kept_lists import TableList, load_list
from services.kept_parties import (
    COMPARED_STATES,
    OURS,
    THEIRS,
    Side,
    UnkeptRow,
    keep,
    read_rows,
    unkept_ids,
)
from services.kept_writing import (
    KeyRows,
    delete_keys,
    differing_keys,
    insert_keys,
    text_of,
    write_parts,
)
from services.match_found import Findings, findings_of, write_findings
from services.match_lease import MatchLease, write_held
from services.match_state import MatchPlace, note_kept
from services.matching.frequencies import Frequencies, count_frequencies
from services.matching.keeping import CLEANING_VERSION
from services.matching.look_alikes import find_look_alikes
from services.matching.matcher import KeptParty, match_kept

#: Keys written in one transaction, in their order: some 10 ms with SQLite.
KEYS_AT_ONCE = 2_500
#: Rows whose findings are written in one transaction: some 20 ms.
FOUND_AT_ONCE = 100
MAX_PAUSE_S = 0.05


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
        ours = self._keep_all(OURS, self.place.company_id)
        for revisions in in_batches(ours.items()):
            self._write(partial(note_kept, revisions=dict(revisions)))
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
        """Keep all that is not kept; return the revisions it was read at, by row.

        The former parts, which tell the former keys, give way last.
        """
        seen: dict[int, int] = {}
        texts: dict[int, str | None] = {}
        gone, new = KeyRows(), KeyRows()
        for rows, before in self._unkept(side, owner_id):
            for row in rows:
                now = keep(row, region=self.place.region)
                gone_keys, new_keys = differing_keys(before.get(row.row_id), now)
                gone.add(row.row_id, gone_keys)
                new.add(row.row_id, new_keys)
                texts[row.row_id], seen[row.row_id] = text_of(now), row.revision
        if seen and side is OURS:
            self._write(self._doubt_others)
        for keys in gone.batches(KEYS_AT_ONCE):
            self._write(partial(delete_keys, side=side, owner_id=owner_id, rows=keys))
        for keys in new.batches(KEYS_AT_ONCE):
            self._write(partial(insert_keys, side=side, owner_id=owner_id, rows=keys))
        for parts in in_batches(texts.items()):
            work = partial(write_parts, side=side, owner_id=owner_id, texts=dict(parts))
            self._write(work)
        return seen

    def _unkept(
        self, side: Side, owner_id: int
    ) -> Iterator[tuple[list[UnkeptRow], dict[int, KeptParty]]]:
        """Yield who is to be kept, and what was kept of them."""
        with only_reading(), self.sessions() as session:
            ids = unkept_ids(session, side, owner_id, even_kept=not self.place.is_current)
        for row_ids in in_batches(ids):
            with only_reading(), self.sessions() as session:
                rows = read_rows(session, side, row_ids)
                before = TableList(session, side, owner_id).parties(row_ids)
            yield rows, before

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
        """Write, and then leave the database to others for as long as it was ours.

        SQLite has one writer, and who waits for it only looks now and then: without the pause
        another writer waited for up to 4.5 seconds.
        """
        begun_at = time.monotonic()
        write_held(self.sessions, self.lease, work)
        time.sleep(min(time.monotonic() - begun_at, MAX_PAUSE_S))
