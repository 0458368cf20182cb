"""The public page where strangers become customers of a company."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.error_pages import find_answer
from blueprints.forms import one_line
from blueprints.guards import get_runtime, public
from services.customers import BadDetails, CustomerDetails
from services.joining import JoinPage, TooManySignups, find_join_page, join
from services.throttle import network_of

blueprint = Blueprint("join", __name__)

# People never see this field; programs that fill in every field do.
HONEYPOT = "website"


@blueprint.get("/join/<slug>")
@public
def show(slug: str) -> ResponseReturnValue:
    """Ask for name, company, e-mail and phone."""
    return _page(_find(slug), CustomerDetails(name=""))


@blueprint.post("/join/<slug>")
@public
def submit(slug: str) -> ResponseReturnValue:
    """Add the customer; who is known already gets the same answer as who is not."""
    runtime, page, details = get_runtime(), _find(slug), _entered()
    thanks = redirect(url_for("join.thanks", slug=page.slug), 303)
    if request.form.get(HONEYPOT):
        return thanks
    try:
        with runtime.sessions() as session:
            join(
                session,
                page,
                details,
                network=network_of(request.remote_addr),
                key=runtime.link_key,
                now=runtime.clock(),
            )
    except BadDetails as error:
        return _page(page, details, errors=error.errors), 422
    except TooManySignups as error:
        answer = find_answer(error)
        refused = make_response(_page(page, details, refusal=answer.sentence), answer.status)
        refused.headers["Retry-After"] = str(int(error.retry_after_s))
        return refused
    return thanks


@blueprint.get("/join/<slug>/thanks")
@public
def thanks(slug: str) -> ResponseReturnValue:
    """Say that it worked; reloading signs nobody up again."""
    return render_template("join/thanks.html", page=_find(slug))


def _find(slug: str) -> JoinPage:
    with get_runtime().sessions() as session:
        return find_join_page(session, slug)


def _entered() -> CustomerDetails:
    form = request.form
    return CustomerDetails(
        name=one_line(form.get("name", "")),
        company_name=one_line(form.get("company", "")),
        email=form.get("email", ""),
        phone=one_line(form.get("phone", "")),
    )


def _page(
    page: JoinPage,
    details: CustomerDetails,
    *,
    errors: Mapping[str, str] | None = None,
    refusal: str = "",
) -> str:
    return render_template(
        "join/join.html",
        page=page,
        details=details,
        errors=errors or {},
        refusal=refusal,
        honeypot=HONEYPOT,
    )
