"""How the server stands, in the words of the diagnostics."""

from __future__ import annotations

from collections.abc import Iterator

from blueprints.fact_rows import Row, Times
from blueprints.words import count_of
from services.diagnostics import has_stuck_mail
from services.heartbeat import Workers
from services.local_days import find_zone
from services.report_trouble import ReportTrouble
from services.server_facts import ServerFacts


def write_server_rows(
    server: ServerFacts, report: ReportTrouble | None, times: Times
) -> Iterator[Row]:
    """Yield what is known about the server, in the order in which trouble is looked for."""
    yield _scheduler(server)
    yield Row("Last tick", times.past(server.beat_at) if server.beat_at else "never")
    yield Row("Jobs engine", server.jobs_engine)
    if server.workers is not None:
        yield _workers(server.workers, times)
    yield _mail_server(server)
    yield Row(
        "Report last sent", times.past(server.last_sent_at) if server.last_sent_at else "never"
    )
    yield _next_report(server, times)
    yield _waiting(server, times)
    yield _not_delivered(report, times)
    yield Row("Database", server.database)
    yield _schema(server)
    yield Row("BlueClerk", server.version)
    yield Row("Server time", f"{server.now:%Y-%m-%d %H:%M:%S} UTC")
    local = server.now.astimezone(find_zone(server.zone))
    yield Row("Company's zone", f"{server.zone.replace('_', ' ')}, {local:%H:%M} there")


def _scheduler(server: ServerFacts) -> Row:
    if server.is_beating:
        return Row("Scheduler", "beats every minute")
    return Row("Scheduler", "silent" if server.beat_at else "has not run yet", "bad")


def _workers(workers: Workers, times: Times) -> Row:
    if not workers.count:
        return Row("Workers", "none runs; on the server: flask --app app jobs worker", "bad")
    beat = f", last beat {times.past(workers.beat_at)}" if workers.beat_at else ""
    return Row("Workers", f"{count_of(workers.count, 'worker')} at work{beat}")


def _mail_server(server: ServerFacts) -> Row:
    is_missed = server.is_report_on and not server.has_mail_server
    value = "set" if server.has_mail_server else "not set"
    return Row("Mail server", value, "warn" if is_missed else "")


def _next_report(server: ServerFacts, times: Times) -> Row:
    if server.next_send_at is not None:
        return Row("Next report", times.coming(server.next_send_at))
    return Row("Next report", "nobody gets it" if server.is_report_on else "the report is off")


def _waiting(server: ServerFacts, times: Times) -> Row:
    if server.waiting_since_at is None:
        return Row("Mail waiting", "none")
    text = f"{server.waiting_count:,}, the oldest due {times.past(server.waiting_since_at)}"
    return Row("Mail waiting", text, "warn" if has_stuck_mail(server) else "")


def _not_delivered(report: ReportTrouble | None, times: Times) -> Row:
    if report is None or report.is_waiting:
        return Row("Reports not delivered", "none")
    whom = count_of(len(report.addresses), "recipient")
    return Row("Reports not delivered", f"to {whom}, {times.past(report.since_at)}", "bad")


def _schema(server: ServerFacts) -> Row:
    if server.is_schema_expected:
        return Row("Schema", f"{server.schema}, as this release expects")
    return Row("Schema", f"{server.schema}; this release expects {server.expected_schema}", "bad")
