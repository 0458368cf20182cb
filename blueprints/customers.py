"""The customers of the company: find, look at, add, change, take away as a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.addresses import public_id
from blueprints.customer_context import asked_customer, load_customer
from blueprints.forms import one_line
from blueprints.guards import get_runtime, get_signed_in
from blueprints.htmx import is_htmx
from blueprints.provider_page import Notice, keep_notice, kept_notice
from models import CustomerOrigin
from services.customer_csv import stream_csv
from services.customer_lists import (
    MAX_SEARCH_CHARACTERS,
    CustomerFilter,
    count_customers,
    list_customers,
)
from services.customers import (
    BadDetails,
    CustomerDetails,
    CustomerView,
    add_customer,
    edit_customer,
    find_customer,
)
from services.database import only_reading
from services.local_days import find_zone, local_day
from services.shared_emails import find_unmentioned

FIELDS = ("name", "company_name", "email", "phone", "address")

blueprint = Blueprint("customers", __name__)


@blueprint.get("/customers")
def index() -> ResponseReturnValue:
    """Show one page of the list; everybody who is signed in may."""
    return render_template("customers/index.html", **_found(), notice=kept_notice())


@blueprint.get("/customers/found")
def found() -> ResponseReturnValue:
    """Answer the search while somebody types, and tell the browser the address of its page."""
    show = request.args.get("show") or None
    address = url_for("customers.index", show=show, q=_query() or None)
    if not is_htmx():
        return redirect(address, 303)
    response = make_response(render_template("customers/_found.html", **_found()))
    response.headers["HX-Replace-Url"] = address
    return response


@blueprint.get("/customers.csv")
def download() -> ResponseReturnValue:
    """Send whom the list would show as a file for a spreadsheet, while it is read."""
    runtime, who, show = get_runtime(), get_signed_in(), _show()
    today = local_day(find_zone(who.zone), runtime.clock())
    lines = stream_csv(runtime, who.company_id, query=_query(), show=show)
    part = "" if show is CustomerFilter.ALL else f"-{show.value}"
    headers = {"Content-Disposition": f'attachment; filename="customers{part}-{today}.csv"'}
    return Response(lines, mimetype="text/csv", headers=headers)


@blueprint.get("/customers/new")
def new() -> ResponseReturnValue:
    """Ask for a customer."""
    return _form(None, CustomerDetails(name=""))


@blueprint.post("/customers/new")
def new_submit() -> ResponseReturnValue:
    """Add the customer, or say beside its field what cannot be.

    Whose e-mail another customer has is added after a question; `anyway` is the address of it.
    """
    runtime, who, details = get_runtime(), get_signed_in(), _entered()
    try:
        sharer = _unmentioned_sharer(details)
        if sharer is not None:
            return _form(None, details, sharer=sharer)
        with runtime.sessions() as session:
            added = add_customer(
                session,
                who.company_id,
                details,
                origin=CustomerOrigin.HAND,
                added_by_id=who.user_id,
                now=runtime.clock(),
            )
    except BadDetails as error:
        return _form(None, details, errors=error.errors)
    keep_notice(Notice("ok", "The customer is in BlueClerk now."))
    return redirect(url_for("customers.detail", customer=added), 303)


@blueprint.get("/customers/<customer>")
def detail(customer: str) -> ResponseReturnValue:
    """Show one customer, where else it is, and what happened to it."""
    context = load_customer(asked_customer(customer))
    return render_template("customers/detail.html", page=context, notice=kept_notice())


@blueprint.get("/customers/<customer>/edit")
def edit(customer: str) -> ResponseReturnValue:
    """Ask what to change; a placeholder is an empty field."""
    found_customer = _find(customer)
    return _form(found_customer, _details_of(found_customer))


@blueprint.post("/customers/<customer>/edit")
def edit_submit(customer: str) -> ResponseReturnValue:
    """Change the customer, or say beside its field what cannot be."""
    runtime, wanted = get_runtime(), asked_customer(customer)
    details = _entered_over(_details_of(_find(customer)))
    try:
        with runtime.sessions() as session:
            edit_customer(session, get_signed_in(), wanted, details, now=runtime.clock())
    except BadDetails as error:
        return _form(_find(customer), details, errors=error.errors)
    keep_notice(Notice("ok", "The changes are saved."))
    return redirect(url_for("customers.detail", customer=customer), 303)


def _found() -> dict[str, Any]:
    query, after, show = _query(), public_id(request.args.get("after")), _show()
    company_id = get_signed_in().company_id
    with get_runtime().sessions() as session:
        counts = count_customers(session, company_id)
        page = list_customers(
            session, company_id, query=query, show=show, after=after, counts=counts
        )
    return {"page": page, "query": query, "after": after, "show": show, "counts": counts}


def _query() -> str:
    return one_line(request.args.get("q", ""))[:MAX_SEARCH_CHARACTERS]


def _show() -> CustomerFilter:
    """Return which part of the list is asked for; an unknown word asks for all."""
    try:
        return CustomerFilter(request.args.get("show", ""))
    except ValueError:
        return CustomerFilter.ALL


def _find(customer: str) -> CustomerView:
    with get_runtime().sessions() as session:
        return find_customer(session, get_signed_in().company_id, asked_customer(customer))


def _entered() -> CustomerDetails:
    form = request.form
    return CustomerDetails(
        name=one_line(form.get("name", "")),
        company_name=one_line(form.get("company", "")),
        email=form.get("email", ""),
        phone=one_line(form.get("phone", "")),
        address=one_line(form.get("address", "")),
    )


def _details_of(customer: CustomerView) -> CustomerDetails:
    return CustomerDetails(
        name=customer.name,
        company_name=customer.company_name,
        email=customer.email or "",
        phone=customer.phone,
        address=customer.address,
    )


def _unmentioned_sharer(details: CustomerDetails) -> CustomerView | None:
    confirmed = request.form.get("anyway", "")
    with only_reading(), get_runtime().sessions() as session:
        company_id = get_signed_in().company_id
        return find_unmentioned(session, company_id, details, confirmed_email=confirmed)


def _entered_over(current: CustomerDetails) -> CustomerDetails:
    """Return what was entered; a field the person left alone stays as it is by now.

    The form says what stood in each field, so that an older page does not take back what
    somebody else, or a reading, has written meanwhile.
    """
    entered = _entered()
    left_alone = {
        field: getattr(current, field)
        for field, was in ((name, request.form.get(f"was_{name}")) for name in FIELDS)
        if was is not None and was == getattr(entered, field)
    }
    return replace(entered, **left_alone)


def _form(
    customer: CustomerView | None,
    details: CustomerDetails,
    *,
    errors: Mapping[str, str] | None = None,
    sharer: CustomerView | None = None,
) -> ResponseReturnValue:
    was = {field: request.form.get(f"was_{field}", getattr(details, field)) for field in FIELDS}
    page = render_template(
        "customers/form.html",
        customer=customer,
        details=details,
        was=was if customer else {},
        errors=errors or {},
        sharer=sharer,
    )
    return page, 422 if errors else 409 if sharer else 200
