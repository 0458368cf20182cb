"""Join a company by the link of a mail, signed in or not."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from blueprints.arrival import Arrival, lead_to_sign_in
from blueprints.forms import one_line
from blueprints.guards import get_runtime, public
from blueprints.link_pages import look_at
from services.account_errors import BadName, WeakPassword
from services.invitations import OfferView, accept_invitation, view_invitation
from services.passwords import MIN_PASSWORD_CHARACTERS

blueprint = Blueprint("invitation", __name__)


@blueprint.get("/invitation/<token>")
@public
def show(token: str) -> ResponseReturnValue:
    """Say who invites; changes nothing, because mail scanners open every link."""
    return _page(token, look_at(view_invitation, token))


@blueprint.post("/invitation/<token>")
@public
def submit(token: str) -> ResponseReturnValue:
    """Create the user, and lead to sign-in with the address filled in."""
    runtime, offer = get_runtime(), look_at(view_invitation, token)
    name = one_line(request.form.get("name", ""))
    try:
        with runtime.sessions() as session:
            accept_invitation(
                session,
                token,
                name=name,
                password=request.form.get("password", ""),
                link_key=runtime.link_key,
                now=runtime.clock(),
            )
    except BadName as error:
        return _page(token, offer, name=name, wrong_name=str(error)), 422
    except WeakPassword as error:
        return _page(token, offer, name=name, wrong_password=str(error)), 422
    return lead_to_sign_in(Arrival(offer.email, "Welcome. Your password is set; sign in with it."))


def _page(
    token: str, offer: OfferView, *, name: str = "", wrong_name: str = "", wrong_password: str = ""
) -> str:
    return render_template(
        "invitation/invitation.html",
        token=token,
        offer=offer,
        name=name,
        wrong_name=wrong_name,
        wrong_password=wrong_password,
        least=MIN_PASSWORD_CHARACTERS,
    )
