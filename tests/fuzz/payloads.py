"""Make one payload: the answers of a provider about one page of customers, some of them odd.

A payload depends on the seed and its number only, so each can be made again by itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from random import Random
from typing import Any

from services.providers.contract import CustomerRecord
from services.providers.replies import Reply
from tests.fuzz.hostile import (
    BODIES,
    NO_OBJECTS,
    STATUSES,
    UNREADABLE_LITERALS,
    any_value,
    spoil,
    written,
)
from tests.fuzz.reading import read
from tests.fuzz.shapes import ROWS, Fields, Shape

ROWS_MAX = 30
POOL_ROWS = 3 * ROWS_MAX
HEADERS = {"Date": "Sun, 22 Nov 2026 12:00:00 GMT"}


class Fate(StrEnum):
    """What has to become of a payload."""

    #: Every row comes out.
    READ = "read"
    #: The provider counts a repeated row twice, so the count never adds up.
    UNSETTLED = "unsettled"
    #: A row that no strict reader takes, or of another account, costs the whole answer.
    REFUSED = "refused"
    #: The envelope itself is odd: whatever comes out is clean, or an error of the contract.
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it is written, and what it has to become.

    `whole` and `changed` are the records of the row it was made of, as it is read alone, in a
    whole reading and among the changes; `may_differ` names the fields that were tampered with.
    An empty `remote_id` means that nobody can tell the row from others.
    """

    text: str
    remote_id: str
    whole: CustomerRecord | None = None
    changed: CustomerRecord | None = None
    may_differ: frozenset[str] = frozenset()
    is_untouched: bool = False


@dataclass(frozen=True, slots=True)
class Payload:
    """All answers of a provider, and what has to come out. `unique` has one row for each id."""

    rows: tuple[Row, ...]
    unique: tuple[Row, ...]
    unreadable_count: int
    answers: dict[str, Reply]
    fate: Fate


def make_pool(shape: Shape, seed: int) -> list[Row]:
    """Make the good rows that all payloads are made of, each read alone."""
    random = Random(f"{seed}:{shape.provider}:pool")
    return [_read_alone(shape, shape.make_row(random, number)) for number in range(POOL_ROWS)]


def _read_alone(shape: Shape, fields: Fields) -> Row:
    row = Row(written(fields), shape.remote_id(fields))
    answers = _answers(shape, [row], told=1)
    whole, changed = (read(shape, answers, since=since) for since in (None, shape.since))
    assert whole.error is changed.error is None, "a good row is read"
    own = [[r for r in one.records if r.remote_id == row.remote_id] for one in (whole, changed)]
    return Row(row.text, row.remote_id, own[0][0], own[1][0], is_untouched=True)


def make_payload(shape: Shape, pool: Sequence[Row], seed: int, number: int) -> Payload:
    """Make payload number so-and-so of a seed."""
    random = Random(f"{seed}:{shape.provider}:{number}")
    # Short pages are made more often: what goes wrong in them goes wrong in long ones.
    chosen = random.sample(pool, 1 + int(ROWS_MAX * random.random() ** 2))
    oddness = random.choice((0.0, 0.15, 0.4, 1.0))
    is_refused = False
    rows: list[Row] = []
    for row in chosen:
        if random.random() < oddness:
            row, refuses = _odd_row(shape, random, row)
            is_refused |= refuses
        rows.append(row)
    if random.random() < 0.1:
        rows.insert(random.randrange(len(rows) + 1), random.choice(rows))
    if random.random() < 0.01:
        number_text = random.choice(UNREADABLE_LITERALS)
        rows.append(Row(written({"Odd": number_text}), ""))
        is_refused = True
    return _payload(shape, random, rows, is_refused=is_refused)


def _payload(shape: Shape, random: Random, rows: list[Row], *, is_refused: bool) -> Payload:
    unique = {row.remote_id: row for row in reversed(rows) if row.remote_id}
    firsts = tuple(row for row in rows if unique.get(row.remote_id) is row)
    # A row that stands twice is one object, so it is found once more behind itself.
    firsts = tuple({row.remote_id: row for row in firsts}.values())
    unreadable_count = sum(not row.remote_id for row in rows)
    told = random.choice((len(rows), len(firsts) + unreadable_count))
    is_settled = told == len(firsts) + unreadable_count
    fate = Fate.READ if is_settled else Fate.UNSETTLED
    answers = _answers(shape, rows, told=told)
    if is_refused:
        fate = Fate.REFUSED
    elif random.random() < 0.1:
        fate = Fate.OPEN
        question = random.choice([name for name in answers if name != "past"])
        answers[question] = _odd_answer(shape, random, rows, question, told=told)
    return Payload(tuple(rows), firsts, unreadable_count, answers, fate)


def _odd_row(shape: Shape, random: Random, row: Row) -> tuple[Row, bool]:
    """Return the row with one to four odd fields, or something else in its place."""
    if random.random() < 0.08:
        return Row(written(random.choice(NO_OBJECTS)), ""), False
    fields: Fields = json.loads(row.text)
    keys = random.sample(list(shape.influences), random.choice((1, 1, 2, 4)))
    for key in keys:
        spoil(random, fields, key, any_value(random, key))
    text = written(fields)
    # As the adapter will see it: literal numbers are numbers now.
    fields = json.loads(text, parse_float=Decimal)
    may_differ = frozenset().union(*(shape.influences[key] for key in keys))
    odd = Row(text, shape.remote_id(fields), row.whole, row.changed, may_differ)
    return odd, shape.refuses(fields)


def _answers(shape: Shape, rows: Sequence[Row], *, told: int) -> dict[str, Reply]:
    return {
        question: _reply(envelope, rows) for question, envelope in shape.envelopes(told).items()
    }


def _reply(envelope: Any, rows: Sequence[Row]) -> Reply:
    texts = ",".join(row.text for row in rows)
    body = written(envelope).replace(f'"{ROWS}"', f"[{texts}]")
    return Reply(200, HEADERS, body.encode())


def _odd_answer(
    shape: Shape, random: Random, rows: Sequence[Row], question: str, *, told: int
) -> Reply:
    """Return an answer whose envelope is odd: its keys, its bytes, its status or its clock."""
    envelope = shape.envelopes(told)[question]
    way = random.randrange(6)
    if way == 0:
        return Reply(random.choice(STATUSES), HEADERS, random.choice(BODIES))
    if way == 1:
        return Reply(200, HEADERS, random.choice(BODIES))
    good = _reply(envelope, rows)
    if way == 2:
        return Reply(200, HEADERS, good.body[: random.randrange(len(good.body))])
    if way == 3:
        place = random.randrange(len(good.body))
        spoiled = bytes([random.randrange(256)])
        return Reply(200, HEADERS, good.body[:place] + spoiled + good.body[place + 1 :])
    if way == 4:
        date = any_value(random)
        return Reply(200, {"Date": date} if isinstance(date, str) else {}, good.body)
    for _ in range(random.choice((1, 1, 2))):
        spoil(random, envelope, random.choice(list(envelope) or ["time"]), any_value(random))
    return _reply(envelope, rows)
