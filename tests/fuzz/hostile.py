"""Values that no field should hold, and answers that no server should give."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

#: Stands for "take the field out".
MISSING = object()
#: A number as it is written in the answer; Python could not write it so by itself.
LITERAL = "\ue000literal:"
_LITERALS = re.compile(rf'"{json.dumps(LITERAL)[1:-1]}([^"]*)"'.replace("\\", "\\\\"))
MEGABYTE = 1_000_000
#: The chance that a hostile value is a text of a megabyte.
HUGE_CHANCE = 1 / 3_000

_NUMBERS: tuple[object, ...] = (0, -1, 7, 2**31, 2**53 + 1, 2**63, 2**70, -(2**70), 10**39)
_LITERAL_NUMBERS = tuple(
    LITERAL + text
    for text in (
        *("-0", "1e400", "-1E+9999999", "1e-9999999", "0.1e1", "1.005", "99999999999999.995"),
        *("9" * 40, "1e15", "1000000000000000.01", "5e-324", "-12.50"),
    )
)
_NUMBER_TEXTS = (
    "NaN",
    "sNaN",
    "-Infinity",
    "1e9999999",
    "1_000",
    "٣٤",
    "0x10",
    " 12 ",
    "12,5",
    "007",
)
_OTHER_TYPES: tuple[object, ...] = (
    *(None, True, False, [], {}, [None], [[[]]], {"value": {}}, ["a", 1], {"": None}),
    *([{"PhoneType": "DEFAULT"}], [{"AddressType": []}, 7], {"amount": {"amount": []}}),
)
_TEXTS = (
    *(
        "",
        " ",
        "\t",
        "\n",
        "a\r\nBcc: eve@example.org",
        "A\x00B",
        "\x00",
        "\x1b[31mred",
        "\x7f\x9b",
    ),
    *(
        "\ud83d",
        "A\udfffB",
        "\udc00\ud800",
        "😀😀",
        "👩‍👩‍👧",
        "\U0010ffff",
        "\ufffe\ufeff",
        "e\u0301",
        "\u0301",
    ),
    *(
        "\u202eevil\u202c",
        "\u2066a\u2069",
        "\u200b",
        "\u200b\u200d\u2060",
        "a\u200bb",
        "\u2028\u2029",
    ),
    *("ﷺ" * 40, "ß", "İstanbul", "ǆ", "Ａｃｍｅ", "\u115f\u3164", "Z\u0489" * 30, "a\u0300" * 400),
    *(
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{7*7}}",
        "${7*7}",
        "</textarea>",
    ),
    *(
        "javascript:alert(1)",
        'hx-get="/x"',
        "=HYPERLINK(1)",
        "+1",
        "-1",
        "@SUM(A1)",
        "'; DROP TABLE x; --",
    ),
    *(
        "x" * 64,
        "x" * 65,
        "x" * 499,
        "x" * 500,
        "x" * 501,
        "x" * 10_000,
        " " * 5_000 + "x",
        "(" * 3_000,
    ),
    *(
        " (deleted)" * 60,
        "true",
        "False",
        "null",
        "undefined",
        "n/a",
        "..",
        "/etc/passwd",
        "%s%n",
        "\\",
    ),
)
_EMAILS = (
    *(
        "a@x.example; b@y.example",
        "Ana <ana@example.com>",
        "mailto:ana@example.com",
        "ana@",
        "@example.com",
    ),
    *("ana@example.com\r\nBcc: eve@example.org", "ana@localhost", "a@b@c.example", "ä@example.com"),
    *(
        "ana@bücher.example",
        "ana@xn--.example",
        "a@" + "b." * 200 + "example",
        "a" * 300 + "@example.com",
    ),
    *("a@example.com," * 200, "@" * 2_000, "a.@example.com", '"a b"@example.com', "a@[127.0.0.1]"),
    *(
        "who@placeholder.local",
        "a@\u202eexample.com",
        "a\x00@example.com",
        "a@exa\udc00mple.com",
        "." * 5_000,
    ),
)
_DATES = (
    *(
        "0001-01-01",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
    ),
    *(
        "9999-12-31 23:59:59",
        "2026-02-30T00:00:00Z",
        "2026-06-30T12:00:00",
        "2026-06-30T12:00:00+99:99",
    ),
    *("2026-06-30T12:00:00+00:00:30", "2026-06-30T24:00:00Z", "2026-W27-2", "0000-00-00 00:00:00"),
    *("2026-11-01 01:30:00", "2026-03-08 02:30:00", "0001-01-01 00:00:00", "1883-11-18 12:00:00"),
    *(
        "/Date(1793000000000+0000)/",
        "/Date(-62135596800000)/",
        "/Date(253402300799999)/",
        "/Date()/",
    ),
    *(
        "/Date(999999999999999)/",
        "/Date(-999999999999999)/",
        "/Date(1e3)/",
        "/Date(9" + "9" * 40 + ")/",
    ),
    *(
        "20260630",
        "1793000000",
        "Tue, 30 Jun 2026 12:00:00 GMT",
        "2026-06-30T12:00:00Z\n",
        "٢٠٢٦-06-30",
    ),
)
_HUGE: tuple[Callable[[], str], ...] = (
    lambda: "n" * MEGABYTE,
    lambda: "9" * MEGABYTE,
    lambda: "\u200b" * MEGABYTE,
    lambda: "a@b.example," * (MEGABYTE // 12),
    lambda: "\x00" * MEGABYTE,
    lambda: " " * MEGABYTE + "x",
    lambda: "a@" * (MEGABYTE // 2),
    lambda: "/Date(" + "1" * MEGABYTE,
)
_FAMILIES: tuple[tuple[object, ...], ...] = (
    *((MISSING,), (None,), ("",), _OTHER_TYPES, _NUMBERS, _LITERAL_NUMBERS),
    *(_NUMBER_TEXTS, _TEXTS, _TEXTS, _EMAILS, _DATES),
)

#: What is hostile to these fields in particular.
_FITTING = {
    **dict.fromkeys(("MetaData", "UpdatedDateUTC", "updated"), _DATES),
    **dict.fromkeys(("PrimaryEmailAddr", "EmailAddress", "email"), _EMAILS),
    **dict.fromkeys(
        ("Balance", "Balances", "outstanding_balance"),
        (*_LITERAL_NUMBERS, *_NUMBERS, *_NUMBER_TEXTS),
    ),
}
#: How often such a field gets one of those.
_FITTING_CHANCE = 0.6

#: Rows that are nobody at all.
NO_OBJECTS: tuple[object, ...] = (None, 7, "58", "", True, [], [[]], ["Id", "1"], LITERAL + "1e400")

#: Numbers that one reader takes and another does not: such an answer is refused whole.
UNREADABLE_LITERALS = tuple(
    LITERAL + text for text in ("NaN", "-Infinity", "9" * 41, "1e99999999999999999999", "01", "+1")
)

#: Bodies that are no answer to anything.
BODIES: tuple[bytes, ...] = (
    *(b"", b" ", b"null", b"[]", b"{}", b"7", b'"text"', b"<html>busy</html>", b"\xef\xbb\xbf{}"),
    *(b"\xff\xfe{\x00}\x00", b"\x00", b"[" * 200_000, b'{"a":' * 200_000, b'{"a":1,"a":2}', b"{]}"),
    *(
        b'{"Status":401}',
        b'{"errno":1003}',
        b'{"response":{"errors":[{"errno":7}]}}',
        b'{"response":[]}',
    ),
    *(
        b'{"Fault":{"Error":[{"code":"3200"}],"type":"AUTHENTICATION"}}',
        b'{"fault":7}',
        b'{"error":[]}',
    ),
    *(
        b'{"Fault":{"Error":[{"Message":"errorCode=003001; statusCode=429"}]}}',
        b'{"Status":{"a":1}}',
    ),
)
STATUSES = (201, 204, 301, 304, 400, 401, 403, 404, 408, 418, 429, 500, 503, 599)


def any_value(random: Random, key: str = "") -> object:
    """Return a hostile value for a field, or MISSING."""
    if key in _FITTING and random.random() < _FITTING_CHANCE:
        return random.choice(_FITTING[key])
    if random.random() < HUGE_CHANCE:
        return random.choice(_HUGE)()
    return random.choice(random.choice(_FAMILIES))


def spoil(random: Random, fields: dict[str, Any], key: str, value: object) -> None:
    """Put the value into the field, or somewhere inside it; the field may not be there yet."""
    place: Any = fields
    step: Any = key
    while random.random() < 0.6:
        inner = place.get(step) if isinstance(place, dict) else place[step]
        if not inner or not isinstance(inner, dict | list):
            break
        place = inner
        step = (
            random.choice(list(inner)) if isinstance(inner, dict) else random.randrange(len(inner))
        )
    if value is not MISSING:
        # A second value may go inside this one.
        place[step] = deepcopy(value)
    elif isinstance(place, list) or step in place:
        del place[step]


def written(content: object) -> str:
    """Write JSON as a server would, with literal numbers where they stand."""
    text = json.dumps(content)
    return _LITERALS.sub(r"\1", text) if "\\ue000literal" in text else text
