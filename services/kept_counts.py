"""How often each value occurs in the two lists of an account: kept packed, remembered unpacked."""

from __future__ import annotations

import json
import threading
import zlib
from collections import OrderedDict
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from models import KeptFrequencies
from services.matching.frequencies import Frequencies

#: Customers of all lists whose counts are remembered: 200,000 take some 40 MB.
MAX_REMEMBERED = 400_000


def pack(frequencies: Frequencies) -> bytes:
    """Return the counts as compressed JSON."""
    counts = {field.name: getattr(frequencies, field.name) for field in fields(Frequencies)}
    return zlib.compress(json.dumps(counts, separators=(",", ":")).encode(), level=6)


def unpack(packed: bytes) -> Frequencies:
    """Return the counts that were packed."""
    return Frequencies(**json.loads(zlib.decompress(packed)))


def store_frequencies(
    session: Session, account_id: int, frequencies: Frequencies, *, now: datetime
) -> None:
    """Replace the counts of the account, in the caller's transaction."""
    before = session.scalar(
        select(KeptFrequencies.counted_at).where(KeptFrequencies.account_id == account_id)
    )
    # Later than the former ones even if the clock stands: the moment tells them apart.
    counted_at = now if before is None else max(now, before + timedelta(microseconds=1))
    session.execute(delete(KeptFrequencies).where(KeptFrequencies.account_id == account_id))
    session.execute(
        insert(KeptFrequencies).values(
            account_id=account_id,
            packed=pack(frequencies),
            party_count=frequencies.party_count,
            counted_at=counted_at,
        )
    )


@dataclass(frozen=True, slots=True)
class _Remembered:
    counted_at: datetime
    frequencies: Frequencies


class FrequencyMemory:
    """The counts that small matchings of this process need again and again; unpacking is slow."""

    def __init__(self, max_remembered: int = MAX_REMEMBERED) -> None:
        self._max_remembered = max_remembered
        self._by_account: OrderedDict[int, _Remembered] = OrderedDict()
        self._lock = threading.Lock()

    def load(self, session: Session, account_id: int) -> Frequencies | None:
        """Return the counts of the account's last whole matching, None before the first."""
        counted_at = session.scalar(
            select(KeptFrequencies.counted_at).where(KeptFrequencies.account_id == account_id)
        )
        if counted_at is None:
            return None
        with self._lock:
            known = self._by_account.get(account_id)
        if known is None or known.counted_at != counted_at:
            row = session.scalars(
                select(KeptFrequencies).where(KeptFrequencies.account_id == account_id)
            ).one()
            known = _Remembered(row.counted_at, unpack(row.packed))
        self._remember(account_id, known)
        return known.frequencies

    def _remember(self, account_id: int, known: _Remembered) -> None:
        with self._lock:
            self._by_account[account_id] = known
            self._by_account.move_to_end(account_id)
            while len(self._by_account) > 1 and self._size() > self._max_remembered:
                self._by_account.popitem(last=False)

    def _size(self) -> int:
        return sum(known.frequencies.party_count for known in self._by_account.values())
