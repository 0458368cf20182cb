"""Connect, come back from the provider, disconnect."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.addresses import public_id
from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.proof import password_again
from blueprints.provider_page import Notice, keep_notice, load_page, missing_settings
from services.account_choice import ChoiceUnknown, ChoiceUsed, choose_account, view_choice
from services.connection_views import ConnectionView, count_customers, view_connection
from services.connections import NotConnected, Revocation, disconnect
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
from services.sentences import kept_sentence

blueprint = Blueprint(
    "connections", __name__, url_prefix="/settings/integrations/<provider:provider>"
)


@blueprint.get("/connect")
@admin_required
@password_again("connect accounting software", "provider")
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
    former = _view(provider)
    try:
        choice_id = complete_consent(
            get_runtime(), get_signed_in(), provider=provider, answer=answer
        )
    except ConsentRefused:
        name = provider_profile(provider).short_name
        return _to_page(
            provider, "warn", f"{name} was not connected: permission was declined. Nothing changed."
        )
    except ConsentUsed as error:
        return _already_connected(provider, error)
    except OtherAccount as error:
        return _ask_about_other_account(provider, error)
    if choice_id is not None:
        return redirect(url_for("connections.choose", provider=provider, choice=choice_id), 303)
    return _connected(provider, former)


@blueprint.get("/choose/<choice>")
@admin_required
def choose(provider: ProviderKey, choice: str) -> ResponseReturnValue:
    """Ask which of the shared accounts is meant, unless that was told already."""
    runtime = get_runtime()
    try:
        with runtime.sessions() as session:
            found = view_choice(
                session,
                get_signed_in(),
                provider=provider,
                public_id=_choice_id(choice),
                now=runtime.clock(),
            )
    except ChoiceUsed as error:
        return _already_connected(provider, error)
    profile = provider_profile(provider)
    return render_template("connections/choose.html", profile=profile, choice=found)


@blueprint.post("/choose/<choice>")
@admin_required
def choose_submit(provider: ProviderKey, choice: str) -> ResponseReturnValue:
    """Connect the account that was chosen."""
    former = _view(provider)
    try:
        choose_account(
            get_runtime(),
            get_signed_in(),
            provider=provider,
            public_id=_choice_id(choice),
            remote_account_id=request.form.get("account", ""),
        )
    except ChoiceUsed as error:
        return _already_connected(provider, error)
    return _connected(provider, former)


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
@password_again("disconnect accounting software", "provider")
def disconnect_submit(provider: ProviderKey) -> ResponseReturnValue:
    """End the connection here and give the permission back there."""
    name = provider_profile(provider).short_name
    outcome = disconnect(get_runtime(), get_signed_in(), provider)
    if outcome is Revocation.CONFIRMED:
        return _to_page(provider, "ok", f"{name} is disconnected. Links and decisions are kept.")
    if outcome is Revocation.SHARED:
        return _to_page(
            provider,
            "warn",
            f"{name} is disconnected here and our keys are deleted. The permission itself stays "
            f"listed in {name}; you can remove BlueClerk there.",
        )
    words = {
        Revocation.UNCONFIRMED: f"{name} did not confirm that the permission ended, so please "
        "remove BlueClerk there as well.",
        Revocation.LEFT_TO_OTHER: f"{name} was not told, because the permission belongs to the "
        "BlueClerk that this one was copied from.",
    }[outcome]
    return _to_page(
        provider,
        "warn",
        f"{name} is disconnected here, and our keys to it are deleted. {words}",
    )


def _choice_id(text: str) -> str:
    found = public_id(text)
    if found is None:
        raise ChoiceUnknown
    return found


def _connected(provider: ProviderKey, former: ConnectionView | None) -> ResponseReturnValue:
    connection = _view(provider)
    if connection is None:
        raise NotConnected
    is_again = former is not None and former.account_id == connection.account_id
    with get_runtime().sessions() as session:
        counts = count_customers(session, connection.account_id)
    kept = kept_sentence(counts.linked, counts.ignored, "is back", "are back")
    step = (
        "Open the line" if connection.read_at else "Open the line or press “Check who is missing”"
    )
    after = f"Your {kept}." if kept else f"{step} below to count."
    how = "connected again" if is_again else "connected"
    return _to_page(provider, "ok", f"{_told(connection, how)} {after}")


def _already_connected(provider: ProviderKey, error: Exception) -> ResponseReturnValue:
    """Answer a second click or the back button; without a connection the error stands."""
    connection = _view(provider)
    if connection is None or not connection.is_connected:
        raise error
    return _to_page(provider, "ok", _told(connection, "already connected"))


def _told(connection: ConnectionView, how: str) -> str:
    name = provider_profile(connection.provider).short_name
    # Many names of companies end in a full stop of their own.
    return f"{name} is {how} to {connection.account_name.removesuffix('.')}."


def _to_page(provider: ProviderKey, tone: str, sentence: str) -> ResponseReturnValue:
    keep_notice(Notice(tone, sentence))
    return redirect(url_for("integrations.detail", provider=provider), 303)


def _view(provider: ProviderKey) -> ConnectionView | None:
    with get_runtime().sessions() as session:
        return view_connection(session, get_signed_in().company_id, provider)


def _ask_about_other_account(provider: ProviderKey, error: OtherAccount) -> ResponseReturnValue:
    page = render_template(
        "connections/other_account.html",
        profile=provider_profile(provider),
        expected_name=error.expected_name,
        chosen_name=error.chosen_name,
    )
    return page, 409
