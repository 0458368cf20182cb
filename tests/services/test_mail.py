"""Building a message: headers, refusals at the gateway, the server's words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from jinja2 import UndefinedError

from services.mail import (
    TEMPLATES,
    MessageRefused,
    RenderedMail,
    ServerAnswer,
    build_message,
    check_recipient,
    render_mail,
    wire_bytes,
)
from tests.factories import NOW

MAIL = RenderedMail("9 new customers", "Grüße\n", "<p>Grüße</p>")


def _message(
    recipient: str = "ada@example.com",
    *,
    message_id: str = "<report.20261119@example.com>",
    headers: Mapping[str, str] | None = None,
) -> EmailMessage:
    return build_message(
        MAIL,
        sender="clerk@example.com",
        recipient=recipient,
        message_id=message_id,
        date=NOW,
        headers=headers or {},
    )


def test_a_message_says_what_it_is() -> None:
    message = message_from_bytes(wire_bytes(_message()), policy=default)

    assert message["From"] == "BlueClerk <clerk@example.com>"
    assert message["To"] == "ada@example.com"
    assert message["Date"] == "Fri, 20 Nov 2026 14:00:00 +0000"
    assert message["Reply-To"] == "clerk@example.com"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"


def test_everything_on_the_line_is_ascii_and_short() -> None:
    lines = wire_bytes(_message()).split(b"\r\n")

    assert all(line.isascii() and len(line) < 998 for line in lines)
    assert not any(b"\n" in line or b"\r" in line for line in lines)


def test_the_message_id_reaches_the_line_whole() -> None:
    lines = wire_bytes(_message(message_id="<daily.20261119.ab12@mail.example.com>"))

    assert b"\r\nMessage-ID: <daily.20261119.ab12@mail.example.com>\r\n" in lines


@pytest.mark.parametrize(
    "message_id", ["<daily:1:2@example.com>", "daily@example.com", "<a b@example.com>", "<a@b>\r\n"]
)
def test_a_message_id_that_would_be_cut_is_refused(message_id: str) -> None:
    with pytest.raises(MessageRefused):
        _message(message_id=message_id)


def test_a_long_address_in_a_header_stays_an_address() -> None:
    address = f"<https://app.example.com/unsubscribe/{'a' * 120}>"

    lines = wire_bytes(_message(headers={"List-Unsubscribe": address}))

    assert f"\r\nList-Unsubscribe: {address}\r\n".encode() in lines


@pytest.mark.parametrize("value", ["yes\r\nBcc: mel@example.com", "yes\nBcc: mel@example.com"])
def test_a_line_break_never_becomes_a_header(value: str) -> None:
    with pytest.raises(MessageRefused):
        _message(headers={"X-Odd": value})


@pytest.mark.parametrize(
    "recipient",
    [
        "x@placeholder.local",
        " X@PLACEHOLDER.LOCAL ",
        "ada@example.com,mel@example.com",
        "ada@example.com;mel@example.com",
        "ada@example.com mel@example.com",
        "ada@example.com\r\nBcc: mel@example.com",
        "ada@example.com\nmel@example.com",
        "ada@example.com\x00",
        "Ada <ada@example.com>",
        '"ada mel"@example.com',
        "ada",
        "ada@",
        "@example.com",
        "",
        "ada@localhost",
        "ädä@example.com",
        "[" + "a" * 300 + "@example.com",
        "a" * 300 + "@example.com",
    ],
)
def test_the_gateway_refuses(recipient: str) -> None:
    with pytest.raises(MessageRefused) as refusal:
        check_recipient(recipient)

    assert "@" not in str(refusal.value)


@pytest.mark.parametrize(
    "recipient",
    ["ada@example.com", "Ada.B+reports@example.com", "x@placeholder.local.example.com"],
)
def test_the_gateway_lets_real_addresses_pass(recipient: str) -> None:
    check_recipient(recipient)

    assert _message(recipient)["To"] == recipient


def test_the_servers_words_are_kept_short_and_without_addresses() -> None:
    answer = ServerAnswer.of(550, b"5.1.1 <ada@example.com>:\r\n no such\x00 user " + b"x" * 500)

    assert answer.code == 550
    assert answer.text.startswith("5.1.1 … no such user xxx")
    assert len(answer.text) <= 120


def test_an_unknown_variable_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render_mail("signup_report", {})


def test_templates_of_mails_load_nothing_and_run_nothing() -> None:
    templates = [path for path in TEMPLATES.rglob("*.*") if path.is_file()]

    texts = "".join(path.read_text(encoding="utf-8") for path in templates)

    parts = {"subject.txt", "body.txt", "body.html", "_notice.html"}
    assert {path.name for path in templates} == parts
    assert re.findall(r"<script|<img|<link|@import|url\(|\|\s*safe|\son[a-z]+=", texts) == []


def test_no_variable_of_any_mail_brings_marks_into_it() -> None:
    """C26, for mails nobody has written yet: a name cannot turn the text round or hide in it."""
    hostile = "A\u202egnp.exe\u2066\x00\x1b[31m\x07\u200b\u2028\r B"
    names = ("company_name", "invited_by", "role", "ends", "url", "recipient")

    mail = render_mail("invitation", dict.fromkeys(names, hostile))

    for part in (mail.subject, mail.text, mail.html):
        marks = {c for c in part if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")}
        assert marks <= {"\n"}
    assert "Agnp.exe[31m   B" in mail.text


def test_beside_an_address_stands_no_name_but_ours() -> None:
    """C25: a name in a header could bring a second recipient, so there is none."""
    message = _message()

    names = {
        header: [address.display_name for address in message[header].addresses]
        for header in ("From", "To", "Reply-To")
    }
    assert names == {"From": ["BlueClerk"], "To": [""], "Reply-To": [""]}
