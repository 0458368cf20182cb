"""Sign in, sign out, and where `/` leads."""

from __future__ import annotations

import math

from flask import Blueprint, g, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_user, logout_user
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField
from wtforms.validators import InputRequired, Length

from blueprints.addresses import safe_next
from blueprints.arrival import Arrival, take_arrival
from blueprints.error_pages import find_answer
from blueprints.forms import MOST_EMAIL_CHARACTERS, MOST_TYPED_CHARACTERS
from blueprints.guards import WAS_SENDING, BrowserUser, get_runtime, get_signed_in, public
from blueprints.visitors import current_visitor, remember_browser, when_again
from services import sign_ins
from services.sign_in_limits import TooManyTries, sign_in_from

blueprint = Blueprint("auth", __name__)

NOBODY_ARRIVES = Arrival()


class SignInForm(FlaskForm):
    """Lengths are bounded here so that nobody makes us hash a novel."""

    email = EmailField("E-mail", [InputRequired(), Length(max=MOST_EMAIL_CHARACTERS)])
    password = PasswordField("Password", [InputRequired(), Length(max=MOST_TYPED_CHARACTERS)])


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Lead admins to the integrations and members to the customers."""
    page = "integrations.index" if get_signed_in().is_admin else "customers.index"
    return redirect(url_for(page), 303)


@blueprint.get("/login")
@public
def sign_in() -> ResponseReturnValue:
    """Show the form, or go on where somebody is signed in already."""
    if g.who is not None:
        return redirect(_destination(), 303)
    arrival = take_arrival()
    return _form_page(SignInForm(formdata=None, email=arrival.email), arrival=arrival)


@blueprint.post("/login")
@public
def sign_in_submit() -> ResponseReturnValue:
    """Check the password and begin a new session."""
    # Fields only: a file in their place is not text, and the form would take it for one.
    form = SignInForm(formdata=request.form)
    email = form.email.data or ""
    if not form.validate() or not email.isprintable():
        return _refused(form)
    runtime = get_runtime()
    try:
        with runtime.sessions() as database:
            token = sign_in_from(
                database,
                email=email,
                password=form.password.data or "",
                visitor=current_visitor(),
                now=runtime.clock(),
            )
            who = sign_ins.find_sign_in(database, token, now=runtime.clock())
    except sign_ins.SignInRefused:
        return _refused(form)
    except TooManyTries as error:
        return _too_many(form, error)
    if who is None:  # disabled between the two statements
        return _refused(form)
    destination = _destination()
    # A session that somebody planted before the sign-in, with its page tokens, ends here.
    session.clear()
    session.permanent = True
    login_user(BrowserUser(who, token))
    return remember_browser(make_response(redirect(destination, 303)), who.email)


@blueprint.post("/logout")
@public
def sign_out() -> ResponseReturnValue:
    """End the sign-in on the server, so that a copied cookie is worth nothing either."""
    if g.who is not None:
        runtime = get_runtime()
        with runtime.sessions() as database:
            sign_ins.end_sign_in(database, g.who.sign_in_id, now=runtime.clock())
    logout_user()
    session.clear()
    return redirect(url_for("auth.sign_in"), 303)


def _destination() -> str:
    return safe_next(request.args.get("next")) or url_for("auth.home")


def _refused(form: SignInForm) -> ResponseReturnValue:
    answer = find_answer(sign_ins.SignInRefused())
    return _form_page(form, refusal=f"{answer.sentence} Check both and try again."), answer.status


def _too_many(form: SignInForm, error: TooManyTries) -> ResponseReturnValue:
    answer = find_answer(error)
    page = _form_page(form, refusal=f"{answer.sentence} {when_again(error)}")
    return page, answer.status, {"Retry-After": str(math.ceil(error.retry_after_s))}


def _form_page(
    form: SignInForm, *, refusal: str | None = None, arrival: Arrival = NOBODY_ARRIVES
) -> str:
    return render_template(
        "auth/sign_in.html",
        form=form,
        refusal=refusal,
        news=arrival.news,
        next_path=safe_next(request.args.get("next")),
        has_ended="_user_id" in session,
        was_sending=session.get(WAS_SENDING, False),
    )
