"""The recordlinkage package: a sum of agreements as documented, and its untrained classifier."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import recordlinkage

from benchmarks.contenders.exchange import Found
from benchmarks.contenders.tables import Tables, is_given, load_tables
from services.matching.tiers import Tier

#: As in its documentation's examples: more than three agreements.
LINKED_FROM_SUM = 4.0
SHOWN_FROM_SUM = 2.0
LINKED_FROM_PROBABILITY = 0.5
SHOWN_FROM_PROBABILITY = 0.01
BLOCKED_ON = ("last", "name", "email", "phone", "address")
NEIGHBOURS = 3


def load(folder: Path) -> Tables:
    """Return both cleaned lists."""
    ours, theirs = load_tables(folder)
    return ours.set_index("id"), theirs.set_index("id")


def link_by_sum(tables: Tables) -> pd.Series:
    """Return in how many fields each pair agrees."""
    return _agreements(tables).sum(axis=1)


def link_by_classifier(tables: Tables) -> pd.Series:
    """Return the probability of each pair, by expectation and maximisation."""
    agreements = _agreements(tables).astype(int)
    telling = agreements.loc[:, agreements.nunique() > 1]
    classifier = recordlinkage.ECMClassifier(binarize=None)
    classifier.fit(telling)
    return classifier.prob(telling)


def sums_as_found(sums: pd.Series) -> list[Found]:
    """Return the pairs as they are judged."""
    return _as_found(sums, LINKED_FROM_SUM, SHOWN_FROM_SUM)


def probabilities_as_found(probabilities: pd.Series) -> list[Found]:
    """Return the pairs as they are judged."""
    return _as_found(probabilities, LINKED_FROM_PROBABILITY, SHOWN_FROM_PROBABILITY)


def _agreements(tables: Tables) -> pd.DataFrame:
    indexer = recordlinkage.Index()
    for column in BLOCKED_ON:
        if is_given(tables, column):
            indexer.block(column)
    indexer.sortedneighbourhood("last", window=NEIGHBOURS)
    compared = recordlinkage.Compare()
    for column in ("first", "last", "address"):
        compared.string(column, column, method="jarowinkler", threshold=0.85)
    compared.string("name", "name", method="jarowinkler", threshold=0.9)
    compared.exact("city", "city")
    if is_given(tables, "email"):
        compared.string("email", "email", method="jarowinkler", threshold=0.9)
        compared.exact("phone", "phone")
    return compared.compute(indexer.index(*tables), *tables)


def _as_found(scores: pd.Series, linked_from: float, shown_from: float) -> list[Found]:
    shown = scores[scores >= shown_from]
    return [
        Found(
            ours,
            theirs,
            (Tier.LIKELY if score >= linked_from else Tier.POSSIBLE).value,
            float(score),
        )
        for (ours, theirs), score in shown.items()
    ]
