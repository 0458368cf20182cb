"""What a customer may ask for: a file of everything that is held, and to be erased for good.

Both are the admins': the file holds what imports and reviews say, which members do not see.
"""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints.customer_context import asked_customer, load_customer
from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.proof import password_again
from blueprints.provider_page import Notice, keep_notice
from services.customer_erasure import erase_customer
from services.customer_export import export_customer

blueprint = Blueprint("customer_rights", __name__, url_prefix="/customers")


@blueprint.get("/<customer>.json")
@admin_required
def download(customer: str) -> ResponseReturnValue:
    """Send everything that is held about the customer as a file."""
    runtime, wanted = get_runtime(), asked_customer(customer)
    with runtime.sessions() as session:
        text = export_customer(session, get_signed_in(), wanted, now=runtime.clock())
    headers = {"Content-Disposition": f'attachment; filename="customer-{wanted}.json"'}
    return Response(text, content_type="application/json; charset=utf-8", headers=headers)


@blueprint.get("/<customer>/erase")
@admin_required
def question(customer: str) -> ResponseReturnValue:
    """Ask, and say what goes, what stays, and what the next reading does."""
    page = load_customer(asked_customer(customer))
    return render_template("customers/erase.html", page=page)


@blueprint.post("/<customer>/erase")
@admin_required
@password_again("erase a customer for good")
def submit(customer: str) -> ResponseReturnValue:
    """Erase the customer for good."""
    runtime = get_runtime()
    with runtime.sessions() as session:
        erase_customer(session, get_signed_in(), asked_customer(customer), now=runtime.clock())
    keep_notice(Notice("ok", "The customer is erased here. In the books nothing changed."))
    return redirect(url_for("customers.index"), 303)
