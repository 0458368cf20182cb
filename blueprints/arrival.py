"""From the link of a mail to sign-in: whoever was signed in here is not, and the address is there.

Nobody is signed in by a link alone. The password that was just chosen is typed once more, which
shows that it was typed right and lets the browser offer to keep it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from flask import g, redirect, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import logout_user

from blueprints.guards import get_runtime
from services.sign_ins import end_sign_in

KEY = "arrival"


@dataclass(frozen=True, slots=True)
class Arrival:
    """Whom the sign-in page expects, and what has just become of them."""

    email: str = ""
    news: str = ""


def lead_to_sign_in(arrival: Arrival) -> ResponseReturnValue:
    """End the sign-in of this browser, if there is one, and go to the form."""
    if g.who is not None:
        runtime = get_runtime()
        with runtime.sessions() as database:
            end_sign_in(database, g.who.sign_in_id, now=runtime.clock())
    logout_user()
    session.clear()
    session[KEY] = asdict(arrival)
    return redirect(url_for("auth.sign_in"), 303)


def take_arrival() -> Arrival:
    """Return who arrives, once."""
    return Arrival(**session.pop(KEY, {}))
