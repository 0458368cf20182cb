"""Life going on in one company: customers come, change their name, leave and are merged."""

from datetime import datetime
from typing import Any

from sandbox.life import Life
from sandbox.quickbooks.books import Book
from sandbox.quickbooks.generator import (
    customer_from,
    deactivated,
    new_frame,
)
from sandbox.quickbooks.rows import Row, row_of
from sandbox.quickbooks.times import pacific_text

FIRST_ID = 1


class LifeGoesOn(Life[Row]):
    """One batch of changes; each customer is touched at most once."""

    provider = "quickbooks"
    customers = "customers"

    def __init__(self, book: Book, moment: datetime) -> None:
        super().__init__(book)
        self._moment = moment
        rows = book.rows()
        self._next_id = max((row.key for row in rows), default=FIRST_ID - 1) + 1
        self._parents = {
            row.customer().get("ParentRef", {}).get("value") for row in rows if row.job
        }

    def _name(self, row: Row) -> str:
        return row.display_name

    def _arrange(self) -> None:
        """Let customers with sub-customers stay active, so that no child loses its parent."""
        self._free.sort(key=lambda row: str(row.key) in self._parents, reverse=True)

    def _archive(self) -> str:
        return self._leave(stub=False)

    def _delete(self) -> str:
        return self._leave(stub=True)

    def _create(self) -> str:
        party = self._maker.newcomer()
        row = row_of(customer_from(party, new_frame(self._next_id, self._moment)))
        self._next_id += 1
        self.changed.append(row)
        return str(row.key)

    def _update(self, turn: int) -> str:
        customer = self._free.pop().customer()
        change = (self._rename, self._move_mailbox, self._new_phone)[turn % 3]
        return self._keep(change(customer), stub=False)

    def _leave(self, *, stub: bool) -> str:
        return self._keep(deactivated(self._free.pop().customer()), stub=stub)

    def _merge(self) -> dict[str, str]:
        """Make the loser inactive; what it owed goes to the winner."""
        loser, winner = self._free.pop().customer(), self._free.pop().customer()
        balance = round(winner["Balance"] + loser["Balance"], 2)
        gone = deactivated({**loser, "Balance": 0, "BalanceWithJobs": 0})
        return {
            "loser": self._keep(gone, stub=True),
            "winner": self._keep(
                {**winner, "Balance": balance, "BalanceWithJobs": balance}, stub=False
            ),
        }

    def _rename(self, customer: dict[str, Any]) -> dict[str, Any]:
        family = self._maker.family_name()
        name = self._maker.unique_name(f"{customer.get('GivenName', family)} {family}")
        names = {"DisplayName": name, "FullyQualifiedName": name, "PrintOnCheckName": name}
        return {**customer, **names, "FamilyName": family}

    def _move_mailbox(self, customer: dict[str, Any]) -> dict[str, Any]:
        local = customer["DisplayName"], customer["Id"]
        return {**customer, "PrimaryEmailAddr": {"Address": self._maker.fresh_email(*local)}}

    def _new_phone(self, customer: dict[str, Any]) -> dict[str, Any]:
        return {**customer, "PrimaryPhone": {"FreeFormNumber": self._maker.phone()}}

    def _keep(self, customer: dict[str, Any], *, stub: bool) -> str:
        customer["SyncToken"] = str(int(customer["SyncToken"]) + 1)
        updated = {"LastUpdatedTime": pacific_text(self._moment)}
        customer["MetaData"] = {**customer["MetaData"], **updated}
        self.changed.append(row_of(customer, stub=stub))
        return str(customer["Id"])
