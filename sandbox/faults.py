"""Switches that make an imitated provider misbehave, repeatably."""

import json
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.errors import WrongInput
from sandbox.limits import Limits

KINDS = ("status", "delay", "html200", "truncate", "expire_token", "revoke", "rate")
# These happen to the tokens, once; they need no request to happen unless one is named.
TOKEN_KINDS = ("expire_token", "revoke")
LONGEST_DELAY_S = 600.0
NO_OTHER_LIMITS = Limits()
SHOWN_FIELDS = (
    "number",
    "provider",
    "fault",
    "endpoint",
    "from_request",
    "from_page",
    "times",
    "probability",
    "seen",
    "fired",
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a provider; `account` is "" before it is known whom it is about."""

    provider: str
    endpoint: str
    label: str
    is_api: bool
    page: int | None = None
    account: str = ""


@dataclass(slots=True)
class Fault:
    """One switch. `seen` counts the requests it applied to, `fired` those it spoiled.

    `switch` names the tick box of the page that set it.
    """

    number: int
    provider: str
    fault: str
    endpoint: str | None = None
    from_request: int = 1
    from_page: int | None = None
    times: int | None = None
    probability: float = 1.0
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    seconds: float = 0.0
    limits: Limits = NO_OTHER_LIMITS
    switch: str | None = None
    strikes_at_once: bool = False
    seen: int = 0
    fired: int = 0
    dice: random.Random = field(default_factory=random.Random, repr=False)

    def concerns(self, call: Call) -> bool:
        """Tell whether this switch is about such a call at all."""
        if self.provider != call.provider:
            return False
        if self.from_page is not None and (call.page is None or call.page < self.from_page):
            return False
        return call.is_api if self.endpoint is None else self.endpoint == call.endpoint

    def fires(self) -> bool:
        """Count one more request, and tell whether it is spoiled."""
        self.seen += 1
        if self.seen < self.from_request or (self.times is not None and self.fired >= self.times):
            return False
        if self.dice.random() >= self.probability:
            return False
        self.fired += 1
        return True

    def as_json(self) -> dict[str, object]:
        """Describe the switch for the control room."""
        shown: dict[str, object] = {name: getattr(self, name) for name in SHOWN_FIELDS}
        if self.fault == "status":
            shown["status"] = self.status
        if self.fault == "delay":
            shown["seconds"] = self.seconds
        if self.fault == "rate":
            shown |= self.limits.as_json()
        return shown


class Faults:
    """All switches that are on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._switches: list[Fault] = []
        self._last_number = 0

    def add(self, wish: Mapping[str, object], *, endpoints: tuple[str, ...]) -> Fault:
        """Turn one switch on; raise WrongInput when it cannot be understood."""
        with self._lock:
            fault = _read_wish(wish, endpoints, number=self._last_number + 1)
            self._last_number += 1
            self._switches.append(fault)
            return fault

    def clear(self, provider: str | None = None) -> None:
        """Turn all switches off, or those of a provider."""
        self.remove(*self.active(provider))

    def remove(self, *faults: Fault) -> None:
        """Turn these switches off."""
        gone = {fault.number for fault in faults}
        with self._lock:
            self._switches = [fault for fault in self._switches if fault.number not in gone]

    def due(self, call: Call) -> list[Fault]:
        """Count the call on every switch it concerns and return those that spoil it."""
        with self._lock:
            return [switch for switch in self._switches if switch.concerns(call) and switch.fires()]

    def limits(self, provider: str, usual: Limits) -> Limits:
        """Return the limits in force: the provider's own, unless a switch sets others."""
        for switch in self.active(provider):
            if switch.fault == "rate":
                usual = usual.changed_by(switch.limits)
        return usual

    def active(self, provider: str | None = None) -> list[Fault]:
        """Return the switches that are on, oldest first."""
        with self._lock:
            return [switch for switch in self._switches if provider in (None, switch.provider)]


def _read_wish(wish: Mapping[str, object], endpoints: tuple[str, ...], *, number: int) -> Fault:
    kind = wish.get("fault")
    if kind not in KINDS:
        raise WrongInput(f"“fault” must be one of {', '.join(KINDS)}.")
    endpoint = wish.get("endpoint")
    if endpoint is not None and endpoint not in endpoints:
        raise WrongInput(f"“endpoint” must be one of {', '.join(endpoints)}, or left out.")
    _refuse_unknown(wish)
    return Fault(
        number=number,
        provider=str(wish["provider"]),
        fault=str(kind),
        endpoint=None if endpoint is None else str(endpoint),
        from_request=_whole(wish, "from_request", least=1) or 1,
        from_page=_whole(wish, "from_page", least=1),
        times=_whole(wish, "times", least=1) or (1 if kind in TOKEN_KINDS else None),
        probability=_amount(wish, "probability", 1.0, most=1.0),
        status=_whole(wish, "status", least=200, most=599) or 503,
        headers=_headers(wish.get("headers")),
        body=_body(wish.get("body")),
        seconds=_amount(wish, "seconds", 0.0, most=LONGEST_DELAY_S),
        limits=Limits(*(_whole(wish, name, least=0) for name in ("concurrent", "minute", "day"))),
        switch=None if wish.get("switch") is None else str(wish["switch"]),
        strikes_at_once=kind in TOKEN_KINDS and not {"from_request", "endpoint"} & set(wish),
        dice=random.Random(f"fault {_whole(wish, 'seed', least=0) or 0}"),
    )


def _refuse_unknown(wish: Mapping[str, object]) -> None:
    known = {"provider", "fault", "endpoint", "from_request", "from_page", "times", "probability"}
    unknown = set(wish) - known - {"seed", "status", "headers", "body", "seconds", "switch"}
    unknown -= {"concurrent", "minute", "day"}
    if unknown:
        raise WrongInput(f"A fault has no field {', '.join(sorted(unknown))}.")


def _whole(wish: Mapping[str, object], name: str, *, least: int, most: int = 10**9) -> int | None:
    value = wish.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise WrongInput(f"“{name}” must be a whole number from {least} to {most}.")
    return value


def _amount(wish: Mapping[str, object], name: str, default: float, *, most: float) -> float:
    value = wish.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most:
        raise WrongInput(f"“{name}” must be a number from 0 to {most:g}.")
    return float(value)


def _headers(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(
        isinstance(part, str | int) and "\n" not in str(part) and "\r" not in str(part)
        for pair in value.items()
        for part in pair
    ):
        raise WrongInput("“headers” must be an object of names and values.")
    return {str(name): str(content) for name, content in value.items()}


def _body(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)
