"""The control room for people: plain forms, no script."""

from collections.abc import Mapping

from flask import Blueprint, abort, current_app, redirect, render_template, request
from werkzeug.wrappers import Response

from sandbox.errors import WrongInput
from sandbox.fault_wishes import read_wish
from sandbox.faults import Fault
from sandbox.provider import Provider
from sandbox.switches import GROUPS, SWITCHES, Switch
from sandbox.world import World, the_world

blueprint = Blueprint("page", __name__)

ADDED_BY_BUTTON = 3
MAILS_SHOWN = 50
LONGEST_SETTING = 60


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
        _apply(world, provider, set(request.form.getlist("switch")), request.form)
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


def _apply(world: World, provider: Provider, wanted: set[str], form: Mapping[str, str]) -> None:
    """Make the tick boxes true; faults set by programs stay, as do those that did not change."""
    endpoints = provider.api_endpoints + provider.oauth_endpoints
    wishes = {
        switch.name: switch.wish_from(form, provider.name)
        for switch in SWITCHES
        if switch.name in wanted
    }
    read = {name: read_wish(wish, endpoints) for name, wish in wishes.items()}
    on = {fault.switch: fault for fault in world.faults.active(provider.name) if fault.switch}
    changed = [fault for name, fault in on.items() if read.get(name or "") != fault.wish]
    world.faults.remove(*changed)
    for name, wish in wishes.items():
        if name not in on or on[name] in changed:
            world.add_fault(provider, wish)


def _card(world: World, provider: Provider) -> dict[str, object]:
    active = world.faults.active(provider.name)
    on = {fault.switch: fault for fault in active if fault.switch}
    return {
        "name": provider.name,
        "title": provider.title,
        "customers": provider.census(),
        "groups": [
            (title, [_shown(switch, on.get(switch.name), provider) for switch in switches])
            for title, switches in GROUPS.items()
        ],
        "others": [_described(fault) for fault in active if fault.switch is None],
        "calls": world.traffic.counts(provider.name, provider.api_endpoints, is_api=True),
        "peak": world.traffic.peak(provider.name),
        "limits": world.switchboard.limits(provider.name, "").as_json(),
    }


def _shown(switch: Switch, fault: Fault | None, provider: Provider) -> dict[str, object]:
    fields = [
        (field, field.usual_for(provider.name) if fault is None else field.value_in(fault))
        for field in switch.fields
    ]
    return {"name": switch.name, "title": switch.title, "is_on": fault is not None} | {
        "fields": fields
    }


def _described(fault: Fault) -> dict[str, object]:
    """Return what a program set, with its parameters as short words."""
    settings = [
        f"{name} {value}"
        for name, value in {"account": fault.wish.account, **fault.settings}.items()
        if value not in (None, {}, False) and len(str(value)) < LONGEST_SETTING
    ]
    return {"fault": fault.fault, "settings": settings, "endpoint": fault.wish.endpoint} | {
        "fired": fault.fired
    }
