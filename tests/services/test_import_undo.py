"""An undo is asked for once, says before what it will do, and can be interrupted at any batch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    AuditEvent,
    Bin,
    Customer,
    DeliveryState,
    ImportItem,
    ImportRun,
    ImportState,
    ItemOutcome,
    RemoteCustomer,
    ReportDelivery,
)
from services import import_undo
from services.audit import AuditAction
from services.customer_import import IMPORT_JOB
from services.customer_removal import remove_customer
from services.import_undo import (
    NothingToUndo,
    UndoRunning,
    UndoTooLate,
    UnknownImport,
    plan_undo,
)
from services.runtime import Runtime
from services.undo_facts import Standings, read_standings
from tests.conftest import Clock, WakeUps
from tests.factories import make_report_recipient
from tests.matching_factories import make_suggestion
from tests.services.undoing import Undoing


@pytest.fixture
def undoing(session: Session, runtime: Runtime) -> Undoing:
    return Undoing(session, runtime)


def _plan(undoing: Undoing, run: ImportRun) -> tuple[int, int, int, int]:
    now = undoing.runtime.clock()
    plan = plan_undo(undoing.session, undoing.company.id, run.public_id, now=now)
    return plan.remove, plan.unlink, plan.keep, plan.skip


def _same(undoing: Undoing) -> tuple[RemoteCustomer, Customer]:
    both = {"name": "Cool Cars", "email": "office@example.com"}
    here, remote = undoing.here(**both), undoing.there(**both, phone="415 555 0123", bin=Bin.SAME)
    make_suggestion(undoing.session, remote, here)
    return remote, here


def _counts(undo: ImportRun) -> tuple[int, int, int, int]:
    return undo.removed_count, undo.unlinked_count, undo.kept_count, undo.skipped_count


@pytest.mark.both_databases
def test_the_question_says_what_the_undo_then_does(undoing: Undoing) -> None:
    untouched, edited, elsewhere, gone, let_go = (undoing.there() for _ in range(5))
    linked, _ = _same(undoing)
    run = undoing.imported(untouched, edited, elsewhere, gone, let_go, linked)
    mel = undoing.mel()
    undoing.edit(undoing.customer_of(edited), mel, phone="415 555 0123")
    undoing.elsewhere(undoing.customer_of(elsewhere))
    undoing.let_go(let_go, undoing.customer_of(let_go))
    now = undoing.runtime.clock()
    remove_customer(undoing.session, mel, undoing.customer_of(gone).public_id, now=now)
    plan = plan_undo(undoing.session, undoing.company.id, run.public_id, now=now)

    undo = undoing.undone(run)

    assert (plan.remove, plan.unlink, plan.keep, plan.skip) == (1, 1, 3, 1) == _counts(undo)
    assert plan.total == undo.chosen_count
    assert [(row.code, row.by_name) for row in plan.kept] == [
        ("edited", "Mel Osei"),
        ("linked_elsewhere", ""),
        ("already_unlinked", undoing.ada.name),
    ]
    assert plan.kept[0].reason == "phone edited since the import"
    assert plan.until_at == now + timedelta(days=30)


def test_asking_wakes_the_job_and_writes_an_item_for_each(
    undoing: Undoing, wake_ups: WakeUps
) -> None:
    remotes = [undoing.there() for _ in range(3)]
    run = undoing.imported(*remotes)

    undo = undoing.ask(run)

    assert wake_ups.rows[-1] == (IMPORT_JOB, undo.id)
    assert (undo.state, undo.chosen_count, undo.undoes_id) == (ImportState.QUEUED, 3, run.id)
    items = undoing.session.scalars(select(ImportItem).where(ImportItem.run_id == undo.id)).all()
    assert {item.outcome for item in items} == {ItemOutcome.PENDING}
    assert None not in {item.customer_id for item in items}


def test_a_second_click_is_shown_the_first_undo(undoing: Undoing) -> None:
    run = undoing.imported(undoing.there())
    undo = undoing.ask(run)

    with pytest.raises(UndoRunning) as refused:
        undoing.ask(run)

    assert refused.value.public_id == undo.public_id
    assert undoing.count(ImportRun) == 2


def test_a_second_click_after_a_quick_undo_is_shown_that_one(undoing: Undoing) -> None:
    run = undoing.imported(undoing.there())
    undo = undoing.undone(run)

    with pytest.raises(UndoRunning) as refused:
        undoing.ask(run)

    assert refused.value.public_id == undo.public_id


def test_of_many_who_stay_only_those_shown_are_read(
    undoing: Undoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    remotes = [undoing.there() for _ in range(5)]
    run = undoing.imported(*remotes)
    for remote in remotes:
        undoing.edit(undoing.customer_of(remote), phone="415 555 0123")
    asked: list[str] = []

    def read(session: Session, undone: ImportRun, remote_ids: Sequence[str]) -> Standings:
        asked.extend(remote_ids)
        return read_standings(session, undone, remote_ids)

    monkeypatch.setattr(import_undo, "KEPT_SHOWN", 2)
    monkeypatch.setattr(import_undo, "read_standings", read)
    plan = plan_undo(undoing.session, run.company_id, run.public_id, now=undoing.runtime.clock())

    assert (plan.keep, plan.total, len(plan.kept)) == (5, 5, 2)
    assert asked == sorted(remote.remote_id for remote in remotes)[:2]


def test_what_was_undone_cannot_be_undone_again(undoing: Undoing, clock: Clock) -> None:
    run = undoing.imported(undoing.there())
    undoing.undone(run)
    clock.advance(minutes=2)

    with pytest.raises(NothingToUndo):
        undoing.ask(run)


def test_an_undo_cannot_be_undone(undoing: Undoing) -> None:
    run = undoing.imported(undoing.there())
    undo = undoing.undone(run)

    with pytest.raises(NothingToUndo):
        undoing.ask(undo)


def test_an_import_that_runs_cannot_be_undone_yet(undoing: Undoing) -> None:
    run = undoing.start(undoing.there())

    with pytest.raises(NothingToUndo):
        undoing.ask(run)


def test_an_import_that_brought_nobody_has_nothing_to_undo(undoing: Undoing) -> None:
    remote, _ = undoing.doubtful()
    run = undoing.imported(remote)

    with pytest.raises(NothingToUndo):
        _plan(undoing, run)


def test_after_thirty_days_it_is_too_late(undoing: Undoing, clock: Clock) -> None:
    run = undoing.imported(undoing.there())
    clock.advance(days=30, seconds=1)

    with pytest.raises(UndoTooLate):
        undoing.ask(run)

    with pytest.raises(UndoTooLate):
        _plan(undoing, run)


def test_another_company_knows_no_such_import(
    undoing: Undoing, session: Session, runtime: Runtime
) -> None:
    run = undoing.imported(undoing.there())
    other = Undoing(session, runtime)

    with pytest.raises(UnknownImport):
        undoing.ask(run, other.ada)

    with pytest.raises(UnknownImport):
        _plan(other, run)


def test_the_end_of_an_undo_is_written_down(undoing: Undoing) -> None:
    linked, _ = _same(undoing)
    run = undoing.imported(undoing.there(), linked)

    undo = undoing.undone(run)

    event = undoing.session.scalars(
        select(AuditEvent).where(AuditEvent.action == AuditAction.UNDONE.value)
    ).one()
    assert (event.subject, event.user_id) == (undo.public_id, undoing.ada.user_id)
    assert event.detail.startswith("1 removed, 1 unlinked")


def test_question_and_receipt_tell_who_was_named_in_a_mailed_report(undoing: Undoing) -> None:
    named, nameless, edited = undoing.there(), undoing.there(email=None), undoing.there()
    run = undoing.imported(named, nameless, edited)
    undoing.edit(undoing.customer_of(edited), phone="415 555 0123")
    _mail_report(undoing)
    now = undoing.runtime.clock()
    plan = plan_undo(undoing.session, undoing.company.id, run.public_id, now=now)

    undo = undoing.undone(run)

    assert plan.mailed == 1
    assert undoing.codes(undo) == {
        named.remote_id: "removed removed_mailed",
        nameless.remote_id: "removed removed_untouched",
        edited.remote_id: "kept edited",
    }


def _mail_report(undoing: Undoing) -> None:
    now = undoing.runtime.clock()
    recipient = make_report_recipient(undoing.session, undoing.company)
    undoing.session.add(
        ReportDelivery(
            company_id=undoing.company.id,
            recipient_id=recipient.id,
            first_day_on=now.date(),
            day_on=now.date(),
            window_start_at=now - timedelta(hours=12),
            window_end_at=now + timedelta(hours=12),
            message_id="<report@example.com>",
            state=DeliveryState.SENT,
            next_attempt_at=now,
            due_at=now,
        )
    )
    undoing.session.commit()
