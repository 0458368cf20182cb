"""Your account: name, e-mail, password, the daily report, and where you are signed in."""

from __future__ import annotations

import math
from collections.abc import Mapping

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_user

from blueprints.addresses import public_id
from blueprints.error_pages import find_answer
from blueprints.guards import BrowserUser, get_runtime, get_signed_in
from blueprints.proof import password_again
from blueprints.provider_page import Notice, keep_notice, kept_notice
from blueprints.visitors import current_visitor, remember_browser, when_again
from services.account_errors import AlreadyTaken, BadEmail, BadName, WeakPassword
from services.email_changes import ask_for_change, find_pending, withdraw_change
from services.link_errors import MailedAlready, TooManyLinks
from services.own_account import (
    UnknownSignIn,
    change_name,
    change_password,
    list_sign_ins,
    sign_out_elsewhere,
    sign_out_there,
)
from services.password_proof import WrongPassword
from services.passwords import MIN_PASSWORD_CHARACTERS
from services.sign_in_limits import TooManyTries
from services.unsubscription import resubscribe_own, view_own_subscription

blueprint = Blueprint("account", __name__, url_prefix="/account")


@blueprint.get("")
def show() -> ResponseReturnValue:
    """Show what there is to change."""
    return _page(notice=kept_notice())


@blueprint.post("/name")
def rename() -> ResponseReturnValue:
    """Call the person by another name from now on."""
    runtime, name = get_runtime(), request.form.get("name", "")
    try:
        with runtime.sessions() as session:
            change_name(session, get_signed_in(), name=name, now=runtime.clock())
    except BadName as error:
        return _page(name=name, errors={"name": str(error)}), find_answer(error).status
    return _done("Your name is saved.")


@blueprint.post("/email")
@password_again("change your e-mail", "email")
def ask_for_email() -> ResponseReturnValue:
    """Have the new address asked by a mail; until somebody says yes there nothing changes."""
    runtime, email = get_runtime(), request.form.get("email", "")
    try:
        with runtime.sessions() as session:
            ask_for_change(
                session, get_signed_in(), email=email, wake=runtime.wake, now=runtime.clock()
            )
    except (BadEmail, AlreadyTaken) as error:
        return _page(email=email, errors={"email": str(error)}), find_answer(error).status
    except (MailedAlready, TooManyLinks) as error:
        answer = find_answer(error)
        return _page(email=email, errors={"email": answer.sentence}), answer.status
    return _done(
        "A mail is on its way to the new address. Your e-mail changes once you say yes there."
    )


@blueprint.post("/email/withdraw")
def withdraw_email() -> ResponseReturnValue:
    """Let the mailed question do nothing any more; the e-mail stays as it is."""
    runtime = get_runtime()
    with runtime.sessions() as session:
        is_withdrawn = withdraw_change(session, get_signed_in(), now=runtime.clock())
    if not is_withdrawn:
        return _done("Nothing waited any more: it was answered, or had ended.", tone="warn")
    return _done("Your e-mail stays as it is; the link that was mailed does nothing any more.")


@blueprint.post("/password")
def choose_password() -> ResponseReturnValue:
    """Set a new password and sign the person out in all other browsers."""
    runtime, who = get_runtime(), get_signed_in()
    try:
        with runtime.sessions() as session:
            token, ended = change_password(
                session,
                who,
                current=request.form.get("current", ""),
                password=request.form.get("password", ""),
                visitor=current_visitor(),
                wake=runtime.wake,
                now=runtime.clock(),
            )
    except WeakPassword as error:
        return _page(errors={"password": str(error)}), find_answer(error).status
    except WrongPassword as error:
        answer = find_answer(error)
        return _page(errors={"current": answer.sentence}), answer.status
    except TooManyTries as error:
        answer = find_answer(error)
        page = _page(errors={"current": f"{answer.sentence} {when_again(error)}"})
        return page, answer.status, {"Retry-After": str(math.ceil(error.retry_after_s))}
    login_user(BrowserUser(who, token))
    done = make_response(_done(f"Your password is changed.{_ended(ended)}"))
    # What knew this browser ended with the old password.
    return remember_browser(done, who.email)


@blueprint.post("/sign-out-elsewhere")
def end_others() -> ResponseReturnValue:
    """Sign the person out in every browser but this one."""
    runtime = get_runtime()
    with runtime.sessions() as session:
        ended = sign_out_elsewhere(session, get_signed_in(), now=runtime.clock())
    return _done(_ended(ended).strip() or "You were signed in nowhere else.")


@blueprint.post("/sign-out")
def end_one() -> ResponseReturnValue:
    """Sign the person out in one other browser."""
    runtime, chosen = get_runtime(), public_id(request.form.get("sign_in"))
    if chosen is None:
        raise UnknownSignIn
    with runtime.sessions() as session:
        sign_out_there(session, get_signed_in(), public_id=chosen, now=runtime.clock())
    return _done("You are signed out there.")


@blueprint.post("/report")
def get_report_again() -> ResponseReturnValue:
    """Mail the daily report again to whoever had left it."""
    runtime = get_runtime()
    with runtime.sessions() as session:
        subscription = resubscribe_own(session, get_signed_in(), now=runtime.clock())
    if subscription is None:
        return _done("You are not on the list of the report. An admin can add you.", tone="warn")
    if not subscription.is_mailed:
        return _done("You get the report again once it is switched on for you.", tone="warn")
    return _done("You get the daily report again, beginning with today.")


def _ended(number: int) -> str:
    if not number:
        return ""
    browsers = "one other browser" if number == 1 else f"{number:,} other browsers"
    return f" You were signed out in {browsers}."


def _done(sentence: str, *, tone: str = "ok") -> ResponseReturnValue:
    keep_notice(Notice(tone, sentence))
    return redirect(url_for("account.show"), 303)


def _page(
    *,
    name: str | None = None,
    email: str = "",
    errors: Mapping[str, str] | None = None,
    notice: Notice | None = None,
) -> str:
    runtime, who = get_runtime(), get_signed_in()
    with runtime.sessions() as session:
        sign_ins = list_sign_ins(session, who, now=runtime.clock())
        subscription = view_own_subscription(session, who)
        pending = find_pending(session, who, now=runtime.clock())
    return render_template(
        "account/account.html",
        name=who.name if name is None else name,
        email=email,
        errors=errors or {},
        notice=notice,
        is_mail_set_up=runtime.mailer is not None,
        sign_ins=sign_ins,
        subscription=subscription,
        pending=pending,
        least=MIN_PASSWORD_CHARACTERS,
    )
