"""The control room for programs: JSON in, JSON out."""

from collections.abc import Mapping
from dataclasses import asdict

from flask import Blueprint, current_app, request

from sandbox.errors import WrongInput
from sandbox.provider import Provider
from sandbox.world import World, the_world

blueprint = Blueprint("control", __name__, url_prefix="/control")

LARGEST_CHANGE = 100_000


@blueprint.get("/state")
def state() -> dict[str, object]:
    """Return customers, calls and switches of every provider; `?realm=` asks for another one."""
    world = the_world(current_app)
    return _state(world, list(world.providers.values()), request.args.get("realm"))


@blueprint.post("/reset")
def reset() -> dict[str, object]:
    """Start over with new data, one provider or all; return their state."""
    world, sent = the_world(current_app), _sent()
    if "realm" in sent and "provider" not in sent:
        raise WrongInput("“realm” needs “provider” beside it.")
    chosen = [_provider(world, sent)] if "provider" in sent else list(world.providers.values())
    size, seed = _number(sent, "size"), _number(sent, "seed")
    for provider in chosen:
        provider.reset(_text(sent, "realm"), size, seed)
        world.traffic.clear(provider.name)
        world.faults.clear(provider.name)
        world.switchboard.meter.clear(provider.name)
    return _state(world, chosen, None)


@blueprint.post("/grants/<name>")
def grants(name: str) -> dict[str, object]:
    """Issue a further grant."""
    world, sent = the_world(current_app), _sent()
    provider = _provider(world, {"provider": name})
    return provider.grant(_text(sent, "realm"), _text(sent, "redirect_uri"))


@blueprint.post("/changes")
def changes() -> dict[str, object]:
    """Change customers, and return whose."""
    world, sent = the_world(current_app), _sent()
    provider = _provider(world, sent)
    unknown = set(sent) - {"provider", "realm", *provider.change_kinds}
    if unknown:
        raise WrongInput(f"There is no change {', '.join(sorted(unknown))}.")
    kinds = provider.change_kinds
    wishes = {kind: _number(sent, kind, most=LARGEST_CHANGE) or 0 for kind in kinds}
    return {"provider": provider.name, **provider.change(_text(sent, "realm"), wishes)}


@blueprint.post("/faults")
def add_fault() -> dict[str, object]:
    """Turn a switch on."""
    world, sent = the_world(current_app), _sent()
    return world.add_fault(_provider(world, sent), sent).as_json()


@blueprint.delete("/faults")
def clear_faults() -> dict[str, object]:
    """Turn all switches off, or those of one provider."""
    world, sent = the_world(current_app), _sent()
    name = request.args.get("provider") or sent.get("provider")
    world.faults.clear(None if name is None else _provider(world, {"provider": name}).name)
    return {"faults": [fault.as_json() for fault in world.faults.active()]}


@blueprint.get("/outbox")
def outbox() -> dict[str, object]:
    """Return the mails, oldest first, decoded."""
    return {"mails": [mail.as_json() for mail in the_world(current_app).outbox.mails()]}


@blueprint.delete("/outbox")
def clear_outbox() -> dict[str, object]:
    """Throw the mails away."""
    the_world(current_app).outbox.clear()
    return {"mails": []}


@blueprint.errorhandler(WrongInput)
def refuse(error: WrongInput) -> tuple[dict[str, str], int]:
    """Say in a sentence what was wrong."""
    return {"error": str(error)}, 400


def _state(world: World, providers: list[Provider], account: str | None) -> dict[str, object]:
    shown = {provider.name: provider_state(world, provider, account) for provider in providers}
    return {"providers": shown, "mails": world.outbox.count()}


def provider_state(world: World, provider: Provider, account: str | None) -> dict[str, object]:
    """Describe one provider."""
    counts, meter = world.traffic.counts, world.switchboard.meter
    limits_of = world.switchboard.limits
    return {
        "customers": _census(provider, account),
        "calls": counts(provider.name, provider.api_endpoints, is_api=True),
        "oauth_calls": counts(provider.name, provider.oauth_endpoints, is_api=False),
        "max_in_flight": world.traffic.peak(provider.name),
        "limits": limits_of(provider.name, account or "").as_json(),
        "remaining": {
            asked: asdict(meter.remaining((provider.name, asked), limits_of(provider.name, asked)))
            for asked in meter.accounts(provider.name)
        },
        "faults": [fault.as_json() for fault in world.faults.active(provider.name)],
    }


def _census(provider: Provider, account: str | None) -> dict[str, int]:
    """Count the customers of an account, of the first one where a provider does not know it."""
    try:
        return provider.census(account)
    except WrongInput:
        return provider.census()


def _sent() -> Mapping[str, object]:
    if not request.get_data():
        return {}
    sent = request.get_json(force=True, silent=True)
    if not isinstance(sent, dict):
        raise WrongInput("The body must be a JSON object.")
    return sent


def _provider(world: World, sent: Mapping[str, object]) -> Provider:
    provider = world.providers.get(str(sent.get("provider")))
    if provider is None:
        raise WrongInput(f"“provider” must be one of {', '.join(world.providers)}.")
    return provider


def _number(sent: Mapping[str, object], name: str, most: int = 10**9) -> int | None:
    value = sent.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise WrongInput(f"“{name}” must be a whole number from 0 to {most}.")
    return value


def _text(sent: Mapping[str, object], name: str) -> str | None:
    value = sent.get(name)
    if value is not None and not isinstance(value, str):
        raise WrongInput(f"“{name}” must be a text.")
    return value
