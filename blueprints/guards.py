"""Who may pass: sign-ins, roles, and units of work that only read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import Flask, Response, abort, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import UserMixin, current_user

from blueprints import cross_site
from blueprints.addresses import page_address, page_path
from blueprints.htmx import is_htmx
from extensions import login_manager
from services.database import only_reading
from services.runtime import Runtime
from services.sign_ins import SignedIn, find_sign_in, note_seen

# GETs that store something: a reading is claimed, a consent is asked for or answered.
WRITING_GETS = frozenset({"unsynced.show", "connections.connect", "connections.callback"})
# Files and watchers: who asks is not looked up, so that no database is needed for the answer.
NOBODY_ASKED = frozenset({"static", "health.alive", "health.ready", "health.metrics"})
# Whether a form was on its way when the sign-in was found to have ended; told at sign-in.
WAS_SENDING = "was_sending"
Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class BrowserUser(UserMixin):
    """A sign-in as Flask-Login wants it; its id is the token, never a number of a row."""

    def __init__(self, signed_in: SignedIn, token: str) -> None:
        self.signed_in = signed_in
        self._token = token

    def get_id(self) -> str:
        return self._token


def register(app: Flask) -> None:
    """Put the guards before every request of the application."""
    login_manager.user_loader(_load_user)
    # The token is looked up at every request, so a changed address or browser proves nothing.
    login_manager.session_protection = None
    app.before_request(_begin_unit)
    app.before_request(require_sign_in)
    app.before_request(cross_site.refuse_other_sites)
    app.teardown_request(_end_unit)


def get_runtime() -> Runtime:
    """Return the runtime that create_app built."""
    return cast(Runtime, current_app.extensions["runtime"])


def get_signed_in() -> SignedIn:
    """Return who acts in this request; only for views that are not public."""
    return cast(SignedIn, g.who)


def public(view: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Let everybody open the view, signed in or not."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def admin_required(view: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Answer 403 to everybody but admins."""

    @wraps(view)
    def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        if not get_signed_in().is_admin:
            abort(403)
        return view(*args, **kwargs)

    return guarded


def _load_user(token: str) -> BrowserUser | None:
    if g.get("is_database_away"):  # the page that says so shall not ask it
        return None
    runtime = get_runtime()
    now = runtime.clock()
    with only_reading(), runtime.sessions() as database:
        who = find_sign_in(database, token, now=now)
    if who is None:
        return None
    with runtime.sessions() as database:
        note_seen(database, who, now=now)
    return BrowserUser(who, token)


def _begin_unit() -> None:
    """Let pages read without SQLite's write lock, so that a long write never stalls them."""
    if request.method in ("GET", "HEAD") and request.endpoint not in WRITING_GETS:
        g.unit = ExitStack()
        g.unit.enter_context(only_reading())


def _end_unit(_error: BaseException | None) -> None:
    unit = g.pop("unit", None)
    if unit is not None:
        unit.close()


def require_sign_in() -> ResponseReturnValue | None:
    """Lead whoever is not signed in to sign-in, unless the view is public; else None."""
    g.who = None
    if request.endpoint in NOBODY_ASKED:
        return None
    g.who = current_user.signed_in if current_user.is_authenticated else None
    view = current_app.view_functions.get(request.endpoint or "")
    if g.who is not None or view is None or getattr(view, "is_public", False):
        return None
    return _to_sign_in()


def _to_sign_in() -> ResponseReturnValue:
    # What a provider brings back is for one look only, and never repeated.
    came_from = page_path() if request.endpoint in WRITING_GETS else page_address()
    address = url_for("auth.sign_in", next=came_from)
    if "_user_id" in session:
        session[WAS_SENDING] = request.method not in ("GET", "HEAD")
    if is_htmx():
        return Response(status=401, headers={"HX-Redirect": address})
    return redirect(address, 303)
