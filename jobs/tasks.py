"""The jobs, as plain functions of the runtime and a row id; no engine is known here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack

from services.customer_import import IMPORT_JOB, due_imports, run_import
from services.database import only_reading
from services.heartbeat import TICK, note_beat, note_token_key
from services.link_sending import due_links, send_link, send_links
from services.mail_heartbeat import begin_round
from services.match_job import MATCH_JOB, due_matches, match_account
from services.one_time_links import LINK_JOB
from services.reading_queue import end_abandoned, has_waiting, keep_waiting
from services.readings import refresh
from services.rechecks import start_rechecks
from services.recipient_questions import send_confirmations
from services.reconnect_mail import tell_admins
from services.report_delivery import DELIVERY_JOB, deliver_due, deliver_one
from services.retention import clear_old
from services.runtime import Runtime
from services.token_upkeep import keep_tokens
from services.unsynced import READ_JOB

JOBS: Mapping[str, Callable[[Runtime, int], None]] = {
    READ_JOB: refresh,
    IMPORT_JOB: run_import,
    MATCH_JOB: match_account,
    DELIVERY_JOB: deliver_one,
    LINK_JOB: send_link,
}


def tick(runtime: Runtime) -> None:
    """Do what is due every minute: beat, end what a killed process has left, start re-checks.

    Late, because it may wait for a provider, tokens that nobody uses are kept alive; last, and once
    a day, what is too old is cleared.
    """
    with runtime.sessions() as session:
        note_beat(session, name=TICK, now=runtime.clock())
        note_token_key(session, runtime.vault.newest_key, now=runtime.clock())
        end_abandoned(session, now=runtime.clock())
    _take_all(runtime, start_rechecks, keep_tokens, clear_old)


def deliver_reports(runtime: Runtime) -> None:
    """Send links that wait, then the reports that are due, questions, and notices of endings.

    Every minute, and apart from the tick: a silent mail server may hold this one for minutes. So
    it has a heartbeat of its own.
    """
    runtime = begin_round(runtime)
    _take_all(runtime, send_links, deliver_due, send_confirmations, tell_admins)


def _take_all(runtime: Runtime, *steps: Callable[[Runtime], None]) -> None:
    """Take each step though one before it broke; then raise what did, the others with it.

    One row that always breaks its step would keep all that follow from ever being taken.
    """
    with ExitStack() as stack:
        for step in reversed(steps):
            stack.callback(step, runtime)


def sweep(runtime: Runtime) -> None:
    """Wake what a lost wake-up or a killed process has left; doing it twice does nothing."""
    with only_reading(), runtime.sessions() as session:
        due = due_imports(session, now=runtime.clock())
        unmatched = due_matches(session, now=runtime.clock())
        is_any_waiting = has_waiting(session, now=runtime.clock())
    for run_id in due:
        runtime.wake(IMPORT_JOB, run_id)
    for account_id in unmatched:
        runtime.wake(MATCH_JOB, account_id)
    # Here as well as in the minute's beat: somebody waits, and that beat may hold reports.
    for link_id in due_links(runtime):
        runtime.wake(LINK_JOB, link_id)
    if is_any_waiting:
        with runtime.sessions() as session:
            waiting = keep_waiting(session, now=runtime.clock())
        for reading_id in waiting:
            runtime.wake(READ_JOB, reading_id)
