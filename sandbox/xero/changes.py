"""Life going on in one organisation: contacts come, change, are archived, merged, invoiced."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.errors import WrongInput
from sandbox.life import Life
from sandbox.xero.books import Book
from sandbox.xero.generator import archived, contact_from, new_contact_id
from sandbox.xero.places import phone, some_place
from sandbox.xero.rows import Row, row_of
from sandbox.xero.times import date_text, milliseconds


class LifeGoesOn(Life[Row]):
    """One batch of changes; each contact is touched at most once."""

    provider = "xero"
    customers = "contacts"

    def __init__(self, book: Book, moment: datetime) -> None:
        super().__init__(book)
        self._now_ms = milliseconds(moment)
        rows = book.rows()
        self._last_number = rows[-1].number if rows else 0
        self._never_invoiced = [row for row in rows if row.active and not row.is_customer]

    def run(self, wishes: Mapping[str, int]) -> dict[str, object]:
        """Do everything wished for; whoever is flipped is not touched otherwise."""
        flipped = self._flippable(wishes.get("flip", 0))
        taken = {row.key for row in flipped}
        self._free = [row for row in self._free if row.key not in taken]
        done = super().run(wishes)
        return {**done, "flip": [self._flip(row) for row in flipped]}

    def _name(self, row: Row) -> str:
        return row.name

    def _delete(self) -> str:
        return self._archive()

    def _flippable(self, amount: int) -> list[Row]:
        """Choose who gets a first sales invoice: suppliers first, as that makes them count."""
        self._never_invoiced.sort(key=lambda row: row.counted)
        if amount > len(self._never_invoiced):
            raise WrongInput(f"Only {len(self._never_invoiced)} contacts were never invoiced.")
        return self._never_invoiced[:amount]

    def _flip(self, row: Row) -> str:
        """Make a customer of it; the date of its last change stays, and that is the trap.

        Source: developer.xero.com, "Requests and responses": If-Modified-Since does not see
        IsCustomer, IsSupplier and Balances; read 2026-11-22.
        """
        self.changed.append(row_of(row.number, {**row.contact(), "IsCustomer": True}))
        return row.key

    def _create(self) -> str:
        party = self._maker.newcomer()
        contact_id = new_contact_id(self._dice)
        contact = contact_from(party, contact_id, self._now_ms, self._dice)
        contact.pop("Balances", None)  # Nobody owes anything before the first invoice.
        self._last_number += 1
        self.changed.append(row_of(self._last_number, contact))
        return contact_id

    def _update(self, turn: int) -> str:
        row = self._free.pop()
        change = (self._rename, self._move_mailbox, self._new_phone)[turn % 3]
        return self._keep(row, change(row.contact()))

    def _archive(self) -> str:
        row = self._free.pop()
        return self._keep(row, archived(row.contact()))

    def _merge(self) -> dict[str, str]:
        """Archive the loser, pointing to the winner, who takes over what it owed."""
        lost, won = self._free.pop(), self._free.pop()
        loser, winner = lost.contact(), won.contact()
        balances = loser.pop("Balances", None)
        if balances and "Balances" not in winner:
            winner["Balances"] = balances
        winner["IsCustomer"] = winner["IsCustomer"] or loser["IsCustomer"]
        winner["IsSupplier"] = winner["IsSupplier"] and winner["IsCustomer"]
        loser = {**archived(loser), "MergedToContactID": won.key}
        return {"loser": self._keep(lost, loser), "winner": self._keep(won, winner)}

    def _rename(self, contact: dict[str, Any]) -> dict[str, Any]:
        family = self._maker.family_name()
        name = self._maker.unique_name(f"{contact.get('FirstName', family)} {family}")
        return {**contact, "Name": name, "LastName": family}

    def _move_mailbox(self, contact: dict[str, Any]) -> dict[str, Any]:
        email = self._maker.fresh_email(contact["Name"], contact["ContactID"][:4])
        return {**contact, "EmailAddress": email}

    def _new_phone(self, contact: dict[str, Any]) -> dict[str, Any]:
        number = phone("DEFAULT", some_place(self._dice), self._dice)
        others = [one for one in contact["Phones"] if one["PhoneType"] != "DEFAULT"]
        return {**contact, "Phones": [number, *others]}

    def _keep(self, row: Row, contact: dict[str, Any]) -> str:
        contact["UpdatedDateUTC"] = date_text(self._now_ms)
        self.changed.append(row_of(row.number, contact))
        return row.key
