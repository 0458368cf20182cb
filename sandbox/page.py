"""The control room for people: plain forms, no script."""

from dataclasses import dataclass

from flask import Blueprint, abort, current_app, redirect, render_template, request
from werkzeug.wrappers import Response

from sandbox.errors import WrongInput
from sandbox.provider import Provider
from sandbox.world import World, the_world

blueprint = Blueprint("page", __name__)

ADDED_BY_BUTTON = 3
MAILS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch on the page and the fault it stands for."""

    name: str
    title: str
    wish: dict[str, object]


SWITCHES = (
    Switch("too-many-calls", "429, too many calls", {"fault": "status", "status": 429}),
    Switch("page-2", "503 after page 1", {"fault": "status", "status": 503, "from_page": 2}),
    Switch("html", "A web page instead of data", {"fault": "html200"}),
    Switch("half", "Half an answer", {"fault": "truncate"}),
    Switch("slow", "Slow, 8 s per call", {"fault": "delay", "seconds": 8}),
    Switch(
        "refresh",
        "Refreshing fails, 503",
        {"fault": "status", "status": 503, "endpoint": "token"},
    ),
)
TOKEN_FAULTS = {"expire": "expire_token", "end": "revoke"}


@blueprint.get("/")
def control_page() -> str:
    """Show providers, switches, the last calls and the mails."""
    world = the_world(current_app)
    cards = [_card(world, provider) for provider in world.providers.values()]
    mails = list(reversed(world.outbox.mails()))[:MAILS_SHOWN]
    return render_template(
        "control.html",
        cards=cards,
        switches=SWITCHES,
        added=ADDED_BY_BUTTON,
        calls=world.traffic.past(),
        mails=mails,
        titles_by_name={name: known.title for name, known in world.providers.items()},
    )


@blueprint.post("/switches/<name>")
def set_switches(name: str) -> Response:
    """Do what the pressed button of one provider says."""
    world = the_world(current_app)
    provider = world.providers.get(name) or abort(404)
    pressed = request.form.get("do", "apply")
    if pressed == "add":
        provider.change(None, {"create": ADDED_BY_BUTTON})
    elif pressed in TOKEN_FAULTS:
        world.add_fault(provider, {"provider": name, "fault": TOKEN_FAULTS[pressed]})
    else:
        _apply(world, provider, set(request.form.getlist("switch")))
    return redirect("/", 303)


@blueprint.post("/normal")
def back_to_normal() -> Response:
    """Turn every switch off."""
    the_world(current_app).faults.clear()
    return redirect("/", 303)


@blueprint.get("/outbox/<int:number>")
def mail_page(number: int) -> str:
    """Show one mail: its headers, its text, and its HTML as source."""
    mail = the_world(current_app).outbox.mail(number) or abort(404)
    return render_template("mail.html", mail=mail)


@blueprint.errorhandler(WrongInput)
def refuse(error: WrongInput) -> tuple[str, int]:
    """Say in a sentence what was wrong."""
    return render_template("consent_refused.html", problem=str(error)), 400


def _apply(world: World, provider: Provider, wanted: set[str]) -> None:
    """Make the tick boxes true; faults set by programs stay."""
    on = {fault.switch: fault for fault in world.faults.active(provider.name) if fault.switch}
    world.faults.remove(*(fault for name, fault in on.items() if name not in wanted))
    for switch in SWITCHES:
        if switch.name in wanted and switch.name not in on:
            wish = {"provider": provider.name, "switch": switch.name, **switch.wish}
            world.add_fault(provider, wish)


def _card(world: World, provider: Provider) -> dict[str, object]:
    active = world.faults.active(provider.name)
    return {
        "name": provider.name,
        "title": provider.title,
        "customers": provider.census(),
        "on": {fault.switch for fault in active},
        "others": [fault for fault in active if fault.switch is None],
        "calls": world.traffic.counts(provider.name, provider.api_endpoints, is_api=True),
        "peak": world.traffic.peak(provider.name),
    }
