"""Connect, come back from the provider, disconnect."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.provider_page import Notice, keep_notice, load_page, missing_settings
from services.connection_views import view_connection
from services.connections import NotConnected, disconnect
from services.consent import (
    ConsentAnswer,
    ConsentRefused,
    ConsentUsed,
    OtherAccount,
    begin_consent,
    complete_consent,
)
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile

blueprint = Blueprint(
    "connections", __name__, url_prefix="/settings/integrations/<provider:provider>"
)


@blueprint.get("/connect")
@admin_required
def connect(provider: ProviderKey) -> ResponseReturnValue:
    """Send the browser to the provider's consent page. A link, because `form-action 'self'`
    would stop the redirect that answers a form.
    """
    profile = provider_profile(provider)
    if missing := missing_settings(provider):
        page = render_template("connections/not_set_up.html", profile=profile, missing=missing)
        return page, 503
    runtime = get_runtime()
    with runtime.sessions() as session:
        address = begin_consent(
            runtime,
            session,
            get_signed_in(),
            provider=provider,
            allows_other_account=request.args.get("other") == "1",
        )
    return redirect(address, 303)


@blueprint.get("/callback")
@admin_required
def callback(provider: ProviderKey) -> ResponseReturnValue:
    """Turn the provider's answer into a connection, or say why there is none."""
    answer = ConsentAnswer(
        state=request.args.get("state", ""),
        code=request.args.get("code", ""),
        remote_account_id=request.args.get("realmId", ""),
        error=request.args.get("error", ""),
    )
    name = provider_profile(provider).short_name
    try:
        complete_consent(get_runtime(), get_signed_in(), provider=provider, answer=answer)
    except ConsentRefused:
        return _to_page(
            provider, "warn", f"{name} was not connected: permission was declined. Nothing changed."
        )
    except ConsentUsed:
        if not _is_connected(provider):
            raise
        return _to_page(provider, "ok", f"{name} is already connected.")
    except OtherAccount as error:
        return _ask_about_other_account(provider, error)
    return _to_page(provider, "ok", f"{name} is connected. Open the line below to count.")


@blueprint.get("/disconnect")
@admin_required
def disconnect_question(provider: ProviderKey) -> ResponseReturnValue:
    """Ask before disconnecting, and say what stays."""
    page = load_page(provider)
    if not page.is_standing:
        raise NotConnected
    return render_template("connections/disconnect.html", page=page)


@blueprint.post("/disconnect")
@admin_required
def disconnect_submit(provider: ProviderKey) -> ResponseReturnValue:
    """End the connection here and give the permission back there."""
    name = provider_profile(provider).short_name
    if disconnect(get_runtime(), get_signed_in(), provider):
        return _to_page(provider, "ok", f"{name} is disconnected. Links and decisions are kept.")
    return _to_page(
        provider,
        "warn",
        f"{name} is disconnected here, and our keys to it are deleted. {name} did not confirm "
        "that the permission ended, so please remove BlueClerk there as well.",
    )


def _to_page(provider: ProviderKey, tone: str, sentence: str) -> ResponseReturnValue:
    keep_notice(Notice(tone, sentence))
    return redirect(url_for("integrations.detail", provider=provider), 303)


def _is_connected(provider: ProviderKey) -> bool:
    with get_runtime().sessions() as session:
        connection = view_connection(session, get_signed_in().company_id, provider)
    return connection is not None and connection.is_connected


def _ask_about_other_account(provider: ProviderKey, error: OtherAccount) -> ResponseReturnValue:
    page = render_template(
        "connections/other_account.html",
        profile=provider_profile(provider),
        expected_name=error.expected_name,
    )
    return page, 409
