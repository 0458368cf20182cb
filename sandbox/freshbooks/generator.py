"""Fill one account with clients: the same ones for the same seed, on every machine."""

import random
import re
from dataclasses import replace
from datetime import UTC, datetime

from sandbox.freshbooks import canada
from sandbox.freshbooks.clients import Client, VisState
from sandbox.freshbooks.times import eastern_text, utc_text
from sandbox.people import EmailWish, Party, PartyMaker
from sandbox.population import creation_times, email_wishes, mixed_kinds

# Nothing generated is younger than this day, so that the data never depend on the clock.
LAST_DAY = datetime(2026, 10, 30, 22, 0, tzinfo=UTC)
# Of an account with 214 counted clients; others get as many in proportion.
MODEL = {VisState.ACTIVE: 214, VisState.ARCHIVED: 19, VisState.DELETED: 11}
FIRST_ID = 700_001
NOTES = ("Calls before noon", "Pays by cheque", "Gate code 4471", "")


def generate(size: int, seed: int, account_id: str) -> list[Client]:
    """Return `size` counted clients and, in proportion, those that left; ascending ids."""
    dice = random.Random(f"freshbooks {account_id} {seed} {size}")
    maker = PartyMaker(dice)
    states = mixed_kinds(size, MODEL, dice)
    wishes = email_wishes(size, dice)
    creations = creation_times(len(states), LAST_DAY, dice)
    clients: list[Client] = []
    client_id = FIRST_ID
    for state, created in zip(states, creations, strict=True):
        wish = next(wishes) if state is VisState.ACTIVE else EmailWish.USUAL
        updated = eastern_text(created + (LAST_DAY - created) * dice.random() ** 3)
        times = utc_text(created), updated
        clients.append(client_from(maker.make(wish), client_id, state, times, dice))
        client_id += dice.choice((1, 1, 1, 2, 3))
    return clients


def exchanged(before: list[Client], after: list[Client], moment: datetime) -> list[Client]:
    """Return what an account holds once a reset put some clients in the place of others.

    As if a person had deleted everybody and imported anew: all are news, and those whose id is
    gone are deleted. The same clients as before are none.
    """
    if before == after:
        return after
    now, ids = eastern_text(moment), {row.key for row in after}
    gone = [
        row
        if row.vis_state == VisState.DELETED
        else replace(row, vis_state=int(VisState.DELETED), updated=now)
        for row in before
        if row.key not in ids
    ]
    new = [replace(row, updated=now) for row in after]
    return sorted(gone + new, key=lambda row: row.key)


def client_from(
    party: Party, client_id: int, state: VisState, times: tuple[str, str], dice: random.Random
) -> Client:
    """Return a client; what is not known is "" or null, as chance and FreshBooks will."""
    street, city, province, code, area = canada.address(dice)
    phone = canada.moved(party.phone, area) if party.phone else None
    in_office = party.company_name is not None
    lives = party.address is not None
    return Client(
        key=client_id,
        vis_state=int(state),
        organization=party.company_name or "",
        fname=party.given_name or "",
        lname=party.family_name or "",
        email=_one_address(party.email) if party.email else _nothing(dice),
        bus_phone=phone if phone and in_office else _nothing(dice),
        home_phone=phone if phone and not in_office else _nothing(dice),
        mob_phone=canada.moved(party.mobile, area) if party.mobile else _nothing(dice),
        street=street if lives else "",
        street2=party.address.second_line or "" if party.address else "",
        city=city if lives else "",
        province=province if lives else "",
        code=code if lives else "",
        country="Canada" if lives else "",
        currency="CAD",
        note=dice.choice(NOTES) if dice.random() < 0.2 else None,
        owed_cents=party.open_balance_cents,
        owed_usd_cents=party.open_balance_cents // 3 if dice.random() < 0.1 else 0,
        signup_date=times[0],
        updated=times[1],
    )


def _one_address(field: str) -> str:
    """Keep the first address: there is room for one here."""
    return re.split(r"[,;\s]+", field)[0] if "@" in field else field


def _nothing(dice: random.Random) -> str | None:
    return "" if dice.random() < 0.5 else None
