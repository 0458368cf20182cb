"""What becomes of a row: by one rule, held against what a person was told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Bin, ItemOutcome, PlannedOutcome, RemoteState
from services.import_decision import (
    ANOTHER_REVISION,
    NOBODY,
    RowFacts,
    RowNow,
    Standing,
    Told,
    decide,
    plan_row,
    told_about,
)
from services.import_outcomes import OutcomeReason

CREATE, LINK, ASK, WAIT = PlannedOutcome
UNSYNCED = RemoteState.UNSYNCED
ANN, BEN = 7, 8

facts = st.builds(
    RowFacts,
    state=st.sampled_from(RemoteState),
    bin=st.sampled_from(Bin),
    is_stale=st.booleans(),
    was_taken_out=st.booleans(),
)
customers = st.sampled_from([None, NOBODY, ANN, BEN])
plans = st.sampled_from([None, *PlannedOutcome])
standings = st.sampled_from(Standing)
tolds = st.builds(Told, plans, customers, st.sampled_from([ANOTHER_REVISION, 0, 1, 2]), standings)
rows = st.builds(RowNow, facts, st.sampled_from([1, 2]), customers, standings, st.booleans())


def _facts(bin_: Bin, **more: bool) -> RowFacts:
    return RowFacts(UNSYNCED, bin_, **more)


def _now(bin_: Bin, customer_id: int | None = None, **more: bool) -> RowNow:
    standing = Standing.GONE if customer_id is None else Standing.FREE
    return RowNow(_facts(bin_, **more), 1, customer_id, standing)


@pytest.mark.parametrize(
    ("row", "careful", "generous"),
    [
        (_facts(Bin.NEW), CREATE, CREATE),
        (_facts(Bin.SAME), LINK, LINK),
        (_facts(Bin.MAYBE), ASK, CREATE),
        (_facts(Bin.WAITING), WAIT, WAIT),
        (_facts(Bin.NEW, is_stale=True), WAIT, CREATE),
        (_facts(Bin.MAYBE, was_taken_out=True), ASK, ASK),
        (_facts(Bin.WAITING, was_taken_out=True), ASK, ASK),
        (_facts(Bin.NEW, was_taken_out=True), CREATE, CREATE),
        (RowFacts(RemoteState.IGNORED, Bin.NEW), None, None),
    ],
)
def test_each_kind_of_row_has_its_plan(
    row: RowFacts, careful: PlannedOutcome | None, generous: PlannedOutcome | None
) -> None:
    assert plan_row(row, creates_maybes=False) is careful
    assert plan_row(row, creates_maybes=True) is generous


@pytest.mark.parametrize(
    ("told", "now", "reason"),
    [
        (Told(CREATE, None, 1), None, OutcomeReason.GONE),
        (Told(CREATE, None, 2), _now(Bin.NEW), OutcomeReason.CHANGED),
        (Told(CREATE, None, ANOTHER_REVISION), _now(Bin.NEW), OutcomeReason.CHANGED),
        (Told(CREATE, None, 1), _now(Bin.SAME, ANN), OutcomeReason.DIFFERENT),
        (Told(CREATE, None, 1), _now(Bin.MAYBE), OutcomeReason.DIFFERENT),
        (Told(CREATE, None, 1), _now(Bin.WAITING), OutcomeReason.NOT_COMPARED),
        (Told(ASK, None, 1), _now(Bin.NEW), OutcomeReason.DIFFERENT),
        (Told(ASK, None, 1), _now(Bin.MAYBE), OutcomeReason.WAITS),
        (Told(LINK, ANN, 1), _now(Bin.SAME, BEN), OutcomeReason.DIFFERENT),
        (Told(LINK, ANN, 1), _now(Bin.NEW), OutcomeReason.DIFFERENT),
        (Told(LINK, ANN, 1, Standing.GONE), _now(Bin.NEW), OutcomeReason.TARGET_GONE),
        (Told(LINK, ANN, 1, Standing.TAKEN), _now(Bin.MAYBE), OutcomeReason.TARGET_TAKEN),
        (Told(WAIT, None, 1), _now(Bin.MAYBE), OutcomeReason.WAITS),
        (Told(WAIT, None, 1), _now(Bin.SAME), OutcomeReason.TARGET_GONE),
    ],
)
def test_a_row_that_is_another_now_is_left_and_told(
    told: Told, now: RowNow | None, reason: OutcomeReason
) -> None:
    assert decide(told, now, creates_maybes=False).reason is reason


@pytest.mark.parametrize(
    ("told", "now", "outcome"),
    [
        (Told(CREATE, None, 1), _now(Bin.NEW), ItemOutcome.CREATED),
        (Told(LINK, ANN, 1), _now(Bin.SAME, ANN), ItemOutcome.LINKED),
        (Told(WAIT, None, 1), _now(Bin.NEW), ItemOutcome.CREATED),
        (Told(WAIT, None, 1), _now(Bin.SAME, ANN), ItemOutcome.LINKED),
        (Told(), _now(Bin.SAME, ANN), ItemOutcome.LINKED),
    ],
)
def test_what_was_told_is_done(told: Told, now: RowNow, outcome: ItemOutcome) -> None:
    assert decide(told, now, creates_maybes=False).outcome is outcome


def test_whoever_came_here_uncompared_is_not_created_again() -> None:
    now = RowNow(_facts(Bin.NEW), 1, is_here_uncompared=True)

    assert decide(Told(CREATE, None, 1), now, creates_maybes=True).reason is OutcomeReason.DIFFERENT


def test_a_customer_who_changed_since_the_comparison_is_not_linked() -> None:
    now = RowNow(_facts(Bin.SAME), 1, ANN, Standing.STALE)

    result = decide(Told(LINK, ANN, 1), now, creates_maybes=True)

    assert result.reason is OutcomeReason.NOT_COMPARED


@given(tolds, st.none() | rows, st.booleans())
def test_nothing_is_done_that_was_not_told(
    told: Told, now: RowNow | None, creates_maybes: bool
) -> None:
    result = decide(told, now, creates_maybes=creates_maybes)

    if result.outcome in (ItemOutcome.CREATED, ItemOutcome.LINKED):
        assert now is not None
        assert now.facts.state is UNSYNCED
        assert told.seen_revision in (0, now.revision)
        done = CREATE if result.outcome is ItemOutcome.CREATED else LINK
        assert told.planned in (None, WAIT, done)
    else:
        assert result.outcome in (ItemOutcome.SKIPPED, ItemOutcome.FAILED)
        assert result.reason is not None


@given(tolds, rows, st.booleans())
def test_a_link_goes_to_whom_the_person_was_told(
    told: Told, now: RowNow, creates_maybes: bool
) -> None:
    result = decide(told, now, creates_maybes=creates_maybes)

    if result.outcome is ItemOutcome.LINKED:
        assert result.customer_id == now.customer_id
        assert now.standing is Standing.FREE
        assert told.planned is not LINK or told.customer_id == now.customer_id


@given(rows, st.booleans())
def test_nobody_whom_somebody_took_from_here_comes_back_undecided(
    now: RowNow, creates_maybes: bool
) -> None:
    result = decide(Told(), now, creates_maybes=creates_maybes)

    if now.facts.was_taken_out and now.facts.bin in (Bin.MAYBE, Bin.WAITING):
        assert result.outcome not in (ItemOutcome.CREATED, ItemOutcome.LINKED)


@given(rows, st.booleans())
def test_what_stands_as_told_is_carried_out_as_planned(now: RowNow, creates_maybes: bool) -> None:
    planned = plan_row(now.facts, creates_maybes=creates_maybes)
    told = Told(planned, now.customer_id, now.revision)

    result = decide(told, now, creates_maybes=creates_maybes)

    if planned is CREATE:
        assert (result.outcome is ItemOutcome.CREATED) is not now.is_here_uncompared
    if planned is LINK:
        assert (result.outcome is ItemOutcome.LINKED) is (now.standing is Standing.FREE)


@pytest.mark.parametrize(
    ("now", "seen", "beside", "told"),
    [
        (Told(CREATE, None, 3), "", None, Told(CREATE, None, 3)),
        (Told(CREATE, None, 3), "3", None, Told(CREATE, None, 3)),
        (Told(CREATE, None, 3), "2", None, Told(CREATE, None, ANOTHER_REVISION)),
        (Told(LINK, ANN, 3), "3", None, Told(CREATE, None, 3)),
        (Told(LINK, ANN, 3), "3.1.a", ANN, Told(LINK, ANN, 3)),
        (Told(LINK, ANN, 3), "3.1.b", BEN, Told(LINK, BEN, 3)),
        (Told(CREATE, None, 3), "3.1.a", NOBODY, Told(LINK, NOBODY, 3)),
        (Told(ASK, None, 3), "3.1.a", ANN, Told(ASK, None, 3)),
        (Told(WAIT, None, 3), "3", None, Told(WAIT, None, 3)),
        (Told(None, None, 3), "3", None, Told(None, None, 3)),
    ],
)
def test_a_token_says_what_the_person_saw(
    now: Told, seen: str, beside: int | None, told: Told
) -> None:
    assert told_about(now, seen=seen, seen_customer_id=beside) == told


def test_whoever_decided_to_create_saw_somebody_beside() -> None:
    now = Told(CREATE, None, 3)

    assert told_about(now, seen="3.1.a", seen_customer_id=ANN, is_decided=True) == now


def test_every_reason_has_a_code_that_fits_its_column() -> None:
    codes = {reason.code for reason in OutcomeReason}

    assert len(codes) == len(OutcomeReason)
    assert max(map(len, codes)) <= 32
    assert {"target_gone", "not_compared", "changed", "different", "stopped"} <= codes
