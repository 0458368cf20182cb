"""Life going on in one account: clients come, change their name and leave."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sandbox.freshbooks.books import Book
from sandbox.freshbooks.clients import Client, VisState
from sandbox.freshbooks.generator import FIRST_ID, client_from
from sandbox.freshbooks.times import eastern_text, utc_text
from sandbox.life import Life


class LifeGoesOn(Life[Client]):
    """One batch of changes; each client is touched at most once and says when."""

    provider = "freshbooks"
    customers = "clients"

    def __init__(self, book: Book, moment: datetime) -> None:
        super().__init__(book)
        self._times = utc_text(moment), eastern_text(moment)
        self._next_id = max((row.key for row in book.rows()), default=FIRST_ID - 1) + 1

    def _name(self, row: Client) -> str:
        return row.organization

    def _archive(self) -> str:
        return self._leave(VisState.ARCHIVED)

    def _delete(self) -> str:
        return self._leave(VisState.DELETED)

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
