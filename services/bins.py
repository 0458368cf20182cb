"""The bin of each unsynced customer: what an import would do with it, kept true in its row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from models import (
    Bin,
    ChosenOutcome,
    CustomerLink,
    LookAlike,
    MatchSuggestion,
    RemoteCustomer,
    RemoteState,
    ReviewChoice,
    ToldApart,
    WhyUnsynced,
)
from services.database import in_batches
from services.matching.tiers import Tier

#: A customer who is linked already counts from here on: the books tell those two apart.
TAKEN_BITS = 3.0
BINNED = (RemoteState.UNSYNCED, RemoteState.IGNORED)
TWIN_STATES = (RemoteState.UNSYNCED, RemoteState.LINKED)
#: Importing these again would go against what somebody did here.
SOMEBODYS_WILL = (WhyUnsynced.REMOVED_HERE, WhyUnsynced.LET_GO)
#: Rows that are worked out at once.
CHUNK_ROWS = 2_000
#: Of more rows than these, going through the whole account in order is quicker.
MANY_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """Our customer that a row could be, if nobody told the two apart.

    `is_taken`: linked to another remote customer of the account, or decided to be.
    """

    score: float
    is_exact: bool
    is_taken: bool


@dataclass(frozen=True, slots=True)
class BinFacts:
    """What decides the bin of a row.

    `has_twin`: another one in the file looks like it. `is_overtaken`: whom a person chose was
    linked to another since. `was_taken_out`: a person removed or unlinked it here.
    """

    is_compared: bool
    choice: ChosenOutcome | None = None
    is_overtaken: bool = False
    candidates: tuple[Candidate, ...] = ()
    has_twin: bool = False
    was_taken_out: bool = False


def decide_bin(facts: BinFacts) -> Bin:
    """Return what an import would do: as a person decided, else only what is beyond doubt."""
    if facts.is_overtaken:
        return Bin.MAYBE
    if facts.choice is not None:
        return Bin.SAME if facts.choice is ChosenOutcome.LINK else Bin.NEW
    if not facts.is_compared:
        return Bin.WAITING
    if facts.was_taken_out:
        return Bin.MAYBE
    counting = [each for each in facts.candidates if not each.is_taken or each.score >= TAKEN_BITS]
    if not counting and not facts.has_twin:
        return Bin.NEW
    if facts.has_twin or sum(each.is_exact for each in counting) != 1:
        return Bin.MAYBE
    best = max(counting, key=lambda each: each.score)
    return Bin.SAME if best.is_exact and not best.is_taken else Bin.MAYBE


def refresh_bins(
    session: Session,
    account_id: int,
    remote_row_ids: Collection[int] | None,
    *,
    customer_ids: Collection[int] = (),
) -> None:
    """Bring bins up to date, in the caller's transaction; None means the whole account.

    Beside the named rows those are looked at that look like them or could be the same customer,
    and those that could be one of `customer_ids` (who were linked or let go). Only rows whose bin
    changes are written. 100,000 rows take seconds, a handful milliseconds.
    """
    session.flush()
    if remote_row_ids is None or len(remote_row_ids) > MANY_ROWS:
        for ids in in_batches(_whole_account(session, account_id), CHUNK_ROWS):
            _refresh(session, account_id, RemoteCustomer.id.between(ids[0], ids[-1]))
        return
    around = _around(session, account_id, set(remote_row_ids), set(customer_ids))
    for ids in in_batches(sorted(around), CHUNK_ROWS):
        _refresh(session, account_id, RemoteCustomer.id.in_(ids))


def is_told_apart(remote: type[RemoteCustomer] = RemoteCustomer) -> ColumnElement[bool]:
    """Return the condition that a person told a suggestion's two apart; both are in the query."""
    return exists().where(
        ToldApart.account_id == remote.account_id,
        ToldApart.remote_id == remote.remote_id,
        ToldApart.customer_id == MatchSuggestion.customer_id,
    )


def is_taken() -> ColumnElement[bool]:
    """Return the condition that a suggestion's customer belongs to another of the account.

    RemoteCustomer is in the query beside MatchSuggestion.
    """
    # The sums keep SQLite from searching the whole account for each of its rows.
    is_linked = exists().where(
        CustomerLink.customer_id == MatchSuggestion.customer_id,
        CustomerLink.account_id + 0 == RemoteCustomer.account_id,
        CustomerLink.remote_id != RemoteCustomer.remote_id,
    )
    is_chosen = exists().where(
        ReviewChoice.customer_id == MatchSuggestion.customer_id,
        ReviewChoice.account_id + 0 == RemoteCustomer.account_id,
        ReviewChoice.remote_customer_id != RemoteCustomer.id,
    )
    return or_(is_linked, is_chosen)


def is_overtaken() -> ColumnElement[bool]:
    """Return the condition that a choice's customer was linked to another after it was made.

    RemoteCustomer is in the query beside ReviewChoice. Who had been linked before was chosen
    knowingly.
    """
    return exists().where(
        CustomerLink.customer_id == ReviewChoice.customer_id,
        CustomerLink.account_id + 0 == RemoteCustomer.account_id,
        CustomerLink.remote_id != RemoteCustomer.remote_id,
        CustomerLink.linked_at > ReviewChoice.decided_at,
    )


