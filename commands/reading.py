"""Read like an opened banner, with the job in this process."""

from __future__ import annotations

from dataclasses import dataclass

import click

from services.accounts import find_company
from services.alert import (
    Alert,
    AlertState,
    look_for_end,
    tell_at_least,
    tell_failure,
    view_alert,
)
from services.connection_views import view_connection
from services.connections import NotConnected, require_connection
from services.providers.contract import ProviderKey
from services.providers.registry import ProviderProfile, provider_profile
from services.readings import refresh
from services.runtime import Runtime
from services.unsynced import ReadingView, Summary, ensure_fresh

PATIENCE_S = 600.0


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole reading of a company's account, and the calls that were spent on it now."""

    company_id: int
    account_id: int
    summary: Summary
    calls: int


def read_whole(runtime: Runtime, slug: str | None, provider: ProviderKey) -> Whole:
    """Make sure of a true number. Commits, may call the network.

    Raises ClickException with the sentence that the page would show, and UnknownCompany.
    """
    with runtime.sessions() as session:
        company_id = find_company(session, slug).id
    try:
        reading = read_in_process(runtime, company_id, provider)
    except NotConnected as error:
        raise click.ClickException(_not_connected(provider)) from error
    with runtime.sessions() as session:
        connection = view_connection(session, company_id, provider)
        alert = view_alert(session, connection, now=runtime.clock(), reading_public_id=reading)
    if connection is None or alert.summary is None:
        raise click.ClickException(_trouble(alert, provider_profile(provider)))
    calls = alert.summary.reading.call_count if reading else 0
    return Whole(company_id, connection.account_id, alert.summary, calls)


def read_in_process(runtime: Runtime, company_id: int, provider: ProviderKey) -> str | None:
    """Follow the same steps as an opened banner, with the job in this process.

    A reading of another process is waited for; if that process died, this one reads. Returns the
    reading to look at, or None if a young number was there. Raises NotConnected.
    """
    reading, is_ours = _ask(runtime, company_id, provider)
    if reading is None or is_ours:
        return reading
    look_for_end(runtime, reading, patience_s=PATIENCE_S)
    return _ask(runtime, company_id, provider)[0]


def _ask(runtime: Runtime, company_id: int, provider: ProviderKey) -> tuple[str | None, bool]:
    """Return the reading to follow, and whether it was carried out here."""
    started: list[int] = []
    with runtime.sessions() as session:
        reading = ensure_fresh(
            session,
            require_connection(session, company_id, provider),
            wake=lambda _job, row_id: started.append(row_id),
            now=runtime.clock(),
        )
    for reading_id in started:
        refresh(runtime, reading_id)
    return reading, bool(started)


def _not_connected(provider: ProviderKey) -> str:
    name = provider_profile(provider).short_name
    return f"{name} is not connected. Connect it under Settings > Integrations."


def _trouble(alert: Alert, profile: ProviderProfile) -> str:
    if alert.state is AlertState.RECONNECT:
        return f"{profile.short_name} needs to be reconnected under Settings > Integrations."
    if alert.state is AlertState.IMPORTING:
        return "An import of this account is running already. Ask again when it has ended."
    sentence = "The reading is still running."
    if alert.reading is not None and alert.state is AlertState.FAILED:
        sentence = _failure(alert.reading, profile)
    if alert.last_known is None:
        return sentence
    known = alert.last_known
    return (
        f"{sentence} As of the last whole reading, {known.finished_at:%Y-%m-%d %H:%M} UTC, "
        f"{known.unsynced_count:,} of {known.counted_count:,} are not yet imported."
    )


def _failure(reading: ReadingView, profile: ProviderProfile) -> str:
    words = tell_failure(reading, profile=profile, settings="the client id and secret")
    at_least = tell_at_least(reading, provider_name=profile.short_name)
    told = [f"{at_least}." if at_least else "", *((words.happened, words.did) if words else ())]
    return " ".join(filter(None, told))
