"""Splink on DuckDB, trained without labels as its documentation shows."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import splink.comparison_library as compare
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.blocking_rule_library import CustomRule
from splink.internals.blocking_rule_creator import BlockingRuleCreator

from benchmarks.contenders.exchange import Found
from benchmarks.contenders.tables import Tables, is_given, load_tables
from services.matching.tiers import Tier

#: The threshold of its documentation's examples, and what is worth showing below.
LINKED_FROM = 0.99
SHOWN_FROM = 0.01
RECALL_OF_SURE_RULES = 0.8
RANDOM_PAIRS = 2_000_000

SWAPPED = CustomRule("l.first = r.last and l.last = r.first")


def load(folder: Path) -> Tables:
    """Return both cleaned lists."""
    logging.disable(logging.WARNING)
    return load_tables(folder)


def link(tables: Tables) -> pd.DataFrame:
    """Train on the lists and return the pairs with their probabilities."""
    has_contacts = is_given(tables, "email")
    api = DuckDBAPI()
    named = [table.rename(columns={"id": "unique_id"}) for table in tables]
    linker = Linker([api.register(table) for table in named], _settings(has_contacts))
    _train(linker, has_contacts)
    predicted = linker.inference.predict(threshold_match_probability=SHOWN_FROM)
    return predicted.as_duckdbpyrelation().df()


def as_found(predicted: pd.DataFrame) -> list[Found]:
    """Return the pairs as they are judged; which list is left is not splink's promise."""
    columns = ("unique_id_l", "unique_id_r", "match_probability")
    return list(_found(zip(*(predicted[name] for name in columns), strict=True)))


def _found(rows: Iterable[tuple[str, str, float]]) -> Iterable[Found]:
    for one, other, probability in rows:
        ours, theirs = sorted((one, other), key=lambda party_id: not party_id.startswith("o"))
        tier = Tier.LIKELY if probability >= LINKED_FROM else Tier.POSSIBLE
        yield Found(ours, theirs, tier.value, float(probability))


def _settings(has_contacts: bool) -> SettingsCreator:
    contacts = [compare.EmailComparison("email"), compare.LevenshteinAtThresholds("phone", 1)]
    return SettingsCreator(
        link_type="link_only",
        comparisons=[
            compare.ForenameSurnameComparison("first", "last"),
            compare.JaroWinklerAtThresholds("address", [0.95, 0.85]),
            compare.DamerauLevenshteinAtThresholds("postcode", [1]),
            *(contacts if has_contacts else []),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("first", "last"),
            SWAPPED,
            block_on("last", "substr(first, 1, 1)"),
            block_on("address"),
            block_on("first", "postcode"),
            block_on("last", "postcode"),
            *([block_on("email"), block_on("phone")] if has_contacts else []),
        ],
    )


def _train(linker: Linker, has_contacts: bool) -> None:
    sure: list[str | BlockingRuleCreator] = [block_on("last", "address")]
    apart = [block_on("first", "last"), block_on("address")]
    if has_contacts:
        sure += [block_on("email"), block_on("last", "phone")]
        apart += [block_on("email"), block_on("phone")]
    training = linker.training
    training.estimate_probability_two_random_records_match(sure, recall=RECALL_OF_SURE_RULES)
    training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=1)
    for rule in apart:
        training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True
        )