def _whole_account(session: Session, account_id: int) -> Sequence[int]:
    return session.scalars(
        select(RemoteCustomer.id)
        .where(RemoteCustomer.account_id == account_id, RemoteCustomer.state.in_(BINNED))
        .order_by(RemoteCustomer.id)
    ).all()


def _around(
    session: Session, account_id: int, row_ids: set[int], customer_ids: set[int]
) -> set[int]:
    """Return the rows with those whose bin may follow from theirs or from the customers."""
    wanted = set(row_ids)
    for batch in in_batches(row_ids):
        alike = select(LookAlike.other_id).where(LookAlike.remote_customer_id.in_(batch))
        wanted.update(session.scalars(alike))
        of_rows = select(MatchSuggestion.customer_id).where(
            MatchSuggestion.remote_customer_id.in_(batch),
            MatchSuggestion.tier == Tier.EXACT.value,
        )
        customer_ids.update(session.scalars(of_rows))
    for batch in in_batches(customer_ids):
        of_customers = select(MatchSuggestion.remote_customer_id).where(
            MatchSuggestion.customer_id.in_(batch), MatchSuggestion.account_id + 0 == account_id
        )
        wanted.update(session.scalars(of_customers))
    return wanted


def _refresh(session: Session, account_id: int, chunk: ColumnElement[bool]) -> None:
    rows = session.execute(
        select(
            RemoteCustomer.id,
            RemoteCustomer.bin,
            RemoteCustomer.kept_revision,
            RemoteCustomer.why,
            ReviewChoice.outcome,
            is_overtaken(),
        )
        .outerjoin(ReviewChoice, ReviewChoice.remote_customer_id == RemoteCustomer.id)
        .where(RemoteCustomer.account_id + 0 == account_id, RemoteCustomer.state.in_(BINNED), chunk)
    ).all()
    candidates = _candidates(session, chunk)
    twins = _with_twin(session, chunk)
    changed: dict[Bin, list[int]] = defaultdict(list)
    for row_id, before, kept_revision, why, choice, overtaken in rows:
        facts = BinFacts(
            is_compared=kept_revision > 0,
            choice=choice,
            is_overtaken=bool(overtaken),
            candidates=tuple(candidates.get(row_id, ())),
            has_twin=row_id in twins,
            was_taken_out=why in SOMEBODYS_WILL,
        )
        if (bin_now := decide_bin(facts)) is not before:
            changed[bin_now].append(row_id)
    for bin_now, ids in changed.items():
        session.execute(
            update(RemoteCustomer)
            .where(RemoteCustomer.id.in_(ids))
            .values(bin=bin_now)
            .execution_options(synchronize_session=False)
        )


def _candidates(session: Session, chunk: ColumnElement[bool]) -> dict[int, list[Candidate]]:
    rows = session.execute(
        select(
            MatchSuggestion.remote_customer_id,
            MatchSuggestion.score,
            MatchSuggestion.tier,
            is_taken(),
            _is_contested(),
        )
        .join(RemoteCustomer, RemoteCustomer.id == MatchSuggestion.remote_customer_id)
        .where(chunk, RemoteCustomer.state.in_(BINNED), ~is_told_apart())
    )
    found: dict[int, list[Candidate]] = defaultdict(list)
    for row_id, score, tier, taken, contested in rows:
        is_exact = tier == Tier.EXACT.value and not contested
        found[row_id].append(Candidate(score, is_exact=is_exact, is_taken=bool(taken)))
    return found


def _is_contested() -> ColumnElement[bool]:
    """Return the condition that another unsynced one is exactly a suggestion's customer, too."""
    rival, suggestion = aliased(RemoteCustomer), aliased(MatchSuggestion)
    is_apart = exists().where(
        ToldApart.account_id == rival.account_id,
        ToldApart.remote_id == rival.remote_id,
        ToldApart.customer_id == suggestion.customer_id,
    )
    return (MatchSuggestion.tier == Tier.EXACT.value) & exists().where(
        suggestion.customer_id == MatchSuggestion.customer_id,
        suggestion.tier == Tier.EXACT.value,
        suggestion.remote_customer_id != MatchSuggestion.remote_customer_id,
        rival.id == suggestion.remote_customer_id,
        rival.account_id + 0 == RemoteCustomer.account_id,
        rival.state == RemoteState.UNSYNCED,
        ~is_apart,
    )


def _with_twin(session: Session, chunk: ColumnElement[bool]) -> set[int]:
    twin = aliased(RemoteCustomer)
    is_apart = exists().where(
        ToldApart.account_id == RemoteCustomer.account_id,
        ToldApart.remote_id == RemoteCustomer.remote_id,
        ToldApart.other_remote_id == twin.remote_id,
    )
    return set(
        session.scalars(
            select(LookAlike.remote_customer_id)
            .join(RemoteCustomer, RemoteCustomer.id == LookAlike.remote_customer_id)
            .join(twin, twin.id == LookAlike.other_id)
            .where(
                chunk,
                RemoteCustomer.state.in_(BINNED),
                twin.state.in_(TWIN_STATES),
                ~is_apart,
            )
        )
    )
