"""What the payloads of all providers have in common: rows, envelopes, questions, records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from services.providers.contract import AccountingClient, CustomerRecord, ProviderKey

#: Where the rows go in an envelope.
ROWS = "@@rows@@"
EVERYTHING = frozenset(CustomerRecord.__dataclass_fields__)

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """How one provider writes customers.

    `influences` says which fields of a record may change when a field of the row does; everything
    else must stay as it was. `envelopes` makes, for a number of rows, an answer to each question
    that a client can ask; `question` names the question of a call, "past" for pages after the
    first. `remote_id` and `refuses` are written here once more, so that they check the adapter.
    """

    provider: ProviderKey
    make_client: Callable[[Any], AccountingClient]
    make_row: Callable[[Random, int], Fields]
    influences: Mapping[str, frozenset[str]]
    envelopes: Callable[[int], dict[str, Any]]
    question: Callable[[str, Mapping[str, str], Mapping[str, str]], str]
    remote_id: Callable[[Fields], str]
    since: datetime
    #: A change feed that does not say how many rows it has cannot tell a repeated one.
    counts_changes: bool
    refuses: Callable[[Any], bool] = lambda _row: False
    #: Whether a record belongs to what changed since that moment.
    is_told_as_changed: Callable[[CustomerRecord, datetime], bool] = lambda _record, _since: True


def influence(*names: str) -> frozenset[str]:
    """Name fields of a record; refuses one that does not exist."""
    assert EVERYTHING.issuperset(names), names
    return frozenset(names)


def some_words(random: Random, *words: str) -> str:
    """Return one of the words, or nothing."""
    return random.choice((*words, ""))
