"""The page of one provider, whatever state its connection and its alert are in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from flask import flash, get_flashed_messages, render_template, request

from blueprints.addresses import public_id
from blueprints.guards import get_runtime, get_signed_in
from blueprints.htmx import FIRST_WAIT_MS, LONGEST_WAIT_MS, next_wait_ms
from blueprints.recheck_form import RecheckForm
from blueprints.trouble import Trouble, view_trouble
from services.alert import Alert, AlertState, UnknownReading, view_alert
from services.connection_views import (
    AccountCounts,
    ConnectionView,
    count_customers,
    view_connection,
)
from services.local_days import find_zone
from services.providers.contract import ProviderKey
from services.providers.registry import ProviderProfile, provider_profile
from services.rechecks import Recheck, view_recheck
from services.remote_lists import FilterCounts


@dataclass(frozen=True, slots=True)
class Notice:
    """What has just happened, and with `undo` the route that takes it back.

    `label` is what its button says, `fields` what its form sends; with `address` in place of
    `undo` it leads to the next step.
    """

    tone: str
    text: str
    undo: str = ""
    label: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    address: str = ""


@dataclass(frozen=True, slots=True)
class ProviderPage:
    """Everything that the page and the fragments of one provider show.

    `recheck` is None while the daily check is off, so that a closed page asks for nothing more;
    `bins` are counted where a number is shown.
    """

    profile: ProviderProfile
    connection: ConnectionView | None
    counts: AccountCounts
    alert: Alert
    missing_settings: tuple[str, ...]
    recheck: Recheck | None = None
    bins: FilterCounts | None = None

    @property
    def is_standing(self) -> bool:
        return self.connection is not None and is_standing(self.connection)


def is_standing(connection: ConnectionView) -> bool:
    """Say whether the connection has not been ended here; it may need a person all the same."""
    return connection.is_connected or connection.needs_reconnect


def load_page(
    provider: ProviderKey,
    *,
    is_opened: bool = False,
    reading: str | None = None,
    with_rows: bool = True,
) -> ProviderPage:
    """Read what the page shows; the closed alert and a daily check that is off cost no statement.

    Starts nothing. `with_rows` is for whoever shows the alert's balances and first rows. Raises
    UnknownReading for the reading of another connection.
    """
    runtime, who = get_runtime(), get_signed_in()
    counts, recheck, bins = AccountCounts(), None, None
    now, zone = runtime.clock(), find_zone(who.zone)
    with runtime.sessions() as session:
        connection = view_connection(session, who.company_id, provider)
        alert = Alert(_unopened(connection))
        if reading and alert.state is AlertState.NOT_CONNECTED:
            raise UnknownReading
        if connection is not None:
            counts = count_customers(
                session, connection.account_id, counted=connection.counted_count
            )
            if connection.rechecks_daily:
                recheck = view_recheck(session, connection, zone=zone, now=now)
        if is_opened or reading or alert.state is AlertState.RECONNECT:
            alert = view_alert(
                session, connection, now=now, reading_public_id=reading, with_rows=with_rows
            )
        if alert.summary is not None:
            bins = alert.summary.counts
    profile = provider_profile(provider)
    missing = missing_settings(provider)
    return ProviderPage(profile, connection, counts, alert, missing, recheck, bins)


def render_page(
    page: ProviderPage,
    *,
    notice: Notice | None = None,
    entered: RecheckForm | None = None,
    status: int = 200,
) -> tuple[str, int]:
    """Render the whole page; the alert is open in every state but the unopened one.

    `entered` is a form of the daily check that could not be stored.
    """
    context = alert_context(page, notice or kept_notice())
    if entered is None and page.connection is not None:
        entered = RecheckForm.of(page.connection)
    return render_template("integrations/detail.html", recheck_form=entered, **context), status


def alert_context(page: ProviderPage, notice: Notice | None) -> dict[str, Any]:
    """Return the variables of the alert's templates, for the page and for the fragment."""
    return {
        "page": page,
        "notice": notice,
        "failure": _trouble(page),
        "wait_ms": next_wait_ms(longest_ms=_longest_wait_ms(page.alert)),
    }


def asked_reading() -> str | None:
    """Return the reading to follow; what cannot be an id is nobody's reading."""
    text = request.args.get("reading")
    if text is not None and public_id(text) is None:
        raise UnknownReading
    return text


def keep_notice(notice: Notice) -> None:
    """Keep a notice over the redirect that answers a form."""
    flash(asdict(notice))  # type: ignore[arg-type]  # Flask keeps any JSON; its types say str


def kept_notice() -> Notice | None:
    """Return the notice that was kept, once."""
    kept: list[Any] = get_flashed_messages()
    return Notice(**kept[-1]) if kept else None


def missing_settings(provider: ProviderKey) -> tuple[str, ...]:
    """Name the settings without which nobody can connect to the provider."""
    runtime = get_runtime()
    access = runtime.access(provider)
    values = {"CLIENT_ID": access.client_id, "CLIENT_SECRET": access.client_secret}
    missing = [_setting(provider, name) for name, value in values.items() if not value]
    if provider_profile(provider).needs_https and access.sandbox_url is None:
        is_https = runtime.public_base_url.startswith("https://")
        missing += [] if is_https else ["BLUECLERK_PUBLIC_BASE_URL"]
    return tuple(missing)


def _setting(provider: ProviderKey, name: str) -> str:
    return f"BLUECLERK_{provider.value.upper()}_{name}"


def _unopened(connection: ConnectionView | None) -> AlertState:
    if connection is None or not is_standing(connection):
        return AlertState.NOT_CONNECTED
    return AlertState.RECONNECT if connection.needs_reconnect else AlertState.CLOSED


def _longest_wait_ms(alert: Alert) -> int:
    """Return the wait that ends with the reading: nobody waits for a number that is there.

    A reading that should have ended is looked at no more often than one that has just begun.
    """
    left_s = alert.reading.left_s(get_runtime().clock()) if alert.reading else None
    if left_s is None:
        return LONGEST_WAIT_MS
    return min(LONGEST_WAIT_MS, int(left_s * 1000)) if left_s > 0 else FIRST_WAIT_MS


def _trouble(page: ProviderPage) -> Trouble | None:
    reading = page.alert.reading
    if page.alert.state is not AlertState.FAILED or reading is None:
        return None
    key = page.profile.key
    names = f"{_setting(key, 'CLIENT_ID')} and {_setting(key, 'CLIENT_SECRET')}"
    return view_trouble(
        reading,
        profile=page.profile,
        settings=names,
        now=get_runtime().clock(),
    )
