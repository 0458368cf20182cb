"""Write what matching has found: suggestions, look-alikes, and that a row has been compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import bindparam, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from models import Customer, LookAlike, MatchSuggestion, RemoteCustomer
from services.bins import refresh_bins
from services.database import BATCH_ROWS, in_batches
from services.matching.keeping import reasons_text
from services.matching.look_alikes import LookAlikes
from services.matching.tiers import Suggestion

#: customer, tier, score, reasons: one suggestion of a remote customer.
Found = tuple[int, str, float, str]
#: other remote customer, reasons: one look-alike.
Twin = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found of remote customers, by row id, ready to be written."""

    suggestions: Mapping[int, list[Found]] = field(default_factory=dict)
    twins: Mapping[int, list[Twin]] = field(default_factory=dict)


def findings_of(suggestions: Iterable[Suggestion], pairs: Iterable[LookAlikes]) -> Findings:
    """Return the findings by remote customer; a pair of look-alikes stands with both."""
    found: defaultdict[int, list[Found]] = defaultdict(list)
    for one in suggestions:
        values = (int(one.our_id), one.tier.value, one.score, reasons_text(one.reasons))
        found[int(one.their_id)].append(values)
    twins: defaultdict[int, list[Twin]] = defaultdict(list)
    for pair in pairs:
        reasons = reasons_text(pair.reasons)
        twins[int(pair.one_id)].append((int(pair.other_id), reasons))
        twins[int(pair.other_id)].append((int(pair.one_id), reasons))
    return Findings(found, twins)


def write_findings(
    session: Session,
    account_id: int,
    findings: Findings,
    *,
    row_ids: Collection[int],
    seen: Mapping[int, int],
    is_whole: bool,
) -> None:
    """Replace what was found of these rows, in the caller's transaction, and refresh their bins.

    `seen` is the revision at which a row was compared: one that has changed since stays unkept.
    In a whole matching every row is written in its turn; else a look-alike is written on both
    sides at once.
    """
    _write_suggestions(session, account_id, findings, row_ids)
    partners = _write_twins(session, findings, row_ids, is_whole=is_whole)
    _note_compared(session, seen)
    refresh_bins(session, account_id, sorted({*row_ids, *partners}))


def _write_suggestions(
    session: Session, account_id: int, findings: Findings, row_ids: Collection[int]
) -> None:
    """Write only the rows whose suggestions differ: most are as they were."""
    stored = _stored_suggestions(session, row_ids)
    wanted = {row_id: sorted(findings.suggestions.get(row_id, ())) for row_id in row_ids}
    changed = [row_id for row_id in row_ids if wanted[row_id] != sorted(stored[row_id])]
    if not changed:
        return
    session.execute(delete(MatchSuggestion).where(MatchSuggestion.remote_customer_id.in_(changed)))
    # Who was removed here since the lists were read is nobody's suggestion any more.
    present = _present_customers(session, {one[0] for row in changed for one in wanted[row]})
    rows = [
        {
            "account_id": account_id,
            "remote_customer_id": row_id,
            "customer_id": customer_id,
            "tier": tier,
            "score": score,
            "reasons": reasons,
        }
        for row_id in changed
        for customer_id, tier, score, reasons in wanted[row_id]
        if customer_id in present
    ]
    if rows:
        session.connection().execute(insert(MatchSuggestion.__table__), rows)  # type: ignore[arg-type]


def _stored_suggestions(
    session: Session, row_ids: Collection[int]
) -> defaultdict[int, list[Found]]:
    rows = session.execute(
        select(
            MatchSuggestion.remote_customer_id,
            MatchSuggestion.customer_id,
            MatchSuggestion.tier,
            MatchSuggestion.score,
            MatchSuggestion.reasons,
        ).where(MatchSuggestion.remote_customer_id.in_(row_ids))
    )
    stored: defaultdict[int, list[Found]] = defaultdict(list)
    for row_id, customer_id, tier, score, reasons in rows:
        stored[row_id].append((customer_id, tier, score, reasons))
    return stored


def _present_customers(session: Session, customer_ids: set[int]) -> set[int]:
    return {
        customer_id
        for batch in in_batches(sorted(customer_ids), BATCH_ROWS)
        for customer_id in session.scalars(select(Customer.id).where(Customer.id.in_(batch)))
    }


def _write_twins(
    session: Session, findings: Findings, row_ids: Collection[int], *, is_whole: bool
) -> set[int]:
    """Replace the look-alikes of these rows; return whose look-alikes changed on the other side."""
    own = LookAlike.remote_customer_id.in_(row_ids)
    touched = own if is_whole else or_(own, LookAlike.other_id.in_(row_ids))
    stored = {
        (row_id, other_id, reasons)
        for row_id, other_id, reasons in session.execute(
            select(LookAlike.remote_customer_id, LookAlike.other_id, LookAlike.reasons).where(
                touched
            )
        )
    }
    wanted = set()
    for row_id in row_ids:
        for other_id, reasons in findings.twins.get(row_id, ()):
            wanted.add((row_id, other_id, reasons))
            if not is_whole:
                wanted.add((other_id, row_id, reasons))
    _replace_twins(session, sorted(stored - wanted), sorted(wanted - stored))
    return {row_id for row_id, _, _ in stored ^ wanted}


def _replace_twins(
    session: Session, gone: Sequence[tuple[int, int, str]], new: Sequence[tuple[int, int, str]]
) -> None:
    table = LookAlike.__table__
    connection = session.connection()
    if gone:
        statement = delete(table).where(  # type: ignore[arg-type]
            LookAlike.remote_customer_id == bindparam("b_one"),
            LookAlike.other_id == bindparam("b_other"),
        )
        connection.execute(statement, [{"b_one": one, "b_other": other} for one, other, _ in gone])
    if new:
        rows = [
            {"remote_customer_id": one, "other_id": other, "reasons": reasons}
            for one, other, reasons in new
        ]
        connection.execute(insert(table), rows)  # type: ignore[arg-type]


def _note_compared(session: Session, seen: Mapping[int, int]) -> None:
    if not seen:
        return
    statement = (
        update(RemoteCustomer.__table__)  # type: ignore[arg-type]
        .where(
            RemoteCustomer.id == bindparam("b_id"), RemoteCustomer.revision == bindparam("b_seen")
        )
        .values(kept_revision=bindparam("b_seen"))
    )
    rows = [{"b_id": row_id, "b_seen": revision} for row_id, revision in seen.items()]
    session.connection().execute(statement, rows)
