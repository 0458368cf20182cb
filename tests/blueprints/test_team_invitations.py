"""Settings > Team & roles: who is invited, why somebody is not, and what becomes of it."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import OneTimeLink, Role
from services.invitations import INVITATIONS_PER_DAY
from tests.blueprints.support import Browser, text_of
from tests.blueprints.teaming import KIM, PAGE, invitations_of, make_invitation, roles_of
from tests.conftest import Clock
from tests.factories import NOW


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "kim@example.com invited valid until 25 Nov Member not yet Send again · Withdraw"),
        ({"sent_at": None, "next_attempt_at": NOW}, "invited on its way, valid until 25 Nov"),
        ({"sent_at": None}, "could not be mailed"),
        ({"expires_at": NOW - timedelta(days=1)}, "invitation expired 19 Nov"),
    ],
)
def test_the_page_shows_who_is_invited(
    ada: Browser,
    session: Session,
    people: SimpleNamespace,
    values: dict[str, object],
    words: str,
) -> None:
    make_invitation(session, people, **values)

    assert words in text_of(ada.get(PAGE))


def test_somebody_is_invited(ada: Browser, session: Session) -> None:
    answer = ada.post(f"{PAGE}/invitations", {"email": f" {KIM} ", "role": "admin"})

    assert (answer.status_code, answer.location) == (303, PAGE)
    (link,) = session.scalars(select(OneTimeLink))
    assert (link.email, link.role) == (KIM, Role.ADMIN)
    assert "The invitation to kim@example.com waits until mail is set up." in text_of(ada.get(PAGE))


@pytest.mark.parametrize(
    ("email", "status", "words"),
    [
        ("nobody", 422, "That is not an e-mail address that mail could reach."),
        ("mel@example.com", 422, "Somebody signs in with this address already."),
        (KIM, 409, "three a day from one company. The next one can go there in 46 min."),
    ],
)
def test_why_somebody_is_not_invited_is_said_beside_the_address(
    ada: Browser, clock: Clock, email: str, status: int, words: str
) -> None:
    ada.post(f"{PAGE}/invitations", {"email": KIM, "role": "member"})
    clock.advance(minutes=14)

    answer = ada.post(f"{PAGE}/invitations", {"email": email, "role": "admin"})

    assert answer.status_code == status
    assert words in text_of(answer)
    assert f'value="{email}"' in answer.text
    assert 'aria-invalid="true" aria-describedby="email-wrong" autofocus>' in answer.text
    assert '<option value="admin" selected>Admin</option></select>\n' in answer.text


def test_a_disabled_colleague_is_not_invited_but_enabled_again(
    ada: Browser, zoe: Browser, session: Session, people: SimpleNamespace
) -> None:
    people.mel.is_disabled = True
    session.commit()
    form = {"email": "MEL@example.com", "role": "member"}

    answers = [browser.post(f"{PAGE}/invitations", form) for browser in (ada, zoe)]
    (enable,) = re.findall(r'formaction="([^"]*/enable)"', answers[0].text)
    ada.post(enable, form)

    assert [answer.status_code for answer in answers] == [422, 422]
    assert "disabled in your team. Nobody was invited. Enable them again" in text_of(answers[0])
    assert "Somebody signs in with this address already." in text_of(answers[1])
    assert "/enable" not in answers[1].text
    assert roles_of(session)["mel@example.com"] is Role.MEMBER


def test_why_an_invitation_is_not_sent_again_is_said_on_the_page(
    ada: Browser, session: Session, people: SimpleNamespace
) -> None:
    link = make_invitation(session, people)
    for number in range(INVITATIONS_PER_DAY):
        make_invitation(session, people, email=f"kim-{number}@example.com", created_at=NOW)

    answer = ada.post(f"{PAGE}/invitations/{link.public_id}/again")

    assert (answer.status_code, answer.location) == (303, PAGE)
    assert "A company can send 20 a day. Nothing was sent." in text_of(ada.get(PAGE))


def test_an_invitation_is_sent_again_and_withdrawn(
    ada: Browser, session: Session, people: SimpleNamespace
) -> None:
    link = make_invitation(session, people)

    ada.post(f"{PAGE}/invitations/{link.public_id}/again")
    again = text_of(ada.get(PAGE))
    (newest,) = re.findall(r"invitations/([0-9a-f]{16})/withdraw", ada.get(PAGE).text)
    ada.post(f"{PAGE}/invitations/{newest}/withdraw")

    assert "The invitation is mailed again, with a new link." in again
    assert "can be sent again at 10:00" in again and "Send again" not in again
    assert newest != link.public_id
    assert invitations_of(session) == {KIM: False}
    assert "kim@example.com" not in text_of(ada.get(PAGE))
