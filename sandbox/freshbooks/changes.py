"""Life going on in one account: clients come, change their name and leave."""

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sandbox.errors import WrongInput
from sandbox.freshbooks.books import Book
from sandbox.freshbooks.clients import Client, VisState
from sandbox.freshbooks.generator import FIRST_ID, client_from
from sandbox.freshbooks.times import eastern_text, utc_text
from sandbox.people import PartyMaker


class LifeGoesOn:
    """One batch of changes; each client is touched at most once and says when."""

    def __init__(self, book: Book, moment: datetime) -> None:
        book.changes += 1
        account = book.account.account_id
        self._dice = random.Random(f"freshbooks {account} {book.seed} change {book.changes}")
        self._times = utc_text(moment), eastern_text(moment)
        rows = book.rows()
        self._next_id = max((row.key for row in rows), default=FIRST_ID - 1) + 1
        self._maker = PartyMaker(self._dice, (row.organization for row in rows))
        self._free = [row for row in rows if row.counted]
        self.changed: list[Client] = []

    def run(self, wishes: Mapping[str, int]) -> dict[str, object]:
        """Do everything wished for; return the ids by kind, pairs for merges."""
        merges = wishes.get("merge", 0)
        needed = sum(wishes.get(kind, 0) for kind in ("update", "archive", "delete")) + 2 * merges
        if needed > len(self._free):
            raise WrongInput(f"Only {len(self._free)} clients are left to change.")
        self._dice.shuffle(self._free)
        return {
            "archive": [self._leave(VisState.ARCHIVED) for _ in range(wishes.get("archive", 0))],
            "delete": [self._leave(VisState.DELETED) for _ in range(wishes.get("delete", 0))],
            "merge": [self._merge() for _ in range(merges)],
            "update": [self._update(turn) for turn in range(wishes.get("update", 0))],
            "create": [self._create() for _ in range(wishes.get("create", 0))],
        }

    def delete(self, client_id: int) -> list[Client]:
        """Delete one counted client; return what changed, nothing if there is none such."""
        for client in self._free:
            if client.key == client_id:
                self._keep(client, vis_state=int(VisState.DELETED))
        return self.changed

    def _create(self) -> str:
        party = self._maker.newcomer()
        client = client_from(party, self._next_id, VisState.ACTIVE, self._times, self._dice)
        self._next_id += 1
        return self._keep(client)

    def _update(self, turn: int) -> str:
        client = self._free.pop()
        if turn % 3 == 0:
            return self._keep(client, lname=self._maker.family_name())
        if turn % 3 == 1:
            local = client.organization or client.fname, str(client.key)
            return self._keep(client, email=self._maker.fresh_email(*local))
        return self._keep(client, bus_phone=self._maker.phone())

    def _leave(self, state: VisState) -> str:
        return self._keep(self._free.pop(), vis_state=int(state))

    def _merge(self) -> dict[str, str]:
        """Delete the loser: FreshBooks cannot merge, people do it by hand in this way."""
        loser, winner = self._free.pop(), self._free.pop()
        owed = {
            "owed_cents": winner.owed_cents + loser.owed_cents,
            "owed_usd_cents": winner.owed_usd_cents + loser.owed_usd_cents,
        }
        nothing = {"owed_cents": 0, "owed_usd_cents": 0}
        return {
            "loser": self._keep(loser, vis_state=int(VisState.DELETED), **nothing),
            "winner": self._keep(winner, **owed),
        }

    def _keep(self, client: Client, **news: Any) -> str:
        self.changed.append(replace(client, updated=self._times[1], **news))
        return str(client.key)
