"""A forgotten password: ask for a link, and choose a new password by it, signed in or not."""

from __future__ import annotations

from flask import (
    Blueprint,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue

from blueprints.arrival import Arrival, lead_to_sign_in
from blueprints.forms import MOST_EMAIL_CHARACTERS, one_line
from blueprints.guards import get_runtime, public
from blueprints.link_pages import look_at
from blueprints.visitors import remember_browser
from services.account_errors import WeakPassword
from services.password_resets import ResetView, ask_for_reset, reset_by_link, view_reset
from services.passwords import MIN_PASSWORD_CHARACTERS
from services.throttle import network_of

blueprint = Blueprint("forgotten", __name__)

ASKED_KEY = "asked_for_password"


@blueprint.get("/password")
@public
def ask() -> ResponseReturnValue:
    """Ask for the address, or say what happens now: the same for every address there is."""
    return render_template(
        "forgotten/ask.html",
        asked_for=session.pop(ASKED_KEY, ""),
        is_mail_set_up=get_runtime().mailer is not None,
    )


@blueprint.post("/password")
@public
def ask_submit() -> ResponseReturnValue:
    """Queue the mail, if there is somebody to mail; the answer does not tell."""
    runtime = get_runtime()
    email = one_line(request.form.get("email", ""))[:MOST_EMAIL_CHARACTERS]
    if email and runtime.mailer is not None:
        with runtime.sessions() as database:
            ask_for_reset(
                database,
                email=email,
                network=network_of(request.remote_addr),
                link_key=runtime.link_key,
                wake=runtime.wake,
                now=runtime.clock(),
            )
        session[ASKED_KEY] = email
    return redirect(url_for("forgotten.ask"), 303)


@blueprint.get("/password/<token>")
@public
def show(token: str) -> ResponseReturnValue:
    """Ask for a new password; changes nothing, because mail scanners open every link."""
    return _page(token, look_at(view_reset, token))


@blueprint.post("/password/<token>")
@public
def submit(token: str) -> ResponseReturnValue:
    """Set the password, end every sign-in of the user, and lead to sign-in."""
    runtime, reset = get_runtime(), look_at(view_reset, token)
    try:
        with runtime.sessions() as database:
            reset_by_link(
                database,
                token,
                password=request.form.get("password", ""),
                link_key=runtime.link_key,
                wake=runtime.wake,
                now=runtime.clock(),
            )
    except WeakPassword as error:
        return _page(token, reset, wrong_password=str(error)), 422
    arrival = Arrival(reset.email, "Your password was changed; sign in with it.")
    # Whoever had the mail is not locked out by what strangers tried before.
    return remember_browser(make_response(lead_to_sign_in(arrival)), reset.email)


def _page(token: str, reset: ResetView, *, wrong_password: str = "") -> str:
    return render_template(
        "forgotten/choose.html",
        token=token,
        reset=reset,
        wrong_password=wrong_password,
        least=MIN_PASSWORD_CHARACTERS,
    )
