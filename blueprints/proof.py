"""Ask for the password again, before what a borrowed browser must not be able to do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_user
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from blueprints.addresses import safe_next
from blueprints.error_pages import find_answer
from blueprints.guards import PRESSED, BrowserUser, asks_password, get_runtime, get_signed_in
from blueprints.provider_page import Notice, keep_notice
from blueprints.visitors import current_visitor, when_again
from services.password_proof import WrongPassword, prove
from services.sign_in_limits import TooManyTries

blueprint = Blueprint("proof", __name__, url_prefix="/account/confirm")

MAX_PASSWORD_CHARACTERS = 1_000
# What the button said that was pressed before the password was asked for.
BUTTONS: Mapping[str, str] = MappingProxyType(
    {
        "connections.disconnect_submit": "Disconnect and keep the links",
        "customer_rights.submit": "Erase this customer for good",
        "report_settings.save": "Save",
        "account.ask_for_email": "Ask the new address",
        "team.invite_somebody": "Send invitation",
        "team.send_again": "Send again",
        "team.withdraw": "Withdraw",
        "team.enable": "Enable again",
    }
)
# Forms whose fields were filled in: the page that is gone back to shows them as they are stored.
FILLED_IN = frozenset(
    {
        "report_settings.save",
        "account.ask_for_email",
        "team.invite_somebody",
        "team.set_role",
    }
)


@blueprint.get("")
def ask() -> ResponseReturnValue:
    """Ask for the password, or lead on where it was typed lately."""
    if not asks_password():
        # A page of its own and no redirect: `form-action 'self'` would stop the way that leads
        # from the form over a redirect to a provider.
        return render_template("account/lead_on.html", next_path=_next_path())
    return _page()


@blueprint.post("")
def confirm() -> ResponseReturnValue:
    """Take the password and go back to the page; what was asked for there is not repeated."""
    runtime, who = get_runtime(), get_signed_in()
    password = request.form.get("password", "")[:MAX_PASSWORD_CHARACTERS]
    try:
        with runtime.sessions() as database:
            token = prove(
                database,
                who,
                password=password,
                visitor=current_visitor(),
                now=runtime.clock(),
            )
    except WrongPassword as error:
        answer = find_answer(error)
        return _page(refusal=f"{answer.sentence} Try again."), answer.status
    except TooManyTries as error:
        answer = find_answer(error)
        page = _page(refusal=f"{answer.sentence} {when_again(error)}")
        return page, answer.status, {"Retry-After": str(math.ceil(error.retry_after_s))}
    login_user(BrowserUser(who, token))
    return _back()


def _back() -> ResponseReturnValue:
    next_path, pressed = _next_path(), _pressed()
    session.pop(PRESSED, None)
    if pressed is not None:
        keep_notice(Notice("warn", _what_next(pressed)))
    elif _asks_password(next_path):
        return redirect(url_for("proof.ask", next=next_path), 303)
    return redirect(next_path, 303)


def _what_next(pressed: str) -> str:
    button = f"“{BUTTONS[pressed]}”" if pressed in BUTTONS else "the button"
    if pressed in FILLED_IN:
        gone = "Nothing was saved, and what you filled in is gone."
        return f"{gone} Fill it in again and press {button}."
    return f"Nothing was changed yet. Now press {button} again."


def _pressed() -> str | None:
    """Return what was pressed on the page that is gone back to, None if nothing was."""
    page, endpoint = session.get(PRESSED) or ("", None)
    return endpoint if page == _next_path() else None


def _asks_password(path: str) -> bool:
    """Say whether the address itself asks for the password, as that of Connect does."""
    try:
        endpoint, _values = current_app.url_map.bind("").match(path.partition("?")[0])
    except (HTTPException, RequestRedirect):
        return False
    return getattr(current_app.view_functions[endpoint], "asks_password", False)


def _next_path() -> str:
    return safe_next(request.args.get("next")) or url_for("auth.home")


def _page(*, refusal: str | None = None) -> str:
    return render_template(
        "account/confirm.html",
        next_path=_next_path(),
        refusal=refusal,
        was_pressed=_pressed() is not None,
    )
