"""Each watch over the suite finds what leaks on purpose, and nothing in what is all right."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask, Response, g, request
from sqlalchemy.orm import Session

from services.mail import RenderedMail, build_message
from services.providers.contract import ProviderUnavailable, RateLimited
from tests.factories import NOW, make_company, make_customer
from tests.fakes import Outbox
from tests.leaks import take, take_found
from tests.owned_texts import own, owners_named
from tests.watched_demos import find_leaks

LINK = "https://app.example.com/{}/0123456789abcdef.0123456789"
OURS, THEIRS = 1, 2


@pytest.fixture
def leaking() -> Flask:
    """Shows what it is asked for to somebody of company 1."""
    app = Flask(__name__)
    app.extensions["runtime"] = None

    @app.before_request
    def _sign_in() -> None:
        g.who = SimpleNamespace(company_id=OURS)

    @app.post("/form")
    def show_typed() -> str:
        return f"<p>{request.form['new_password']}</p>"

    @app.get("/filled")
    def show_filled() -> str:
        return '<input type="password" name="current" value="a"><input type="password" value="">'

    @app.get("/streamed")
    def stream() -> Response:
        return Response((part for part in ("refresh", "-17")), mimetype="text/csv")

    @app.get("/theirs")
    def show_theirs() -> str:
        return "<td>Dory &amp; Sons</td>"

    @app.get("/ours")
    def show_ours() -> str:
        return "<td>Marlin &amp; Sons</td>"

    own(OURS, "Marlin & Sons")
    own(THEIRS, "Dory & Sons", "Marlin")
    return app


def test_what_is_written_for_a_company_is_its_own(session: Session) -> None:
    ours, theirs = make_company(session), make_company(session)
    make_customer(session, ours, name="Marlin & Sons", phone="555-0100-17")
    make_customer(session, theirs, name="Dory & Sons", phone="555-0100-17")

    assert owners_named("Marlin & Sons, 555-0100-17") == {ours.id}


def test_an_answer_shows_no_text_of_another_company(leaking: Flask) -> None:
    client = leaking.test_client()

    client.get("/ours")
    assert take() == []
    client.get("/theirs")
    assert take() == ["'Dory & Sons' in the answer to GET /theirs"]


def test_an_answer_shows_no_password_that_was_typed(leaking: Flask) -> None:
    leaking.test_client().post("/form", data={"new_password": "seven brown llamas"})

    assert take() == ["'seven brown llamas' in the answer to POST /form"]


def test_no_field_for_a_password_comes_filled_in(leaking: Flask) -> None:
    leaking.test_client().get("/filled")

    [leak] = take()
    assert leak.endswith('value="a">\' in the answer to GET /filled')


def test_what_is_streamed_is_read_to_its_end(leaking: Flask) -> None:
    assert leaking.test_client().get("/streamed").text == "refresh-17"

    assert take() == ["'refresh-17' in the answer to GET /streamed"]


@pytest.mark.parametrize(
    ("text", "is_leak"),
    [
        ("Your token is access-5.", True),
        ("It goes to quickbooks-1f@placeholder.local", True),
        ("It goes to somebody@placeholder.local.example.com", False),
        ("Marlin & Sons and Dory & Sons", True),
        ("Marlin & Sons", False),
        (LINK.format("password"), False),
        (f"{LINK.format('password')} {LINK.format('unsubscribe')}", False),
        (f"{LINK.format('password')} {LINK.format('invitation')}", True),
    ],
)
def test_a_mail_holds_what_it_is_for_and_no_more(text: str, is_leak: bool) -> None:
    own(OURS, "Marlin & Sons")
    own(THEIRS, "Dory & Sons")
    message = build_message(
        RenderedMail("Words", text, f"<p>{text}</p>"),
        sender="blueclerk@example.com",
        recipient="ada@example.com",
        message_id="<1@blueclerk.example.com>",
        date=NOW,
        headers={},
    )

    Outbox().send(message)

    assert bool(take()) is is_leak


@pytest.mark.parametrize("words", ['{"Fault": 1}', "<html>", "refresh-9", "Customer 12", "x" * 900])
def test_an_error_of_a_provider_says_our_own_words(words: str) -> None:
    ProviderUnavailable(f"The provider said {words}.")

    assert len(take()) == 1


def test_a_reference_is_no_answer_of_a_provider() -> None:
    RateLimited("Wait.", retry_after_s=1, reference="<p>Customer 12</p>")

    assert len(take()) == 1


def test_a_file_holds_no_token_in_the_clear(
    database_path: Path, request: pytest.FixtureRequest
) -> None:
    assert take_found(request.node) == []
    beside = database_path.with_name(f"{database_path.name}-wal")
    beside.write_bytes(b"\x00refresh-12\x00")

    assert take_found(request.node) == [f"'refresh-12' in {beside.name}"]
    beside.unlink()


@pytest.fixture
def ended_demo(tmp_path: Path) -> Path:
    """The files of a demo whose sandbox gave one token, with one customer."""
    folder = tmp_path / "instance"
    folder.mkdir()
    (folder / "demo.env").write_text("BLUECLERK_SECRET_KEY=a-key-of-many-letters\n")
    with closing(sqlite3.connect(folder / "sandbox.db")) as database, database:
        database.execute("CREATE TABLE grants (refresh_token TEXT)")
        database.execute("INSERT INTO grants VALUES ('RT1-0123456789abcdef')")
    with closing(sqlite3.connect(folder / "demo.db")) as database, database:
        database.execute("CREATE TABLE user_account (name TEXT, email TEXT)")
        for table in ("customer", "remote_customer"):
            database.execute(f"CREATE TABLE {table} (name TEXT, email TEXT, phone TEXT)")
        database.execute("CREATE TABLE report_recipient (address TEXT)")
        database.execute("INSERT INTO customer VALUES ('Marlin Ltd', NULL, '')")
    return folder


@pytest.mark.parametrize(
    ("printed", "leaks"),
    [
        ("  E-mail      ada@example.com\n  Password    demo-password\n", []),
        ("INFO the reading of account 3 ended\n", []),
        ("DEBUG sent RT1-0123456789abcdef\n", ["RT1-0123… in printed"]),
        ("DEBUG the key is a-key-of-many-letters\n", ["a-key-of… in printed"]),
        ("DEBUG read Marlin Ltd\n", ["'Marlin Ltd' in printed"]),
    ],
)
def test_what_a_demo_printed_is_read(ended_demo: Path, printed: str, leaks: list[str]) -> None:
    path = ended_demo / "printed"
    path.write_text(printed)

    assert find_leaks(ended_demo, path) == leaks


def test_the_database_of_a_demo_holds_none_of_its_tokens(ended_demo: Path) -> None:
    (ended_demo / "demo.db-wal").write_bytes(b"\x00RT1-0123456789abcdef")

    assert find_leaks(ended_demo) == ["RT1-0123… in demo.db"]
