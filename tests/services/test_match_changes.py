"""Following changes one by one gives what matching the whole lists anew gives."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models import Company, Customer, KeptFrequencies, Reading, RemoteAccount, RemoteCustomer
from services import match_state, match_whole
from services.customer_removal import remove_rows
from services.kept_counts import FrequencyMemory
from services.match_job import match_account
from services.matching.frequencies import Frequencies
from services.runtime import Runtime
from tests.factories import (
    NOW,
    make_account,
    make_company,
    make_connection,
    make_customer,
    make_reading,
    make_remote_customer,
)
from tests.services.matching_support import everything_found

FIRSTS = ["Ann", "Bob", "Robert", "Karl"]
LASTS = ["Brandt", "Abelard", "Umbra"]
EMAILS = ["office@example.com", "ann@example.com", "ann.brandt@example.com", "b@example.org"]
PHONES = ["415 555 0123", "415 555 0124", "212 555 0199", "call Bob"]


@dataclass(frozen=True)
class Scene:
    account_id: int
    company_id: int


def _details(chance: random.Random) -> dict[str, Any]:
    email = chance.choice([*EMAILS, None, None])
    return {
        "name": f"{chance.choice(FIRSTS)} {chance.choice(LASTS)}",
        "email": email,
        "phone": chance.choice([*PHONES, ""]),
        "address": chance.choice(["12 Alder Street, Thalby, CA 94107", ""]),
    }


def _ours(details: dict[str, Any]) -> dict[str, Any]:
    is_placeholder = details["email"] is None
    return details | {
        "email": details["email"] or "quickbooks-0@placeholder.local",
        "is_placeholder_email": is_placeholder,
    }


def _theirs(details: dict[str, Any]) -> dict[str, Any]:
    return details | {"emails_text": details["email"] or ""}


def _make_scene(runtime: Runtime, chance: random.Random) -> Scene:
    with runtime.sessions() as session:
        company = make_company(session)
        account = make_account(session, company)
        reading = make_reading(session, make_connection(session, account))
        for _ in range(12):
            make_customer(session, company, **_ours(_details(chance)))
            make_remote_customer(session, reading, **_theirs(_details(chance)))
        return Scene(account.id, company.id)


def _change(session: Session, scene: Scene, chance: random.Random) -> None:
    kind = chance.randrange(6)
    if kind == 0:
        company = session.get_one(Company, scene.company_id)
        make_customer(session, company, **_ours(_details(chance)))
    elif kind == 1:
        reading = session.scalars(select(Reading).where(Reading.account_id == scene.account_id))
        make_remote_customer(session, reading.one(), **_theirs(_details(chance)))
    elif kind == 2:
        one = chance.choice(_rows(session, Customer, Customer.company_id == scene.company_id))
        _set(session, one, **_ours(_details(chance)))
    elif kind == 5:
        ours = _rows(session, Customer, Customer.company_id == scene.company_id)
        some = [one.id for one in chance.sample(ours, min(len(ours), chance.randrange(1, 4)))]
        remove_rows(session, scene.company_id, some, now=NOW)
        session.commit()
    else:
        belongs = RemoteCustomer.account_id == scene.account_id
        one = chance.choice(_rows(session, RemoteCustomer, belongs))
        gone = {"state": "vanished"} if kind == 3 else {"state": "unsynced"}
        _set(session, one, **(_theirs(_details(chance)) | gone))


def _rows(session: Session, row: type[Any], condition: Any) -> list[Any]:
    return list(session.scalars(select(row).where(condition).order_by(row.id)))


def _set(session: Session, row: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.revision += 1
    session.commit()


def _match_all_anew(runtime: Runtime, scene: Scene) -> None:
    with runtime.sessions() as session:
        session.execute(update(RemoteAccount).values(matched_at=None))
        session.commit()
    match_account(runtime, scene.account_id)


SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
SEEDS, COUNTS, LIMITS = st.integers(0, 10**6), st.integers(1, 6), st.sampled_from([6, 4000])


@settings(max_examples=4, suppress_health_check=SLOW)
@given(seed=SEEDS, change_count=COUNTS, limit=LIMITS)
def test_changes_one_by_one_give_what_the_whole_lists_give(
    runtime: Runtime, seed: int, change_count: int, limit: int
) -> None:
    _change_one_by_one_and_whole(runtime, seed, change_count, limit)


@pytest.mark.full
@settings(max_examples=60, suppress_health_check=SLOW)
@given(seed=SEEDS, change_count=COUNTS, limit=LIMITS)
def test_many_more_changes_give_what_the_whole_lists_give(
    runtime: Runtime, seed: int, change_count: int, limit: int
) -> None:
    _change_one_by_one_and_whole(runtime, seed, change_count, limit)


def _change_one_by_one_and_whole(
    runtime: Runtime, seed: int, change_count: int, limit: int
) -> None:
    chance = random.Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        _share_few_values(patch, limit)
        scene = _make_scene(runtime, chance)
        match_account(runtime, scene.account_id)
        _keep_frequencies(patch, runtime, scene)
        for _ in range(change_count):
            with runtime.sessions() as session:
                _change(session, scene, chance)
            match_account(runtime, scene.account_id)
        by_changes = everything_found(runtime)

        _match_all_anew(runtime, scene)

        assert everything_found(runtime) == by_changes
        with runtime.sessions() as session:
            session.execute(update(RemoteAccount).values(matched_at=None))
            session.query(RemoteCustomer).delete()
            session.query(Customer).delete()
            session.commit()


def _share_few_values(patch: pytest.MonkeyPatch, limit: int) -> None:
    """With a low limit, a value soon has too many holders to bring anybody together."""
    from services import kept_removal, match_changes
    from services.matching import blocking, keys, matcher

    limits = tuple(min(limit, each) for each in keys.PAIR_LIMITS.values())
    patch.setattr(blocking, "kind_limits", lambda: (limits, keys.kind_limits()[1]))
    for module in (matcher, match_changes, kept_removal):
        patch.setattr(module, "pair_limit", lambda key: min(limit, keys.pair_limit(key)))


def _keep_frequencies(patch: pytest.MonkeyPatch, runtime: Runtime, scene: Scene) -> None:
    """From now on all matchings count with the frequencies of the first one."""
    with runtime.sessions() as session:
        frequencies = FrequencyMemory().load(session, scene.account_id)
    assert frequencies is not None
    same: Callable[..., Frequencies] = partial(_given, frequencies)
    patch.setattr(match_whole, "count_frequencies", same)
    patch.setattr(match_state, "GROWTH_SHARE", 0)


def _given(frequencies: Frequencies, *_lists: Any) -> Frequencies:
    return frequencies


def test_frequencies_come_back_as_they_were(runtime: Runtime) -> None:
    scene = _make_scene(runtime, random.Random(5))
    match_account(runtime, scene.account_id)

    with runtime.sessions() as session:
        frequencies = FrequencyMemory().load(session, scene.account_id)
        counted = session.scalar(select(func.max(KeptFrequencies.party_count)))

    assert frequencies is not None
    assert frequencies.party_count == counted == 24
    assert frequencies.last_names["brandt"] > 0
