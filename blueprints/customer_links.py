"""What an admin decides about the links of a customer: take theirs, unlink."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.addresses import public_id
from blueprints.customer_context import asked_customer, load_customer
from blueprints.customer_history import fields_words
from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.provider_page import Notice, keep_notice
from services.customers import find_customer
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile
from services.take_theirs import take_theirs
from services.unlinking import UnknownLink, unlink

blueprint = Blueprint("customer_links", __name__, url_prefix="/customers/<customer>")

#: No row has it.
UNKNOWN_ROW = "-"


@blueprint.post("/take-theirs")
@admin_required
def take(customer: str) -> ResponseReturnValue:
    """Write what the books say into the customer: one `field`, or with an empty one every one."""
    runtime, wanted, provider = get_runtime(), asked_customer(customer), _provider()
    field = request.form.get("field")
    with runtime.sessions() as session:
        taken = take_theirs(
            session,
            get_signed_in(),
            wanted,
            provider=provider,
            remote_id=_remote_id(),
            remote_public_id=_row(),
            fields=(field,) if field else tuple(request.form.getlist("every")),
            seen=request.form.get("seen", ""),
            now=runtime.clock(),
        )
    name = provider_profile(provider).short_name
    fields = fields_words(taken)
    text = f"Taken over from {name}: {fields}." if taken else f"It is what {name} says already."
    return _to_customer(customer, text)


@blueprint.get("/unlink")
@admin_required
def unlink_question(customer: str) -> ResponseReturnValue:
    """Ask before a link ends, and say what stays. Raises UnknownLink where it has ended."""
    page = load_customer(asked_customer(customer))
    asked, row = (_provider(), _remote_id()), _row()
    for profile, link in page.links:
        if (profile.key, link.remote_id) == asked and row in ("", link.remote_public_id):
            return render_template("customers/unlink.html", page=page, profile=profile, link=link)
    raise UnknownLink


@blueprint.post("/unlink")
@admin_required
def unlink_submit(customer: str) -> ResponseReturnValue:
    """End the link; what it filled in stays."""
    runtime, who, provider = get_runtime(), get_signed_in(), _provider()
    wanted = asked_customer(customer)
    with runtime.sessions() as session:
        unlink(
            session,
            who,
            wanted,
            provider=provider,
            remote_id=_remote_id(),
            remote_public_id=_row(),
            now=runtime.clock(),
        )
        name = find_customer(session, who.company_id, wanted).name
    books = provider_profile(provider).short_name
    return _to_customer(customer, f"{name} is no longer linked to {books}. What is here stays.")


def _provider() -> ProviderKey:
    """Return whose link is meant; an unknown word is no link."""
    try:
        return ProviderKey(request.values.get("provider", ""))
    except ValueError as error:
        raise UnknownLink from error


def _remote_id() -> str:
    return request.values.get("remote", "").replace("\0", "")


def _row() -> str:
    """Return whose row is meant where two accounts have the same remote id; "" is not told."""
    text = request.values.get("row", "")
    return (public_id(text) or UNKNOWN_ROW) if text else ""


def _to_customer(customer: str, text: str) -> ResponseReturnValue:
    keep_notice(Notice("ok", text))
    return redirect(url_for("customers.detail", customer=customer), 303)
