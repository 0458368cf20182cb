"""Ask for the password again, before what a borrowed browser must not be able to do.

What a form sent stands in hidden fields of the page that asks, and comes again with the password
to the same address: nothing that was typed is lost while the sign-in lasts, and nothing of it is
in an address or stored.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import login_user
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import HTTPException

from blueprints.addresses import page_path, safe_next
from blueprints.cross_site import OWN
from blueprints.error_pages import find_answer, into_target
from blueprints.forms import MOST_TYPED_CHARACTERS
from blueprints.guards import BrowserUser, get_runtime, get_signed_in
from blueprints.htmx import is_htmx
from blueprints.visitors import current_visitor, when_again
from services.password_proof import WrongPassword, is_proved, prove
from services.sign_in_limits import TooManyTries

blueprint = Blueprint("proof", __name__, url_prefix="/account/confirm")

#: The field of the password, whatever fields the form has besides.
PROOF = "proof_password"
#: A page has its own token, and no password ever stands in a page.
NEVER_KEPT = frozenset({PROOF, "csrf_token", "password", "current"})
#: The report's settings with all their recipients are a third of that.
MOST_KEPT_FIELDS, MOST_KEPT_CHARACTERS = 500, 100_000

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Purpose:
    """What the password is for: words after "to", and which fields of a form belong to them."""

    words: str
    shown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What goes on after the password: where the form leads, what it holds, the way out.

    `purpose` and `details` say it in words: whoever types the password sees what somebody else
    may have filled in.
    """

    address: str
    fields: tuple[tuple[str, str], ...]
    leave: str
    purpose: str = ""
    details: tuple[str, ...] = ()


def password_again(
    words: str, *shown: str
) -> Callable[[Callable[Arguments, Answer]], Callable[Arguments, Answer]]:
    """Ask for the password first, unless it was typed in this browser lately.

    `words` go on after "You asked to", and the fields `shown`, of the form or the address, are
    written beside them. Stands below `admin_required`. Nothing of the request is carried out
    before. A form is sent again by the page that asks, together with the password, which the view
    never sees; a link that was followed leads over `/account/confirm`.
    """

    def guard(view: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
        @wraps(view)
        def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
            question = _question() if _asks_password() else None
            if question is not None:
                return cast(Answer, question)
            request.form = ImmutableMultiDict(_sent(but=frozenset({PROOF})))
            return view(*args, **kwargs)

        guarded.purpose = Purpose(words, shown)  # type: ignore[attr-defined]
        return guarded

    return guard


@blueprint.get("")
def ask() -> ResponseReturnValue:
    """Ask for the password, or lead on where it was typed lately."""
    if _asks_password():
        return _page(_followed())
    if request.headers.get("Sec-Fetch-Site", "") not in OWN:
        # A page that leads on would ask as one of ours, and be packed; a redirect asks as before.
        return redirect(_next_path(), 303)
    # A page of its own and no redirect: `form-action 'self'` would stop the way that leads from
    # the form over a redirect to a provider.
    return render_template("account/lead_on.html", next_path=_next_path())


@blueprint.post("")
def confirm() -> ResponseReturnValue:
    """Take the password and go on to where the link led."""
    return _prove(_followed()) or redirect(url_for("proof.ask", next=_next_path()), 303)


def _asks_password() -> bool:
    return not is_proved(get_signed_in(), now=get_runtime().clock())


def _question() -> ResponseReturnValue | None:
    """Return the page that asks, or None where the right password came along."""
    if request.method != "POST":
        next_path = safe_next(request.full_path.rstrip("?")) or "/"
        return redirect(url_for("proof.ask", next=next_path), 303)
    asked = _posted()
    return _prove(asked) if PROOF in request.form else _page(asked, status=401)


def _followed() -> Asked:
    next_path = _next_path()
    address = url_for("proof.confirm", next=next_path)
    try:
        way = current_app.url_map.bind("").match(urlsplit(next_path).path, method="GET")
    except HTTPException:
        way = "", {}
    return _tell(Asked(address, fields=(), leave=url_for("auth.home")), *way)


def _posted() -> Asked:
    """Return the form as it was sent; too much of it is refused and never kept in part."""
    fields = _sent(but=NEVER_KEPT)
    size = sum(len(name) + len(value) for name, value in fields)
    if len(fields) > MOST_KEPT_FIELDS or size > MOST_KEPT_CHARACTERS:
        abort(413)
    # Made of the route, which is guarded, and of nothing else that was sent.
    address = url_for(request.endpoint or "", **(request.view_args or {}))
    asked = Asked(address, fields, leave=page_path() or url_for("auth.home"))
    return _tell(asked, request.endpoint or "", request.view_args or {})


def _tell(asked: Asked, endpoint: str, arguments: Mapping[str, Any]) -> Asked:
    """Put the guarded view's own words to the question, and what was filled in for them."""
    view = current_app.view_functions.get(endpoint)
    purpose: Purpose | None = getattr(view, "purpose", None)
    if purpose is None:
        return asked
    # Of a field that was sent twice, views take the first.
    told = {**dict(reversed(asked.fields)), **arguments}
    details = tuple(str(told[name]) for name in purpose.shown if told.get(name))
    return replace(asked, purpose=purpose.words, details=details)


def _prove(asked: Asked) -> ResponseReturnValue | None:
    """Take the password, or return the page that asks once more with everything kept."""
    runtime, who = get_runtime(), get_signed_in()
    try:
        with runtime.sessions() as database:
            token = prove(
                database,
                who,
                password=request.form.get(PROOF, "")[:MOST_TYPED_CHARACTERS],
                visitor=current_visitor(),
                now=runtime.clock(),
            )
    except WrongPassword as error:
        answer = find_answer(error)
        return _page(asked, refusal=f"{answer.sentence} Try again.", status=answer.status)
    except TooManyTries as error:
        answer = find_answer(error)
        refusal = f"{answer.sentence} {when_again(error)}"
        page = _page(asked, refusal=refusal, status=answer.status)
        page.headers["Retry-After"] = str(math.ceil(error.retry_after_s))
        return page
    login_user(BrowserUser(who, token))
    return None


def _sent(*, but: frozenset[str]) -> tuple[tuple[str, str], ...]:
    sent = request.form.items(multi=True)
    return tuple((name, value) for name, value in sent if name not in but)


def _next_path() -> str:
    return safe_next(request.args.get("next")) or url_for("auth.home")


def _page(asked: Asked, *, refusal: str | None = None, status: int = 200) -> Response:
    template = "account/_confirm.html" if is_htmx() else "account/confirm.html"
    text = render_template(template, asked=asked, refusal=refusal, proof=PROOF)
    return into_target(make_response(text, status))
