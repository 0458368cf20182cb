"""What an undo does with a customer follows from what happened since the import."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models import ImportState, ItemOutcome, RunKind
from services.import_outcomes import OutcomeReason
from services.import_undo import UNDO_WITHIN, can_undo
from services.undo_decision import UndoFacts, Work, decide_undo, edited_words

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EDITED = Work(OutcomeReason.EDITED, "e-mail edited since the import", 7, NOON)
ELSEWHERE = Work(OutcomeReason.LINKED_ELSEWHERE, "", None, NOON + timedelta(hours=1))
CREATED, LINKED = ItemOutcome.CREATED, ItemOutcome.LINKED


def _facts(outcome: ItemOutcome, **values: Any) -> UndoFacts:
    return UndoFacts(outcome, **{"is_here": True, "is_linked": True} | values)


@pytest.mark.parametrize(
    ("facts", "outcome", "reason"),
    [
        (_facts(CREATED), "removed", "removed_untouched"),
        (_facts(CREATED, is_mailed=True), "removed", "removed_mailed"),
        (_facts(CREATED, works=[EDITED]), "kept", "edited"),
        (_facts(CREATED, is_here=False), "skipped", "already_removed"),
        (_facts(LINKED), "unlinked", "unlinked"),
        (_facts(LINKED, works=[EDITED, ELSEWHERE]), "unlinked", "unlinked"),
        (_facts(LINKED, is_linked=False), "skipped", "already_unlinked"),
        (_facts(LINKED, is_here=False), "skipped", "already_removed"),
    ],
)
def test_each_customer_ends_once_with_a_reason(facts: UndoFacts, outcome: str, reason: str) -> None:
    result = decide_undo(facts)

    assert (result.outcome.value, result.reason.code) == (outcome, reason)
    assert result.words


def test_the_newest_work_is_told() -> None:
    unknown = Work(OutcomeReason.MERGED_INTO)

    result = decide_undo(_facts(CREATED, works=[unknown, ELSEWHERE, EDITED]))

    assert result.work is ELSEWHERE


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([], ""),
        (["email"], "e-mail edited since the import"),
        (["phone", "email", "phone"], "e-mail and phone edited since the import"),
        (["address", "phone", "name"], "name, phone and address edited since the import"),
    ],
)
def test_the_edited_fields_are_named(fields: list[str], words: str) -> None:
    assert edited_words(fields) == words


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, True),
        ({"state": ImportState.STOPPED}, True),
        ({"now": NOON + UNDO_WITHIN}, True),
        ({"now": NOON + UNDO_WITHIN + timedelta(seconds=1)}, False),
        ({"is_undone": True}, False),
        ({"kind": RunKind.UNDO}, False),
        ({"state": ImportState.RUNNING, "finished_at": None}, False),
        ({"state": ImportState.PAUSED, "finished_at": None}, False),
    ],
)
def test_an_ended_import_can_be_undone_for_thirty_days(
    values: dict[str, Any], expected: bool
) -> None:
    run: dict[str, Any] = {
        "kind": RunKind.IMPORT,
        "state": ImportState.FINISHED,
        "finished_at": NOON,
        "is_undone": False,
        "now": NOON + timedelta(days=1),
    } | values

    answer = can_undo(
        run["kind"],
        run["state"],
        run["finished_at"],
        is_undone=run["is_undone"],
        now=run["now"],
    )

    assert answer is expected
