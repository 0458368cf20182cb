"""Switches that make an imitated provider misbehave, repeatably."""

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.clock import Clock
from sandbox.fault_wishes import Wish, read_wish
from sandbox.limits import Limits
from sandbox.rotation import Rotation


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
    """One switch that is on. `seen` counts the requests it applied to, `fired` those it spoiled."""

    number: int
    wish: Wish
    until: datetime | None
    seen: int = 0
    fired: int = 0
    dice: random.Random = field(default_factory=random.Random, repr=False)

    @property
    def provider(self) -> str:
        """Name the provider it is about."""
        return self.wish.provider

    @property
    def fault(self) -> str:
        """Name what it does."""
        return self.wish.fault

    @property
    def settings(self) -> Mapping[str, Any]:
        """Return the parameters of this kind of fault, defaults filled in."""
        return self.wish.settings

    @property
    def switch(self) -> str | None:
        """Name the tick box of the page that set it."""
        return self.wish.switch

    def concerns(self, call: Call) -> bool:
        """Tell whether this switch is about such a call at all."""
        wish = self.wish
        if wish.provider != call.provider or wish.account not in (None, call.account):
            return False
        if wish.from_page is not None and (call.page is None or call.page < wish.from_page):
            return False
        return call.is_api if wish.endpoint is None else wish.endpoint == call.endpoint

    def fires(self) -> bool:
        """Count one more request, and tell whether it is spoiled."""
        wish = self.wish
        self.seen += 1
        turn = self.seen - wish.from_request + 1
        if turn < 1 or (wish.times is not None and self.fired >= wish.times):
            return False
        if turn % wish.every or self.dice.random() >= wish.probability:
            return False
        self.fired += 1
        return True

    def as_json(self) -> dict[str, object]:
        """Describe the switch for the control room."""
        return {"number": self.number, **self.wish.as_json(), "seen": self.seen} | {
            "fired": self.fired
        }


class Faults:
    """All switches that are on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._switches: list[Fault] = []
        self._last_number = 0

    def add(self, sent: Mapping[str, object], *, endpoints: tuple[str, ...]) -> Fault:
        """Turn one switch on; raise WrongInput when it cannot be understood."""
        wish = read_wish(sent, endpoints)
        until = None if wish.for_s is None else self._clock() + timedelta(seconds=wish.for_s)
        with self._lock:
            self._last_number += 1
            dice = random.Random(f"fault {wish.seed}")
            fault = Fault(self._last_number, wish, until, dice=dice)
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
            return [
                switch for switch in self._lasting() if switch.concerns(call) and switch.fires()
            ]

    def active(self, provider: str | None = None) -> list[Fault]:
        """Return the switches that are on, oldest first."""
        with self._lock:
            return [switch for switch in self._lasting() if provider in (None, switch.provider)]

    def limits(self, provider: str, account: str, usual: Limits) -> Limits:
        """Return the limits in force: the provider's own, unless a switch sets others."""
        for switch in self.active(provider):
            if switch.fault == "rate" and switch.wish.account in (None, account):
                named = (switch.settings[name] for name in ("concurrent", "minute", "day"))
                usual = usual.changed_by(Limits(*named))
        return usual

    def rotation(self, provider: str) -> Rotation:
        """Return what switches say about refresh tokens; nothing leaves it to the provider."""
        single_use: bool | None = None
        grace_s: float | None = None
        for switch in self.active(provider):
            if switch.fault == "rotate_refresh":
                settings = switch.settings
                if settings["single_use"] is not None:
                    single_use = settings["single_use"]
                if settings["grace_s"] is not None:
                    grace_s = settings["grace_s"]
        return Rotation(single_use, grace_s)

    def _lasting(self) -> list[Fault]:
        """Return the switches whose time has not run out; forget the others."""
        now = self._clock()
        self._switches = [
            switch for switch in self._switches if switch.until is None or now < switch.until
        ]
        return self._switches
