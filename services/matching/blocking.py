"""Brings customers together who share a key, as arrays: lists have millions of keys."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from services.matching.columns import Flags, Ints
from services.matching.keys import kind_limits

#: Pairs made at once before repetitions are dropped: bounds the memory, 16 bytes a pair.
PAIRS_AT_ONCE = 2_000_000


def pair_by_keys(
    ours: Iterable[Sequence[int]], theirs: Iterable[Sequence[int]]
) -> tuple[Ints, Ints]:
    """Return the rows of ours and of theirs that share a key, each pair once, in order of rows.

    A value whose holders here times holders there exceed the limit of its kind is left out.
    """
    our_keys, our_rows = _flat(ours)
    their_keys, their_rows = _flat(theirs)
    width = int(their_rows.max(initial=0)) + 1
    kept = _keys_within_limits(our_keys, their_keys)
    our_keys, our_rows = _only(kept, our_keys, our_rows)
    their_keys, their_rows = _only(kept, their_keys, their_rows)
    parts = [
        np.unique(left * width + right)
        for left, right in _joined(our_keys, our_rows, their_keys, their_rows)
    ]
    codes = np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)
    return codes // width, codes % width


def _flat(lists: Iterable[Sequence[int]]) -> tuple[Ints, Ints]:
    """Return all keys in one column and the row of each in another."""
    keys, counts = array("q"), array("q")
    for row_keys in lists:
        keys.extend(row_keys)
        counts.append(len(row_keys))
    numbers = np.frombuffer(counts, np.int64) if counts else np.empty(0, np.int64)
    rows = np.repeat(np.arange(len(numbers), dtype=np.int64), numbers)
    return (np.frombuffer(keys, np.int64) if keys else np.empty(0, np.int64)), rows


def _keys_within_limits(our_keys: Ints, their_keys: Ints) -> Ints:
    """Return the keys that both lists have and not too many customers share, ascending."""
    ours, our_counts = np.unique(our_keys, return_counts=True)
    theirs, their_counts = np.unique(their_keys, return_counts=True)
    shared, our_at, their_at = np.intersect1d(ours, theirs, assume_unique=True, return_indices=True)
    limits, mask = kind_limits()
    pairs = our_counts[our_at] * their_counts[their_at]
    kept: Ints = shared[pairs <= np.array(limits, np.int64)[shared & mask]]
    return kept


def _only(kept: Ints, keys: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Return the keys that are kept with their rows, ordered by key."""
    at = np.searchsorted(kept, keys)
    is_kept: Flags = np.zeros(len(keys), np.bool_)
    inside = at < len(kept)
    is_kept[inside] = kept[at[inside]] == keys[inside]
    keys, rows = keys[is_kept], rows[is_kept]
    order = np.argsort(keys, kind="stable")
    return keys[order], rows[order]


def _joined(
    our_keys: Ints, our_rows: Ints, their_keys: Ints, their_rows: Ints
) -> Iterator[tuple[Ints, Ints]]:
    """Yield the pairs of rows under equal keys, at most PAIRS_AT_ONCE and one more row."""
    start = np.searchsorted(their_keys, our_keys, "left")
    count = np.searchsorted(their_keys, our_keys, "right") - start
    before = np.concatenate([[0], np.cumsum(count)])
    low = 0
    while low < len(our_keys):
        high = int(np.searchsorted(before, before[low] + PAIRS_AT_ONCE, "right")) - 1
        high = max(high, low + 1)
        counts = count[low:high]
        total = int(counts.sum())
        offset = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
        right = their_rows[np.repeat(start[low:high], counts) + offset]
        yield np.repeat(our_rows[low:high], counts), right
        low = high
