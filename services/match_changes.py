"""Match the few customers that changed, on either side, and whoever that concerns.

The result is what matching the whole lists anew would give with the same frequencies. A pair is
judged beside the other candidates of its two customers, so a change concerns:

- whoever the changed one is like now, and whoever it was like before;
- their other candidates, whose best may have become another one;
- who shares a value that now too many have, or no longer.

They are noted as to be compared again in the transaction that makes the change visible, so that a
process killed in between loses nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from models import RemoteAccount, RemoteCustomer
from services.database import in_batches, only_reading
from services.kept_counts import FrequencyMemory
from services.kept_lists import TableList
from services.kept_parties import (
    COMPARE_AGAIN,
    OURS,
    THEIRS,
    UnkeptRow,
    changed_parts,
    keep,
    read_unkept,
    row_ids,
)
from services.kept_writing import write_kept
from services.match_found import findings_of, write_findings
from services.match_lease import MatchLease, write_held
from services.match_state import MatchPlace, note_kept
from services.matching.frequencies import Frequencies
from services.matching.keys import pair_limit
from services.matching.look_alikes import find_some_look_alikes
from services.matching.matcher import KeptParty, find_alike, match_some

#: Rows of each side matched in one step.
ROWS_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Changed:
    """The changed customers of one side, before and now; who entered or left is in one only."""

    before: Mapping[int, KeptParty]
    now: Mapping[int, KeptParty]

    def keys(self) -> set[int]:
        """Return all their keys, before and now."""
        return {key for one in (*self.before.values(), *self.now.values()) for key in one.keys}

    def count_change(self) -> Counter[int]:
        """Return by how many the holders of each key change."""
        counts = Counter(key for one in self.now.values() for key in one.keys)
        counts.subtract(key for one in self.before.values() for key in one.keys)
        return counts


NOBODY = Changed({}, {})


@dataclass(frozen=True, slots=True)
class Lists:
    """Both lists of an account as they stand in the tables now."""

    ours: TableList
    theirs: TableList
    frequencies: Frequencies

    def concerned(self, ours: Iterable[KeptParty], theirs: Iterable[KeptParty]) -> set[int]:
        """Return the remote customers whose suggestions hang on any of these."""
        frequencies = self.frequencies
        met = find_alike(
            list(theirs), self.theirs, self.ours, frequencies=frequencies, are_ours=False
        )
        sources = [*ours, *met]
        return row_ids(
            find_alike(sources, self.ours, self.theirs, frequencies=frequencies, are_ours=True)
        )

    def crossing(self, ours: Changed, theirs: Changed) -> set[int]:
        """Return the remote customers with a value that from now on too many share, or no more."""
        keys = ours.keys() | theirs.keys()
        our_counts, their_counts = self.ours.count_by_key(keys), self.theirs.count_by_key(keys)
        our_change, their_change = ours.count_change(), theirs.count_change()
        crossed = set()
        for key in keys:
            here, there = our_counts.get(key, 0), their_counts.get(key, 0)
            later_here, later_there = here + our_change[key], there + their_change[key]
            limit = pair_limit(key)
            pairs_cross = (here * there > limit) != (later_here * later_there > limit)
            if pairs_cross or (there * there > limit) != (later_there * later_there > limit):
                crossed.add(key)
        return self.theirs.ids_by_key(crossed)


@dataclass(frozen=True, slots=True)
class MatchChanges:
    """The matching of an account's changes, step by step."""

    sessions: sessionmaker[Session]
    lease: MatchLease
    place: MatchPlace
    memory: FrequencyMemory

    def step(self) -> None:
        """Keep and match the next changed rows. Commits. Raises LeaseLost."""
        with only_reading(), self.sessions() as session:
            ours = read_unkept(session, OURS, self.place.company_id, limit=ROWS_AT_ONCE)
            theirs = read_unkept(session, THEIRS, self.place.account_id, limit=ROWS_AT_ONCE)
        our_parts = {row.row_id: keep(row, region=self.place.region) for row in ours}
        their_parts = {row.row_id: keep(row, region=self.place.region) for row in theirs}
        self._keep(ours, our_parts, theirs, their_parts)
        if theirs:
            self._match(theirs, their_parts)

    def _keep(
        self,
        ours: Sequence[UnkeptRow],
        our_parts: Mapping[int, KeptParty | None],
        theirs: Sequence[UnkeptRow],
        their_parts: Mapping[int, KeptParty | None],
    ) -> None:
        """Make the changes visible in the tables, and note whom they concern."""
        with only_reading(), self.sessions() as session:
            before = self._kept(session, [row.row_id for row in theirs])
            changed_ids = {row.row_id for row in changed_parts(theirs, their_parts, before)}
            their_changes = _changed(changed_ids, before, their_parts)
            our_before = TableList(session, OURS, self.place.company_id).parties(our_parts)
            our_changes = _changed(our_parts, our_before, our_parts)
            accounts = self._accounts(session, has_our_changes=bool(ours))
            affected = {
                account_id: self._affected(session, account_id, our_changes, their_changes)
                for account_id in accounts
            }
        if not (ours or changed_ids):
            return
        changed_now = {row_id: their_parts[row_id] for row_id in changed_ids}
        self._write(partial(self._show, our_parts, changed_now, affected))
        with only_reading(), self.sessions() as session:
            for account_id, crossed in affected.items():
                lists = self._lists(session, account_id)
                is_mine = account_id == self.place.account_id
                now = [*(their_changes.now.values() if is_mine else ())]
                now += lists.theirs.parties(crossed.crossing).values()
                crossed.concerned.update(lists.concerned(our_changes.now.values(), now))
        revisions = {row.row_id: row.revision for row in ours}
        self._write(partial(self._note, affected, revisions))

    def _kept(self, session: Session, ids: Iterable[int]) -> dict[int, KeptParty]:
        return TableList(session, THEIRS, self.place.account_id).parties(ids)

    def _affected(
        self, session: Session, account_id: int, ours: Changed, theirs: Changed
    ) -> Affected:
        if account_id != self.place.account_id:
            theirs = NOBODY
        lists = self._lists(session, account_id)
        crossing = lists.crossing(ours, theirs)
        before = [*theirs.before.values(), *lists.theirs.parties(crossing).values()]
        return Affected(crossing, lists.concerned(ours.before.values(), before))

    def _lists(self, session: Session, account_id: int) -> Lists:
        frequencies = self.memory.load(session, account_id)
        if frequencies is None:
            raise LookupError("an account without frequencies is matched whole")
        ours = TableList(session, OURS, self.place.company_id)
        return Lists(ours, TableList(session, THEIRS, account_id), frequencies)

    def _accounts(self, session: Session, *, has_our_changes: bool) -> list[int]:
        """Return whose suggestions are touched: a customer here is compared in every account."""
        if not has_our_changes:
            return [self.place.account_id]
        return list(
            session.scalars(
                select(RemoteAccount.id).where(
                    RemoteAccount.company_id == self.place.company_id,
                    RemoteAccount.matched_at.is_not(None),
                )
            )
        )

    def _show(
        self,
        our_parts: Mapping[int, KeptParty | None],
        their_parts: Mapping[int, KeptParty | None],
        affected: Mapping[int, Affected],
        session: Session,
    ) -> None:
        write_kept(session, OURS, self.place.company_id, our_parts)
        write_kept(session, THEIRS, self.place.account_id, their_parts)
        _mark(session, affected)

    def _note(
        self, affected: Mapping[int, Affected], revisions: Mapping[int, int], session: Session
    ) -> None:
        _mark(session, affected)
        note_kept(session, revisions)

    def _match(self, rows: Sequence[UnkeptRow], parts: Mapping[int, KeptParty | None]) -> None:
        """Replace what was found of these rows."""
        asked = [one for one in parts.values() if one is not None]
        with only_reading(), self.sessions() as session:
            lists = self._lists(session, self.place.account_id)
            frequencies = lists.frequencies
            suggestions = match_some(asked, lists.ours, lists.theirs, frequencies=frequencies)
            pairs = find_some_look_alikes(asked, lists.theirs, frequencies=frequencies)
        findings = findings_of(suggestions, pairs)
        self._write(
            partial(
                write_findings,
                account_id=self.place.account_id,
                findings=findings,
                row_ids=list(parts),
                seen={row.row_id: row.revision for row in rows},
                is_whole=False,
            )
        )

    def _write(self, work: Callable[[Session], None]) -> None:
        write_held(self.sessions, self.lease, work)


@dataclass(frozen=True, slots=True)
class Affected:
    """Remote customers of one account that are to be compared again."""

    crossing: set[int]
    concerned: set[int]


def _changed(
    ids: Iterable[int],
    before: Mapping[int, KeptParty],
    now: Mapping[int, KeptParty | None],
) -> Changed:
    wanted = list(ids)
    return Changed(
        {row_id: before[row_id] for row_id in wanted if row_id in before},
        {row_id: one for row_id in wanted if (one := now[row_id]) is not None},
    )


def _mark(session: Session, affected: Mapping[int, Affected]) -> None:
    """Have rows compared again; who waits for that already is left as it is."""
    ids = {row_id for one in affected.values() for row_id in (*one.crossing, *one.concerned)}
    for batch in in_batches(sorted(ids)):
        session.execute(
            update(RemoteCustomer)
            .where(
                RemoteCustomer.id.in_(batch),
                RemoteCustomer.kept_revision == RemoteCustomer.revision,
            )
            .values(kept_revision=COMPARE_AGAIN)
            .execution_options(synchronize_session=False)
        )
