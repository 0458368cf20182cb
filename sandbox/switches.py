"""The switches of the page for people: titles, groups, and parameters with usual values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.delivery import Cut
from sandbox.fault_wishes import GARBAGE, NOTHING
from sandbox.faults import Fault

# The customer's name, as each provider calls it.
NAME_FIELDS = {"quickbooks": "DisplayName", "xero": "Name", "freshbooks": "organization"}


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter one can type or choose; an empty one is left out."""

    name: str
    label: str
    usual: str
    choices: tuple[str, ...] = ()
    is_number: bool = True

    def read(self, typed: str) -> object:
        """Return the typed text as what a program would have sent."""
        try:
            return json.loads(typed) if self.is_number or self.name == "value" else typed
        except ValueError:
            return typed

    def usual_for(self, provider: str) -> str:
        """Return what stands in the field at first."""
        return NAME_FIELDS.get(provider, "") if self.name == "field" else self.usual

    def value_in(self, fault: Fault) -> str:
        """Return what stands in the field while the switch is on."""
        described = fault.as_json()
        name = "rows" if self.name == "every" and "rows" in described else self.name
        value = described.get(name)
        if value is None and not (self.name == "value" and not described.get("vanishes")):
            return ""
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return value if isinstance(value, str) else json.dumps(value)


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch and the fault it stands for."""

    name: str
    title: str
    wish: Mapping[str, object]
    fields: tuple[Field, ...] = ()

    def wish_from(self, form: Mapping[str, str], provider: str) -> dict[str, object]:
        """Return the wish with what was typed, or with the usual values."""
        wish = {"provider": provider, "switch": self.name, **self.wish}
        for field in self.fields:
            typed = form.get(f"{self.name}.{field.name}", field.usual_for(provider)).strip()
            if typed:
                wish[field.name] = field.read(typed)
        return wish


def _choice(name: str, label: str, *choices: str) -> Field:
    return Field(name, label, choices[0], choices, is_number=False)


MAIN = (
    Switch("too-many-calls", "429, too many calls", {"fault": "status", "status": 429}),
    Switch("page-2", "503 after page 1", {"fault": "status", "status": 503, "from_page": 2}),
    Switch("html", "A web page instead of data", {"fault": "html200"}),
    Switch("half", "Half an answer", {"fault": "truncate"}),
    Switch("slow", "Slow", {"fault": "delay"}, (Field("seconds", "seconds per call", "8"),)),
    Switch(
        "refresh",
        "Refreshing fails, 503",
        {"fault": "status", "status": 503, "endpoint": "token"},
    ),
)
CONNECTION = (
    Switch("drip", "Byte by byte", {"fault": "drip"}, (Field("seconds", "seconds each", "0.25"),)),
    Switch(
        "reset",
        "The connection breaks",
        {"fault": "reset"},
        (_choice("variant", "how", *Cut), Field("after_bytes", "after bytes", "100")),
    ),
    Switch(
        "status",
        "Another status",
        {"fault": "status"},
        (
            Field("status", "code", "500"),
            Field("every", "every nth call", "2"),
            Field("for_s", "for seconds", ""),
        ),
    ),
    Switch(
        "redirect",
        "Leads to another host",
        {"fault": "redirect"},
        (Field("status", "code", "302"),),
    ),
)
ANSWER = (
    Switch(
        "packed",
        "Broken gzip",
        {"fault": "truncate"},
        (_choice("variant", "how", "gzip", "not_gzip"),),
    ),
    Switch("bomb", "200 MB in a small gzip", {"fault": "gzipbomb"}),
    Switch("utf8", "Text that is no UTF-8", {"fault": "bad_utf8"}),
    Switch("garbage", "Odd JSON", {"fault": "garbage"}, (_choice("variant", "kind", *GARBAGE),)),
    Switch("empty", "An empty answer", {"fault": "empty"}, (_choice("variant", "kind", *NOTHING),)),
    Switch("size", "Rows grow", {"fault": "size"}, (Field("n", "by bytes", "10000"),)),
    Switch(
        "clock",
        "The clock is wrong",
        {"fault": "clock_skew"},
        (Field("seconds", "by seconds", "600"),),
    ),
)
DATA = (
    Switch(
        "malformed",
        "A wrong field",
        {"fault": "malformed"},
        (
            Field("field", "name", "", is_number=False),
            Field("value", "value, none removes it", "", is_number=False),
            Field("every", "every nth row", "1"),
        ),
    ),
    Switch("count", "The count lies", {"fault": "count_lie"}, (Field("n", "by", "7"),)),
    Switch(
        "shift",
        "The list shifts while paging",
        {"fault": "mutate_list"},
        (_choice("change", "by", "delete", "create"),),
    ),
    Switch("swap", "Data of another account", {"fault": "tenant_swap"}),
)
TOKENS = (
    Switch(
        "single-use",
        "A refresh token works once",
        {"fault": "rotate_refresh", "single_use": True},
        (Field("grace_s", "grace in seconds", "0"),),
    ),
    Switch(
        "lost-refresh",
        "The answer to a refresh gets lost",
        {"fault": "rotate_refresh", "lose_answer": True},
        (Field("times", "times", "1"),),
    ),
    Switch("scope", "The scope was taken away", {"fault": "scope_drop"}),
    Switch(
        "rate",
        "Other limits",
        {"fault": "rate"},
        (
            Field("concurrent", "at a time", "1"),
            Field("minute", "per minute", "10"),
            Field("day", "per day", ""),
        ),
    ),
)
GROUPS: Mapping[str, tuple[Switch, ...]] = {
    "": MAIN,
    "Connection": CONNECTION,
    "Answer": ANSWER,
    "Data": DATA,
    "Tokens and limits": TOKENS,
}
SWITCHES = tuple(switch for group in GROUPS.values() for switch in group)
