"""The facts of the diagnostics in words: the page and the plain text show the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from blueprints.fact_rows import Row, Times
from blueprints.server_rows import write_server_rows
from blueprints.words import HOUR_S, MINUTE_S, count_of
from models import ConnectionState, ReadingFailure, ReadingKind, ReconnectReason
from services.connection_facts import ConnectionFacts, ReadingFacts
from services.diagnostics import (
    Diagnostics,
    find_server_trouble,
    find_trouble,
    has_skewed_clock,
)
from services.lost_fields import WORDS
from services.report_trouble import ReportTrouble
from services.sentences import failure_words
from services.server_facts import ServerFacts

DAY_S = 24 * HOUR_S
KINDS = {ReadingKind.FULL: "whole list", ReadingKind.DELTA: "changes only"}
REASONS = {
    ReconnectReason.ENDED: ReadingFailure.RECONNECT_REQUIRED,
    ReconnectReason.SCOPE_MISSING: ReadingFailure.SCOPE_MISSING,
    ReconnectReason.ACCOUNT_GONE: ReadingFailure.ACCOUNT_GONE,
}


@dataclass(frozen=True, slots=True)
class Card:
    """The rows of one connection or of the server; `tag` says in a word how it stands."""

    title: str
    tag: str
    tone: str
    rows: tuple[Row, ...]


def write_cards(diagnostics: Diagnostics, *, times: Times) -> tuple[Card, ...]:
    """Return a card for each connection, and the server's last."""
    cards = [_connection_card(facts, times) for facts in diagnostics.connections]
    return (*cards, _server_card(diagnostics.server, diagnostics.report, times))


def _connection_card(facts: ConnectionFacts, times: Times) -> Card:
    tag, tone = _connection_tag(facts)
    return Card(facts.profile.label, tag, tone, tuple(_connection_rows(facts, times)))


def _server_card(server: ServerFacts, report: ReportTrouble | None, times: Times) -> Card:
    has_trouble = bool(find_server_trouble(server, report))
    tag, tone = ("Needs a look", "warn") if has_trouble else ("Working", "ok")
    return Card("This server", tag, tone, tuple(write_server_rows(server, report, times)))


def _connection_tag(facts: ConnectionFacts) -> tuple[str, str]:
    if facts.needs_reconnect:
        return "Reconnect required", "bad"
    if facts.has_failed_last:
        return "Last check failed", "warn"
    return ("Needs a look", "warn") if find_trouble(facts) else ("Working", "ok")


def _connection_rows(facts: ConnectionFacts, times: Times) -> Iterator[Row]:
    yield Row(facts.profile.account_noun.capitalize(), facts.account_name)
    yield _state(facts, times)
    yield _token_age(facts, times)
    yield _access(facts, times)
    yield _permission(facts, times)
    yield _success(facts, times)
    yield _failure(facts, times)
    yield _last_full(facts, times)
    yield _quota(facts, times)
    yield _skew(facts)
    yield _next_check(facts, times)
    yield _calls(facts)


def _state(facts: ConnectionFacts, times: Times) -> Row:
    if facts.state is not ConnectionState.RECONNECT_REQUIRED:
        return Row("State", f"connected {times.past(facts.connected_at)}")
    since = f" Since: {times.past(facts.ended_at)}." if facts.ended_at else ""
    return Row("State", _reason(facts) + since, "bad")


def _reason(facts: ConnectionFacts) -> str:
    reason = facts.reconnect_reason or ReconnectReason.ENDED
    if reason is ReconnectReason.OTHER_INSTALLATION:
        return "The permission was given to BlueClerk at another address."
    return failure_words(REASONS[reason], profile=facts.profile).happened


def _token_age(facts: ConnectionFacts, times: Times) -> Row:
    text = f"{_age(facts.tokens_at, times.now)}"
    text += ", from the consent" if facts.tokens_at == facts.connected_at else ", renewed by itself"
    failed_at = facts.renewal_failed_at
    if failed_at is None or failed_at < facts.tokens_at:
        return Row("Token age", text)
    return Row("Token age", f"{text}; renewing it failed {times.past(failed_at)}", "warn")


def _access(facts: ConnectionFacts, times: Times) -> Row:
    at = facts.access_expires_at
    if at is None:
        return Row("Access token ends", "not known")
    if at > times.now:
        return Row("Access token ends", times.coming(at))
    renewal = "" if facts.needs_reconnect else ", renewed with the next check"
    return Row("Access token ends", f"ended {times.past(at)}{renewal}")


