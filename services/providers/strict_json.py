"""Read JSON the way a stranger's answer should be read: one meaning, or none at all."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

#: Longer than any id, count or amount; Python itself refuses only above 4,300 digits.
INTEGER_MAX_CHARACTERS = 40


class NotStrictJson(ValueError):
    """The bytes are not UTF-8, not JSON, or JSON that two readers could read differently."""


def read_strictly(body: bytes) -> Any:
    """Parse a body; fractions become Decimal. Raises NotStrictJson and nothing else.

    Refused besides plain errors: invalid UTF-8, a byte order mark, a key given twice, NaN and
    Infinity, very long integers, nesting that exhausts the parser.
    """
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object_with_unique_keys,
            parse_constant=_refuse_constant,
            parse_int=_short_integer,
            parse_float=Decimal,
        )
    except (ValueError, RecursionError, ArithmeticError) as error:
        # The cause is kept by class only: its text quotes the body.
        raise NotStrictJson(type(error).__name__) from None


def _object_with_unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return content


def _refuse_constant(_word: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def _short_integer(text: str) -> int:
    if len(text) > INTEGER_MAX_CHARACTERS:
        raise ValueError("an integer of absurd length")
    return int(text)
