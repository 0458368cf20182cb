"""Say yes at a new e-mail by the link of a mail, signed in or not."""

from __future__ import annotations

from flask import Blueprint, g, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints.guards import get_runtime, public
from blueprints.link_pages import look_at
from blueprints.visitors import remember_browser
from services.account_errors import AlreadyTaken
from services.email_changes import ChangeView, change_by_link, view_change

blueprint = Blueprint("email_change", __name__)


@blueprint.get("/email/<token>")
@public
def show(token: str) -> ResponseReturnValue:
    """Ask, or say that it is done; changes nothing, because mail scanners open every link."""
    return _page(token, look_at(view_change, token))


@blueprint.post("/email/<token>")
@public
def submit(token: str) -> ResponseReturnValue:
    """Change the e-mail of whoever is signed in; their other browsers are signed out."""
    runtime = get_runtime()
    try:
        with runtime.sessions() as session:
            new_email = change_by_link(
                session,
                g.who,
                token,
                link_key=runtime.link_key,
                wake=runtime.wake,
                now=runtime.clock(),
            )
    except AlreadyTaken as error:
        return _page(token, look_at(view_change, token), refusal=str(error)), 409
    answer = make_response(redirect(url_for("email_change.show", token=token), 303))
    # Known by the old address only, it would be locked out by everybody's tries at the new one.
    return remember_browser(answer, new_email)


def _page(token: str, change: ChangeView, *, refusal: str = "") -> str:
    return render_template(
        "email_change/email_change.html",
        token=token,
        change=change,
        refusal=refusal,
        is_theirs=g.who is not None and g.who.user_id == change.user_id,
    )
