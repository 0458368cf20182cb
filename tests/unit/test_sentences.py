"""The sentences that pages, commands and mails share."""

from __future__ import annotations

from datetime import date

import pytest

from models import ReadingFailure
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile
from services.sentences import failure_words, kept_sentence, new_sentence, unsynced_sentence
from services.text_keys import SORT_KEY_CHARACTERS, sort_key

XERO = provider_profile(ProviderKey.XERO)
FRESHBOOKS = provider_profile(ProviderKey.FRESHBOOKS)


@pytest.mark.parametrize(
    ("unsynced", "counted", "sentence"),
    [
        (182, 1204, "182 of 1,204 customers in QuickBooks are not yet imported into BlueClerk"),
        (1, 2, "1 of 2 customers in QuickBooks is not yet imported into BlueClerk"),
        (1, 1, "1 of 1 customer in QuickBooks is not yet imported into BlueClerk"),
        (0, 0, "0 of 0 customers in QuickBooks are not yet imported into BlueClerk"),
    ],
)
def test_the_sentence_agrees_with_its_numbers(unsynced: int, counted: int, sentence: str) -> None:
    assert unsynced_sentence(unsynced, counted, "QuickBooks") == sentence


@pytest.mark.parametrize("failure", ReadingFailure)
def test_every_failure_has_a_sentence_without_a_number(failure: ReadingFailure) -> None:
    words = failure_words(failure, profile=XERO, settings="the settings")

    for sentence in (words.happened, words.did):
        assert sentence.endswith(".")
        assert "{" not in sentence
        assert not any(character.isdigit() for character in sentence)


@pytest.mark.parametrize(
    ("failure", "part"),
    [
        (ReadingFailure.UNAVAILABLE, "several times and stopped after 1,000 clients. Half a list"),
        (
            ReadingFailure.RATE_LIMITED,
            "your clients may be read, so we stopped after 1,000 clients.",
        ),
        (
            ReadingFailure.DAILY_LIMIT,
            "about this business today, so we stopped after 1,000 clients.",
        ),
        (ReadingFailure.INTERRUPTED, "BlueClerk was restarted after 1,000 clients were read."),
        (ReadingFailure.UNREADABLE, "It was not a whole list, so we took nothing from it"),
        (ReadingFailure.ACCOUNT_GONE, "This business is no longer shared with us in FreshBooks."),
        (ReadingFailure.OTHER_ACCOUNT, "FreshBooks answered with another business's clients."),
    ],
)
def test_a_failure_speaks_the_words_of_its_provider(failure: ReadingFailure, part: str) -> None:
    words = failure_words(failure, profile=FRESHBOOKS, settings="", read_count=1000)

    assert part in f"{words.happened} {words.did}"


@pytest.mark.parametrize(
    ("looked_on", "since"),
    [
        (date(2026, 11, 20), "today"),
        (date(2026, 11, 19), "since yesterday"),
        (date(2026, 11, 16), "since Monday"),
        (date(2026, 11, 13), "since 13 November"),
        (date(2025, 11, 13), "since 13 November 2025"),
    ],
)
def test_new_ones_are_told_since_a_day(looked_on: date, since: str) -> None:
    sentence = new_sentence(3, "Xero", looked_on=looked_on, today=date(2026, 11, 20))

    assert sentence == f"3 new in Xero {since}"


@pytest.mark.parametrize(
    ("linked", "ignored", "sentence"),
    [
        (0, 0, ""),
        (1, 0, "1 link stays"),
        (0, 1, "1 ignored customer stays"),
        (1, 1, "1 link and 1 ignored customer stay"),
        (1018, 4, "1,018 links and 4 ignored customers stay"),
    ],
)
def test_what_was_decided_is_told_without_zeros(linked: int, ignored: int, sentence: str) -> None:
    assert kept_sentence(linked, ignored, "stays", "stay") == sentence


@pytest.mark.parametrize("name", ["  Ann   BRANDT ", "ann brandt", "Ａｎｎ Brandt"])
def test_case_width_and_blanks_make_no_difference_to_the_order(name: str) -> None:
    assert sort_key(name) == "ann brandt"


def test_an_endless_name_has_a_short_key() -> None:
    assert len(sort_key("x" * 10_000)) == SORT_KEY_CHARACTERS
