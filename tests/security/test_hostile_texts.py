"""Hostile texts in every field at once: no page, file or mail takes them for anything but text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from blueprints import unsynced
from tests.security.building import open_filled
from tests.security.crawling import Seen, crawl
from tests.security.hostile import MARK, TEXTS, WILD, HostileWords
from tests.security.house import House
from tests.security.pages import faults_of, formulas_of, loose_texts
from tests.security.parsing import files_of, html_faults, packed_bytes, packed_file_bytes

#: What a text of a mail may hold beside letters: lines, and what joins letters and emoji.
PLAIN = "\n\u200c\u200d"
FIRST_LOAD_BYTES, FRAGMENT_BYTES = 45_000, 15_000
STARTS = ["/", "/customers", "/reports", "/settings/integrations", "/settings/reports"]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Two companies of which every name, address and phone is hostile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unsynced, "PATIENCE_S", 0)
        with open_filled(tmp_path_factory.mktemp("hostile"), HostileWords) as house:
            yield house


@pytest.fixture(scope="module")
def seen(hostile: House) -> list[Seen]:
    """Every page that ada comes to, and the public one of her company."""
    join = f"/join/{hostile.party('ada').slug}"
    return [*crawl(hostile, "ada", STARTS), *crawl(hostile, None, [join, "/login"])]


def test_there_are_sixty_texts() -> None:
    assert len(set(TEXTS)) >= 60
    assert len(set(WILD)) == len(WILD)


def test_no_page_has_anything_that_no_template_wrote(seen: list[Seen]) -> None:
    pages = [page for page in seen if page.answer.mimetype == "text/html"]
    with_texts = [page for page in pages if MARK in page.answer.text]

    assert len(with_texts) > 50
    for page in pages:
        assert page.answer.status_code < 500, page.address
        assert faults_of(page.answer.text) == [], page.address


def test_no_text_turns_the_words_around_it_about(seen: list[Seen]) -> None:
    found = {
        (page.address, text)
        for page in seen
        if page.answer.mimetype == "text/html"
        for text in loose_texts(page.answer.text)
    }

    assert found == set()


def test_no_page_has_a_parse_error_or_an_id_twice(seen: list[Seen]) -> None:
    pages = {re.sub("[0-9a-f]{6,}|[0-9]", "", page.address): page for page in _pages(seen)}

    faults = [fault for page in pages.values() for fault in html_faults(page)]

    assert len(pages) > 50
    assert faults == []


def test_no_page_is_heavy(hostile: House, seen: list[Seen]) -> None:
    texts = (page.answer.text for page in seen)
    files = {name: packed_file_bytes(hostile.app, name) for name in files_of("".join(texts))}

    for page in _pages(seen):
        needed = sum(files[name] for name in files_of(page.answer.text))
        limit = FRAGMENT_BYTES if page.is_fragment else FIRST_LOAD_BYTES - needed
        assert packed_bytes(page) < limit, page.address


def _pages(seen: list[Seen]) -> list[Seen]:
    """Return what is HTML of ours; a redirect has some of Werkzeug's."""
    found = [page for page in seen if page.answer.mimetype == "text/html"]
    return [page for page in found if page.answer.status_code not in (302, 303, 308)]


def test_no_file_has_a_formula(seen: list[Seen]) -> None:
    files = [page for page in seen if page.answer.mimetype == "text/csv"]

    assert len({page.address.partition("?")[0] for page in files}) >= 6
    assert any(MARK in page.answer.text for page in files)
    for page in files:
        assert list(formulas_of(page.answer.text)) == [], page.address


def test_no_mail_has_anything_but_text(hostile: House) -> None:
    mails = [message_from_bytes(lines, policy=default) for lines in hostile.outbox.received]

    assert len(mails) >= 4
    for mail in mails:
        assert isinstance(mail, EmailMessage)
        _check_headers(mail)
        for part in mail.walk():
            if part.get_content_type() == "text/html":
                assert faults_of(part.get_content(), is_mail=True) == []
            elif part.get_content_type() == "text/plain":
                text = part.get_content().replace("\r\n", "\n")
                odd = {letter for letter in text if not letter.isprintable()} - set(PLAIN)
                assert odd == set(), ascii(text)


def _check_headers(mail: EmailMessage) -> None:
    assert len(mail["To"].addresses) == 1
    assert mail["Bcc"] is None
    assert "evil.example" not in str(mail["To"])
    for name, value in mail.items():
        assert "\n" not in value, name
        assert "\r" not in value, name
