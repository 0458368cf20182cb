"""Build the filled house: both companies, one day later, with everybody signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, update

from blueprints import unsynced
from config import new_keys
from jobs.tasks import deliver_reports, tick
from models import Base, ReportRecipient, User
from services.recipient_confirmation import confirmation_token
from tests.blueprints.support import find_token
from tests.factories import NOW
from tests.security.filling import (
    Words,
    fill,
    make_party,
    offer_accounts,
    sign_in,
    sign_up,
    write_rest,
)
from tests.security.house import COOKIE, FILE, House, Party, Plan, open_house, settle

PEOPLE = {"Quillfeather": ("ada", "mel", "olu"), "Wobblestone": ("zoe", "kim", "uma")}
WordsOf = Callable[[str], Words]
PROVIDERS = ("QUICKBOOKS", "XERO", "FRESHBOOKS")


def make_environ() -> dict[str, str]:
    """Return settings in which every provider is set up and nobody can be reached."""
    return (
        new_keys()
        | {"BLUECLERK_ENV": "demo"}
        | {f"BLUECLERK_{name}_CLIENT_ID": "client" for name in PROVIDERS}
        | {f"BLUECLERK_{name}_CLIENT_SECRET": "canary-client-secret" for name in PROVIDERS}
    )


class PlainWords:
    """Texts that differ, are like nobody else's, and all hold the word."""

    def __init__(self, word: str) -> None:
        self._word = word
        self._numbers = count()

    def __call__(self) -> str:
        number = next(self._numbers)
        return f"{sha256(f'{self._word} {number}'.encode()).hexdigest()[:10]} {self._word}"

    wild = __call__


def fill_house(
    house: House, patch: pytest.MonkeyPatch, words_of: WordsOf = PlainWords
) -> dict[str, Party]:
    """Fill both companies, let a day go by and its reports be mailed."""
    patch.setattr(unsynced, "PATIENCE_S", 0)
    parties, texts = {}, {}
    for word, people in PEOPLE.items():
        words = texts[people[0]] = words_of(word)
        party = make_party(house, word, people=people, words=words)
        fill(house, party, sign_in(house, people[0]), patch, words=words)
        sign_up(house, party, words=words)
        parties[people[0]] = party
    deliver_reports(house.runtime)
    _confirm_all(house)
    house.clock.advance(days=1)
    tick(house.runtime)
    deliver_reports(house.runtime)
    for person, party in parties.items():
        offer_accounts(sign_in(house, person), patch, words=texts[person])
        write_rest(house, party)
    house.wake_ups.rows.clear()
    return parties


def build(folder: Path) -> Plan:
    """Fill a house in the folder and close it."""
    with open_filled(folder) as house:
        plan = house.plan
        assert plan is not None
    settle(folder / FILE)
    return plan


@contextmanager
def open_filled(folder: Path, words_of: WordsOf = PlainWords) -> Iterator[House]:
    """Fill a house in the folder and sign everybody in; it stays open."""
    _make_tables(folder / FILE)
    environ = make_environ()
    with pytest.MonkeyPatch.context() as patch, open_house(folder, environ, now=NOW) as house:
        parties = fill_house(house, patch, words_of)
        cookies = {}
        for person in (name for names in PEOPLE.values() for name in names):
            cookie = sign_in(house, person).client.get_cookie(COOKIE)
            assert cookie
            cookies[person] = cookie.value
        _disable(house, "olu", "uma")
        house.clock.advance(minutes=1)
        house.plan = Plan(folder, environ, house.clock(), parties, cookies)
        yield house


def _make_tables(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    engine.dispose()


def _confirm_all(house: House) -> None:
    """Let every recipient say yes by the link of the mail."""
    with house.session() as session:
        ids = list(session.scalars(select(ReportRecipient.public_id)))
    key, until = house.runtime.link_key, house.clock() + timedelta(days=1)
    for public_id in ids:
        stranger = house.browser()
        path = f"/confirm/{confirmation_token(key, public_id, expires_at=until)}"
        token = find_token(stranger.get(path))
        assert stranger.client.post(path, data={"csrf_token": token}).status_code == 303


def _disable(house: House, *people: str) -> None:
    emails = [f"{person}@example.com" for person in people]
    with house.session() as session:
        session.execute(update(User).where(User.email.in_(emails)).values(is_disabled=True))
        session.commit()
