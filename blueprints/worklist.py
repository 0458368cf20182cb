"""Customers without an e-mail, one form each: saved where it stands, or by a whole page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.addresses import public_id
from blueprints.customer_context import asked_customer
from blueprints.forms import MOST_EMAIL_CHARACTERS, one_line
from blueprints.guards import get_runtime, get_signed_in
from blueprints.htmx import is_htmx
from blueprints.provider_page import Notice, keep_notice, kept_notice
from services.customer_lists import count_customers
from services.customers import BadDetails, CustomerView, find_customer
from services.database import only_reading
from services.shared_emails import find_sharer
from services.worklist import EmailThere, list_without_email, set_email

blueprint = Blueprint("worklist", __name__)


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed for one customer, and why it was not saved, "" where nothing is wrong."""

    customer_id: str = ""
    email: str = ""
    error: str = ""


@blueprint.get("/customers/without-email")
def show() -> ResponseReturnValue:
    """Show one page of who has no e-mail; everybody who is signed in may."""
    return _page(public_id(request.args.get("after")), Typed())


@blueprint.post("/customers/<customer>/email")
def save(customer: str) -> ResponseReturnValue:
    """Save one address: htmx gets the field, a browser the page, or the reason beside the field."""
    runtime, who, wanted = get_runtime(), get_signed_in(), asked_customer(customer)
    typed = one_line(request.form.get("email", ""))[:MOST_EMAIL_CHARACTERS]
    try:
        with runtime.sessions() as session:
            email = set_email(session, who, wanted, typed, now=runtime.clock())
    except BadDetails as error:
        return _refused(Typed(wanted, typed, error.errors.get("email", "That cannot be.")))
    except EmailThere as error:
        return _there(wanted, error.email)
    return _saved(wanted, email)


def _saved(customer_id: str, email: str) -> ResponseReturnValue:
    with only_reading(), get_runtime().sessions() as session:
        found = find_sharer(session, get_signed_in().company_id, email, but_id=customer_id)
    sharer = found.name if found else ""
    if is_htmx():
        return _field(customer_id, saved=email, word="Saved", sharer=sharer)
    also = f" {sharer} has this address, too." if sharer else ""
    return _to_page(Notice("ok", f"Saved: {_find(customer_id).name} has {email} now.{also}"))


def _there(customer_id: str, email: str) -> ResponseReturnValue:
    if is_htmx():
        return _field(customer_id, saved=email, word="Not saved: there is one by now"), 409
    name = _find(customer_id).name
    return _to_page(Notice("warn", f"Not saved: {name} has {email} by now."))


def _refused(typed: Typed) -> ResponseReturnValue:
    if is_htmx():
        return _field(typed.customer_id, typed=typed), 422
    return _page(_after(), typed, status=422)


def _field(
    customer_id: str,
    *,
    typed: Typed | None = None,
    saved: str = "",
    word: str = "",
    sharer: str = "",
) -> str:
    with only_reading(), get_runtime().sessions() as session:
        counts = count_customers(session, get_signed_in().company_id)
    return render_template(
        "customers/_email.html",
        row=_find(customer_id),
        typed=typed or Typed(),
        after=_after(),
        saved=saved,
        word=word,
        sharer=sharer,
        counts=counts,
    )


def _page(after: str | None, typed: Typed, *, status: int = 200) -> ResponseReturnValue:
    company_id = get_signed_in().company_id
    with only_reading(), get_runtime().sessions() as session:
        counts = count_customers(session, company_id)
        page = list_without_email(session, company_id, after=after, counts=counts)
    context: dict[str, Any] = {"page": page, "counts": counts, "after": after, "typed": typed}
    return render_template("customers/without_email.html", **context, notice=kept_notice()), status


def _find(customer_id: str) -> CustomerView:
    with only_reading(), get_runtime().sessions() as session:
        return find_customer(session, get_signed_in().company_id, customer_id)


def _after() -> str | None:
    return public_id(request.form.get("after"))


def _to_page(notice: Notice) -> ResponseReturnValue:
    keep_notice(notice)
    return redirect(url_for("worklist.show", after=_after()), 303)
