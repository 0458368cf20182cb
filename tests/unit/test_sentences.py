"""The sentences that pages, commands and mails share."""

from __future__ import annotations

import pytest

from models import ReadingFailure
from services.sentences import failure_words, unsynced_sentence
from services.text_keys import SORT_KEY_CHARACTERS, sort_key


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
    words = failure_words(failure, provider="QuickBooks", settings="the settings")

    for sentence in (words.happened, words.did):
        assert sentence.endswith(".")
        assert "{" not in sentence
        assert not any(character.isdigit() for character in sentence)


@pytest.mark.parametrize("name", ["  Ann   BRANDT ", "ann brandt", "Ａｎｎ Brandt"])
def test_case_width_and_blanks_make_no_difference_to_the_order(name: str) -> None:
    assert sort_key(name) == "ann brandt"


def test_an_endless_name_has_a_short_key() -> None:
    assert len(sort_key("x" * 10_000)) == SORT_KEY_CHARACTERS
