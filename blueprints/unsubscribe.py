"""Leave or rejoin the daily report by the link of a mail, signed in or not."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.cross_site import from_anywhere
from blueprints.guards import get_runtime, public
from blueprints.provider_page import Notice, keep_notice, kept_notice
from extensions import csrf
from services.unsubscription import Subscription, resubscribe, unsubscribe, view_subscription

blueprint = Blueprint("unsubscribe", __name__)

ONE_CLICK = ("List-Unsubscribe", "One-Click")


@blueprint.get("/unsubscribe/<token>")
@public
def show(token: str) -> ResponseReturnValue:
    """Ask, or say how it stands; changes nothing, because mail scanners open every link."""
    runtime = get_runtime()
    with runtime.sessions() as session:
        subscription = view_subscription(session, token, link_key=runtime.link_key)
    return _page(subscription, token, notice=kept_notice())


@blueprint.post("/unsubscribe/<token>")
@csrf.exempt
@from_anywhere
@public
def submit(token: str) -> ResponseReturnValue:
    """Send no more reports.

    The signed link is the permission: mail programs post here by themselves (RFC 8058), without
    a page before it, and want an answer that leads nowhere else.
    """
    runtime = get_runtime()
    with runtime.sessions() as session:
        subscription = unsubscribe(session, token, link_key=runtime.link_key, now=runtime.clock())
    if request.form.get(ONE_CLICK[0]) == ONE_CLICK[1]:
        return _page(subscription, token)
    return redirect(url_for("unsubscribe.show", token=token), 303)


@blueprint.post("/unsubscribe/<token>/again")
@public
def again(token: str) -> ResponseReturnValue:
    """Send the reports again, from today's on."""
    runtime = get_runtime()
    with runtime.sessions() as session:
        subscription = resubscribe(session, token, link_key=runtime.link_key, now=runtime.clock())
    if subscription.is_mailed:
        keep_notice(Notice("ok", "Subscribed again, beginning with today."))
    return redirect(url_for("unsubscribe.show", token=token), 303)


def _page(subscription: Subscription, token: str, *, notice: Notice | None = None) -> str:
    return render_template(
        "unsubscribe/unsubscribe.html", subscription=subscription, token=token, notice=notice
    )
