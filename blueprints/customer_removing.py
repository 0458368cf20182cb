"""Remove a customer here: a question that says what stays, and the removal."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints.customer_context import asked_customer, load_customer
from blueprints.guards import get_runtime, get_signed_in
from blueprints.provider_page import Notice, keep_notice
from services.customer_removal import remove_customer

blueprint = Blueprint("customer_removing", __name__, url_prefix="/customers/<customer>/remove")


@blueprint.get("")
def question(customer: str) -> ResponseReturnValue:
    """Ask, and say what happens here and in the books: there nothing."""
    return render_template("customers/remove.html", page=load_customer(asked_customer(customer)))


@blueprint.post("")
def submit(customer: str) -> ResponseReturnValue:
    """Remove the customer; everybody may, as everybody may add one."""
    runtime = get_runtime()
    with runtime.sessions() as session:
        remove_customer(session, get_signed_in(), asked_customer(customer), now=runtime.clock())
    keep_notice(Notice("ok", "The customer is removed here. In the books nothing changed."))
    return redirect(url_for("customers.index"), 303)
