"""What every mailer does: the one over SMTP and the one in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage

import pytest

from services.mail import (
    POLICY,
    Mailer,
    MessageRefused,
    RenderedMail,
    UncertainOutcome,
    build_message,
)
from tests.factories import NOW
from tests.fakes import Outbox
from tests.services.mail_servers import Behaviour, impatient, mail_server

MAIL = RenderedMail("9 new customers", "Good morning\n.\n..\n", "<p>Good morning</p>")


@dataclass
class Way:
    """A mailer, what arrived by it, and how to let it lose the server's answer."""

    mailer: Mailer
    received: Callable[[], list[bytes]]
    lose_answer: Callable[[], None]


@pytest.fixture(params=["smtp", "memory"])
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    if request.param == "memory":
        outbox = Outbox()
        lost = UncertainOutcome("no answer")
        lose = lambda: outbox.late_errors.update({"ada@example.com": lost})  # noqa: E731
        yield Way(outbox, lambda: outbox.received, lose)
        return
    behaviour = Behaviour()
    with mail_server(behaviour) as server:
        lose = lambda: setattr(behaviour, "drops_before_answer", True)  # noqa: E731
        yield Way(impatient(server), lambda: [mail[2] for mail in behaviour.received], lose)


def _message(recipient: str = "ada@example.com") -> EmailMessage:
    return build_message(
        MAIL,
        sender="clerk@example.com",
        recipient=recipient,
        message_id="<one.two@example.com>",
        date=NOW,
        headers={},
    )


def _addressed(to: str) -> EmailMessage:
    """A message that went round the builder."""
    message = EmailMessage(policy=POLICY)
    message["From"] = "clerk@example.com"
    message["To"] = to
    message.set_content("text")
    return message


def test_a_message_arrives_as_it_was_written(way: Way) -> None:
    answer = way.mailer.send(_message())

    assert answer.code == 250
    (received,) = way.received()
    assert b"Subject: 9 new customers\r\n" in received
    assert b"\r\n\r\nGood morning\r\n.\r\n..\r\n" in received


def test_the_callback_runs_before_the_message_exists(way: Way) -> None:
    seen: list[int] = []

    way.mailer.send(_message(), before_final_dot=lambda: seen.append(len(way.received())))

    assert seen == [0]
    assert len(way.received()) == 1


def test_a_callback_that_raises_keeps_the_message_from_existing(way: Way) -> None:
    def change_of_mind() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        way.mailer.send(_message(), before_final_dot=change_of_mind)

    assert way.received() == []


def test_a_lost_answer_is_uncertain(way: Way) -> None:
    way.lose_answer()

    with pytest.raises(UncertainOutcome):
        way.mailer.send(_message())

    assert len(way.received()) == 1


@pytest.mark.parametrize(
    "to",
    [
        "x@placeholder.local",
        "X@PLACEHOLDER.LOCAL",
        "x@placeholder.local.",
        "ada@example.com, mel@example.com",
        "Team: ada@example.com, mel@example.com;",
        "undisclosed",
        "",
    ],
)
def test_nobody_who_must_not_be_mailed_is_mailed(way: Way, to: str) -> None:
    message = _addressed(to)

    with pytest.raises(MessageRefused):
        way.mailer.send(message)

    assert way.received() == []


@pytest.mark.parametrize("header", ["Cc", "Bcc"])
def test_a_message_has_no_further_readers(way: Way, header: str) -> None:
    message = _message()
    message[header] = "mel@example.com"

    with pytest.raises(MessageRefused):
        way.mailer.send(message)

    assert way.received() == []
