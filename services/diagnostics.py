"""The facts for whoever looks for the reason of a trouble, and what needs a person now.

Reads our own rows only: no provider call, no customer, nothing of another company.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from sqlalchemy.orm import Session

from models import Company
from services import report_trouble
from services.connection_facts import ConnectionFacts, list_connection_facts
from services.providers.registry import PROVIDERS, ProviderProfile
from services.server_facts import ServerFacts, view_server

#: A difference of the clocks that a delta's overlap still covers, yet is worth a look.
LARGEST_SKEW_S = 120
LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """The connections in the order of the registry, and the providers without one."""

    connections: tuple[ConnectionFacts, ...]
    not_connected: tuple[ProviderProfile, ...]
    server: ServerFacts
    report: report_trouble.ReportTrouble | None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return a sentence for each thing that needs a person, the server's first."""
        server = find_server_trouble(self.server, self.report)
        return tuple(chain(server, *map(find_trouble, self.connections)))


def view_diagnostics(
    session: Session, company_id: int, *, jobs_engine: str, has_mail_server: bool, now: datetime
) -> Diagnostics:
    """Return what is known.

    Twelve statements, one where there are workers, one for each connection that is re-checked.
    """
    company = session.get_one(Company, company_id)
    found = list_connection_facts(session, company, now=now)
    return Diagnostics(
        connections=tuple(found[key] for key in PROVIDERS if key in found),
        not_connected=tuple(profile for key, profile in PROVIDERS.items() if key not in found),
        server=view_server(
            session, company, jobs_engine=jobs_engine, has_mail_server=has_mail_server, now=now
        ),
        report=report_trouble.find_trouble(session, company_id, now=now),
    )


def has_skewed_clock(facts: ConnectionFacts) -> bool:
    """Say whether the provider's clock and ours differ enough to be worth a look."""
    return abs(facts.clock_skew_s or 0) >= LARGEST_SKEW_S


def has_stuck_mail(server: ServerFacts) -> bool:
    """Say whether a report of the company has been due for too long."""
    since_at = server.waiting_since_at
    return since_at is not None and server.now - since_at > LONGEST_WAIT


def find_trouble(facts: ConnectionFacts) -> tuple[str, ...]:
    """Return a sentence for each thing about the connection that needs a person; pure."""
    return tuple(_connection_warnings(facts))


def find_server_trouble(
    server: ServerFacts, report: report_trouble.ReportTrouble | None
) -> tuple[str, ...]:
    """Return a sentence for each thing about the server that needs a person; pure.

    Nobody's address and nothing that a mail server said is in it.
    """
    return (*_server_warnings(server, is_told=_is_waiting(report)), *_report_warnings(report))


def _connection_warnings(facts: ConnectionFacts) -> Iterator[str]:
    name = facts.profile.short_name
    if facts.needs_reconnect:
        yield f"{name} has to be reconnected."
    elif facts.has_failed_last:
        yield f"The last check of {name} failed."
    if has_skewed_clock(facts):
        yield f"The clock of {name} and the clock of this server differ by minutes."


def _server_warnings(server: ServerFacts, *, is_told: bool) -> Iterator[str]:
    if not server.is_schema_expected:
        yield "The tables of the database belong to another release of BlueClerk."
    if server.workers is not None and not server.workers.count:
        yield "No worker runs, so nothing is read, imported or mailed."
    elif server.beat_at is None:
        yield "The scheduler has not run yet, so no report is sent and no re-check is made."
    elif not server.is_beating:
        yield "The scheduler is silent, so no report is sent and no re-check is made."
    if server.is_report_on and not server.has_mail_server:
        yield "The daily report is on, but no mail server is set."
    if has_stuck_mail(server) and not is_told:
        yield "Mail has been waiting for more than an hour."


def _report_warnings(report: report_trouble.ReportTrouble | None) -> Iterator[str]:
    if report is None:
        return
    count = len(report.addresses)
    whom = f"{count:,} {'recipient' if count == 1 else 'recipients'}"
    if report.is_waiting:
        yield f"The daily report has been waiting for more than an hour to be mailed to {whom}."
    else:
        yield f"The daily report did not arrive at {whom}."


def _is_waiting(report: report_trouble.ReportTrouble | None) -> bool:
    return report is not None and report.is_waiting