def _permission(facts: ConnectionFacts, times: Times) -> Row:
    name, now = facts.profile.short_name, times.now
    ends = (
        (facts.refresh_expires_at, "if it is not used"),
        (facts.hard_expires_at, "in any case"),
    )
    known = [(at, condition) for at, condition in ends if at is not None]
    over = [at for at, _ in known if at <= now]
    if over:
        return Row("Permission ends", f"ended {times.past(min(over))}", "bad")
    words = [f"{times.coming(at)} {condition}" for at, condition in known]
    return Row("Permission ends", "; ".join(words) or f"{name} names no day")


def _success(facts: ConnectionFacts, times: Times) -> Row:
    reading = facts.last_success
    if reading is None:
        return Row("Last success", "nothing read yet")
    calls = count_of(reading.call_count, "call")
    return Row("Last success", f"{_read(reading, times)}, {KINDS[reading.kind]}, {calls}")


def _last_full(facts: ConnectionFacts, times: Times) -> Row:
    reading = facts.last_full
    return Row("Last full reading", _read(reading, times) if reading else "none yet")


def _read(reading: ReadingFacts, times: Times) -> str:
    return f"{times.past(reading.ended_at)}, {count_of(reading.read_count, 'customer')} read"


def _failure(facts: ConnectionFacts, times: Times) -> Row:
    reading = facts.last_failure
    if reading is None:
        return Row("Last failure", "none")
    words = failure_words(
        reading.failure or ReadingFailure.BROKEN,
        profile=facts.profile,
        lost=WORDS.get(reading.lost_field, "a field"),
    )
    text = f"{words.happened} It was {times.past(reading.ended_at)}."
    if reading.retry_at and reading.retry_at > times.now:
        text += f" It can be asked again {times.coming(reading.retry_at)}."
    if reading.reference:
        text += f" Reference: {reading.reference}"
    return Row("Last failure", text, "bad" if facts.has_failed_last else "")


def _quota(facts: ConnectionFacts, times: Times) -> Row:
    name = facts.profile.short_name
    lefts = ((facts.quota_minute_left, "that minute"), (facts.quota_day_left, "that day"))
    known = [(left, span) for left, span in lefts if left is not None]
    if facts.quota_at is None or not known:
        return Row("Quota left", f"{name} does not tell" if facts.last_success else "not known yet")
    words = " and ".join(f"{count_of(left, 'call')} left {span}" for left, span in known)
    is_used_up = any(left == 0 for left, _ in known)
    text = f"{name} says {words}, {times.past(facts.quota_at)}"
    return Row("Quota left", text, "warn" if is_used_up else "")


def _skew(facts: ConnectionFacts) -> Row:
    skew_s = facts.clock_skew_s
    if skew_s is None:
        return Row("Clock difference", f"not known: {facts.profile.short_name} has told no time")
    size = abs(skew_s)
    text = f"{size} s" if size < MINUTE_S else f"{size // MINUTE_S:,} min {size % MINUTE_S} s"
    side = "ahead of" if skew_s > 0 else "behind"
    value = f"{facts.profile.short_name} is {text} {side} this server" if skew_s else "none"
    return Row("Clock difference", value, "warn" if has_skewed_clock(facts) else "")


def _next_check(facts: ConnectionFacts, times: Times) -> Row:
    if facts.needs_reconnect:
        return Row("Next check", "paused until it is reconnected", "warn")
    recheck = facts.recheck
    if recheck is None:
        return Row("Next check", "when somebody opens the alert")
    if recheck.next_at is not None:
        is_due = recheck.next_at <= times.now
        return Row("Next check", "due now" if is_due else times.coming(recheck.next_at))
    resumes = f" until {recheck.resumes_on:%d %b}" if recheck.resumes_on else ""
    return Row("Next check", f"paused{resumes}: the calls of this month are used up", "warn")


def _calls(facts: ConnectionFacts) -> Row:
    budget = f" of {facts.recheck.call_budget:,}" if facts.recheck else ""
    rechecks = f"{facts.calls.rechecks:,}{budget} by re-checks"
    return Row("Calls this month", f"{facts.calls.opened:,} by opening, {rechecks}")


def _age(at: datetime, now: datetime) -> str:
    age_s = max(int((now - at).total_seconds()), 0)
    if age_s < HOUR_S:
        return f"{age_s // MINUTE_S} min" if age_s >= MINUTE_S else f"{age_s} s"
    if age_s < 2 * DAY_S:
        return f"{age_s // HOUR_S} h"
    return f"{age_s // DAY_S:,} days"
