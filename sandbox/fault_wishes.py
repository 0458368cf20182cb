"""Read what a program wants of a switch: the kinds there are, their parameters and defaults."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.delivery import Cut
from sandbox.errors import WrongInput

# These happen to the tokens, once; they need no request to happen unless one is named.
TOKEN_KINDS = ("expire_token", "revoke")
# Without a request named, the switch is about these endpoints instead of the API's.
HOME_ENDPOINTS = {"rotate_refresh": "token"}
LONGEST_S = 600.0
LARGEST_PADDING_BYTES = 1_000_000
GARBAGE = ("bom", "nan", "infinity", "duplicate", "deep", "digits", "not_an_object")
NOTHING = ("valid", "no_body", "null", "array", "object", "no_content")

Sent = Mapping[str, object]
Reader = Callable[[Sent, str], object]


@dataclass(frozen=True, slots=True)
class Wish:
    """A switch as it was asked for. `settings` holds the parameters of its kind."""

    provider: str
    fault: str
    endpoint: str | None
    account: str | None
    from_request: int
    from_page: int | None
    times: int | None
    every: int
    for_s: float | None
    probability: float
    seed: int
    switch: str | None
    strikes_at_once: bool
    settings: Mapping[str, Any]

    def as_json(self) -> dict[str, object]:
        """Describe it for the control room."""
        return {name: getattr(self, name) for name in SHOWN_FIELDS} | dict(self.settings)


def _whole(default: int | None, least: int, most: int = 10**9) -> Reader:
    def read(sent: Sent, name: str) -> int | None:
        value = sent.get(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise WrongInput(f"“{name}” must be a whole number from {least} to {most}.")
        return value

    return read


def _amount(default: float | None, most: float, least: float = 0) -> Reader:
    def read(sent: Sent, name: str) -> float | None:
        value = sent.get(name, default)
        if value is None and default is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise WrongInput(f"“{name}” must be a number.")
        if not least <= value <= most:
            raise WrongInput(f"“{name}” must be a number from {least:g} to {most:g}.")
        return float(value)

    return read


def _choice(*choices: str) -> Reader:
    def read(sent: Sent, name: str) -> str:
        value = sent.get(name, choices[0])
        if value not in choices:
            raise WrongInput(f"“{name}” must be one of {', '.join(choices)}.")
        return str(value)

    return read


def _text(default: str | None) -> Reader:
    def read(sent: Sent, name: str) -> str | None:
        value = sent.get(name, default)
        if value is None and default is None:
            return None
        if not isinstance(value, str) or not value or {"\r", "\n"} & set(value):
            raise WrongInput(f"“{name}” must be a text of one line.")
        return value

    return read


def _flag(sent: Sent, name: str) -> bool | None:
    value = sent.get(name)
    if value is not None and not isinstance(value, bool):
        raise WrongInput(f"“{name}” must be true or false.")
    return value


def _headers(sent: Sent, name: str) -> dict[str, str]:
    value = sent.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(
        isinstance(part, str | int) and "\n" not in str(part) and "\r" not in str(part)
        for pair in value.items()
        for part in pair
    ):
        raise WrongInput(f"“{name}” must be an object of names and values.")
    return {str(header): str(content) for header, content in value.items()}


def _body(sent: Sent, name: str) -> str | None:
    value = sent.get(name)
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _lost(sent: Sent, name: str) -> str | None:
    """Read how an answer gets lost: true means with the connection."""
    value = sent.get(name, False)
    if isinstance(value, bool):
        return "cut" if value else None
    if value not in ("cut", "503"):
        raise WrongInput(f"“{name}” must be true, false, cut or 503.")
    return str(value)


SETTINGS: Mapping[str, Mapping[str, Reader]] = {
    "status": {"status": _whole(503, 200, 599), "headers": _headers, "body": _body},
    "delay": {"seconds": _amount(0.0, LONGEST_S)},
    "drip": {"seconds": _amount(0.25, LONGEST_S), "chunk": _whole(1, 1)},
    "reset": {"after_bytes": _whole(100, 0), "variant": _choice(*Cut)},
    "html200": {},
    "truncate": {"variant": _choice("body", "gzip", "not_gzip")},
    "gzipbomb": {},
    "malformed": {"field": _text(None), "value": lambda sent, name: sent.get(name)},
    "bad_utf8": {},
    "garbage": {"variant": _choice(*GARBAGE)},
    "redirect": {
        "status": _whole(302, 301, 308),
        "location": _text("https://elsewhere.example.com/"),
    },
    "expire_token": {},
    "revoke": {},
    "rotate_refresh": {
        "single_use": _flag,
        "grace_s": _amount(None, 10**9),
        "lose_answer": _lost,
    },
    "scope_drop": {},
    "rate": {"concurrent": _whole(None, 0), "minute": _whole(None, 0), "day": _whole(None, 0)},
    "mutate_list": {"change": _choice("delete", "create")},
    "tenant_swap": {},
    "count_lie": {"n": _whole(1, -(10**9))},
    "empty": {"variant": _choice(*NOTHING)},
    "size": {"n": _whole(10_000, 0, LARGEST_PADDING_BYTES)},
    "clock_skew": {"seconds": _amount(600.0, 10**9, -(10**9))},
}
KINDS = tuple(SETTINGS)
COMMON: Mapping[str, Reader] = {
    "account": _text(None),
    "from_request": _whole(1, 1),
    "from_page": _whole(None, 1),
    "times": _whole(None, 1),
    "every": _whole(1, 1),
    "for_s": _amount(None, 10**9),
    "probability": _amount(1.0, 1.0),
    "seed": _whole(0, 0),
}
SHOWN_FIELDS = ("provider", "fault", "endpoint", *COMMON)


def read_wish(sent: Sent, endpoints: tuple[str, ...]) -> Wish:
    """Return the wish; raise WrongInput with a sentence when it makes no sense."""
    kind = str(sent.get("fault"))
    if kind not in KINDS:
        raise WrongInput(f"“fault” must be one of {', '.join(KINDS)}.")
    endpoint = sent.get("endpoint")
    if endpoint is not None and endpoint not in endpoints:
        raise WrongInput(f"“endpoint” must be one of {', '.join(endpoints)}, or left out.")
    _refuse_unknown(sent)
    common: dict[str, Any] = {name: read(sent, name) for name, read in COMMON.items()}
    settings = {name: read(sent, name) for name, read in SETTINGS[kind].items()}
    if kind == "malformed":
        # For this one `every` chooses rows, not requests; without a value the field vanishes.
        settings |= {"rows": common["every"], "vanishes": "value" not in sent}
        common["every"] = 1
        if settings["field"] is None:
            raise WrongInput("“field” must name the field to spoil.")
    if kind in TOKEN_KINDS and common["times"] is None:
        common["times"] = 1
    return Wish(
        provider=str(sent["provider"]),
        fault=kind,
        endpoint=HOME_ENDPOINTS.get(kind) if endpoint is None else str(endpoint),
        switch=None if sent.get("switch") is None else str(sent["switch"]),
        strikes_at_once=kind in TOKEN_KINDS and not {"from_request", "endpoint"} & set(sent),
        settings=settings,
        **common,
    )


def _refuse_unknown(sent: Sent) -> None:
    known = {"provider", "fault", "endpoint", "switch", *COMMON}
    known.update(*SETTINGS.values())
    unknown = set(sent) - known
    if unknown:
        raise WrongInput(f"A fault has no field {', '.join(sorted(unknown))}.")
