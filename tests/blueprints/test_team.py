"""Settings > Team & roles: what admins see and do there, and when it takes effect."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import LinkPurpose, OneTimeLink, Role, User
from tests.blueprints.support import Browser, text_of
from tests.conftest import Clock
from tests.factories import NOW, make_report_recipient, make_report_settings, make_user

PAGE = "/settings/team"
KIM = "kim@example.com"


@pytest.fixture
def olu(session: Session, people: SimpleNamespace) -> User:
    """A second admin, so that ada is not the last one."""
    user: User = make_user(session, people.company, email="olu@example.com", name="Olu")
    return user


def _invitation(session: Session, people: SimpleNamespace, **overrides: object) -> OneTimeLink:
    values = {
        "company_id": people.company.id,
        "purpose": LinkPurpose.INVITATION,
        "email": KIM,
        "role": Role.MEMBER,
        "created_at": NOW - timedelta(days=2),
        "expires_at": NOW + timedelta(days=5),
        "sent_at": NOW - timedelta(days=2),
    }
    link = OneTimeLink(**values | overrides)
    session.add(link)
    session.commit()
    return link


def _roles(session: Session) -> dict[str, Role | None]:
    """Return the role of each who may sign in, None for who is disabled."""
    session.expire_all()
    users = session.scalars(select(User).order_by(User.id))
    roles = {user.email: None if user.is_disabled else user.role for user in users}
    session.rollback()
    return roles


def _invited(session: Session) -> dict[str, bool]:
    """Return who was invited, and whether that still stands."""
    session.expire_all()
    return {link.email: link.ended_at is None for link in session.scalars(select(OneTimeLink))}


def test_the_page_shows_everybody_and_what_they_get(
    ada: Browser, mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    make_report_settings(session, people.company)
    make_report_recipient(session, people.company, address="ada@example.com")

    answer = ada.get(PAGE)

    text = text_of(answer)
    assert "Ada Brandt you ada@example.com Admin the last admin cannot leave now gets it" in text
    assert "Mel Osei mel@example.com Admin Member Save 1 s ago off Disable" in text
    assert f'<a href="{PAGE}" aria-current="page">Team &amp; roles</a>' in answer.text
    assert 'aria-current="page">Integrations' not in answer.text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "kim@example.com Member invited 18 Nov Send again · Withdraw"),
        ({"sent_at": None, "next_attempt_at": NOW}, "waits to be mailed"),
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
    _invitation(session, people, **values)

    assert words in text_of(ada.get(PAGE))


def test_a_new_role_counts_from_the_next_click_on(
    ada: Browser, mel: Browser, people: SimpleNamespace
) -> None:
    before = mel.get(PAGE).status_code

    answer = ada.post(f"{PAGE}/{people.mel.public_id}/role", {"role": "admin"})

    assert (before, answer.status_code, answer.location) == (403, 303, PAGE)
    assert "mel@example.com is an admin now." in text_of(ada.get(PAGE))
    assert mel.get(PAGE).status_code == 200


def test_the_audit_says_whose_role_was_changed(ada: Browser, people: SimpleNamespace) -> None:
    ada.post(f"{PAGE}/{people.mel.public_id}/role", {"role": "admin"})

    page, file = ada.get("/settings/audit"), ada.get("/settings/audit.csv")

    assert "Changed the role of a user Mel Osei, member to admin" in text_of(page)
    assert '"Mel Osei, member to admin"' in file.text


def test_whoever_is_disabled_is_out_at_the_next_click(
    ada: Browser, mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    place = f"{PAGE}/{people.mel.public_id}"

    question = text_of(ada.get(f"{place}/disable"))
    ada.post(f"{place}/disable")
    out = mel.get("/customers")
    shown = text_of(ada.get(PAGE))
    ada.post(f"{place}/enable")

    assert "imports that they started run to their end" in question
    assert (out.status_code, out.location) == (303, "/login?next=/customers")
    assert "Mel Osei mel@example.com Member" in shown
    assert "disabled Enable again" in shown
    assert mel.get("/customers").status_code == 303
    assert mel.sign_in("mel@example.com").location != "/login"
    assert _roles(session)["mel@example.com"] is Role.MEMBER


def test_giving_up_the_own_role_asks_first(
    ada: Browser, session: Session, people: SimpleNamespace, olu: User
) -> None:
    place = f"{PAGE}/{people.ada.public_id}/role"

    asked = ada.post(place, {"role": "member"})
    question = ada.get(asked.location)
    kept = _roles(session)["ada@example.com"]
    answer = ada.post(place, {"role": "member", "confirmed": "1"})

    assert asked.location == place
    assert "Give up your own admin role?" in text_of(question)
    assert kept is Role.ADMIN
    assert (answer.status_code, answer.location) == (303, "/customers")
    assert "You are a member now." in text_of(ada.get("/customers"))
    assert ada.get(PAGE).status_code == 403


def test_disabling_oneself_signs_out(
    ada: Browser, session: Session, people: SimpleNamespace, olu: User
) -> None:
    place = f"{PAGE}/{people.ada.public_id}/disable"

    question, answer = ada.get(place), ada.post(place)

    assert "Disable your own account?" in text_of(question)
    assert (answer.status_code, answer.location) == (303, "/login")
    assert _roles(session)["ada@example.com"] is None


@pytest.mark.parametrize("step", ["role", "disable"])
def test_the_last_admin_cannot_leave(
    ada: Browser, session: Session, people: SimpleNamespace, step: str
) -> None:
    place = f"{PAGE}/{people.ada.public_id}/{step}"

    answer, question = ada.post(place, {"role": "member", "confirmed": "1"}), ada.get(place)

    assert answer.status_code == 409
    assert "The last admin cannot leave" in text_of(answer)
    assert (question.status_code, question.location) == (303, PAGE)
    assert _roles(session)["ada@example.com"] is Role.ADMIN


@pytest.mark.parametrize("role", ["", "owner", "ADMIN"])
def test_a_role_that_is_none_changes_nothing(
    ada: Browser, session: Session, people: SimpleNamespace, role: str
) -> None:
    answer = ada.post(f"{PAGE}/{people.mel.public_id}/role", {"role": role})

    assert answer.status_code == 400
    assert _roles(session)["mel@example.com"] is Role.MEMBER


def test_somebody_is_invited(ada: Browser, session: Session) -> None:
    answer = ada.post(f"{PAGE}/invitations", {"email": f" {KIM} ", "role": "admin"})

    assert (answer.status_code, answer.location) == (303, PAGE)
    (link,) = session.scalars(select(OneTimeLink))
    assert (link.email, link.role) == (KIM, Role.ADMIN)
    assert "kim@example.com is invited by a mail." in text_of(ada.get(PAGE))


@pytest.mark.parametrize(
    ("email", "status", "words"),
    [
        ("nobody", 422, "That is not an e-mail address that mail could reach."),
        ("mel@example.com", 422, "Somebody signs in with this address already."),
        (KIM, 409, "three a day. The next one can go there in 46 min."),
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
    assert '<option value="admin" selected>Admin</option></select>\n' in answer.text


def test_an_invitation_is_sent_again_and_withdrawn(
    ada: Browser, session: Session, people: SimpleNamespace
) -> None:
    link = _invitation(session, people)

    ada.post(f"{PAGE}/invitations/{link.public_id}/again")
    again = text_of(ada.get(PAGE))
    (newest,) = re.findall(r"invitations/([0-9a-f]{16})/withdraw", ada.get(PAGE).text)
    ada.post(f"{PAGE}/invitations/{newest}/withdraw")

    assert "The invitation is mailed again, with a new link." in again
    assert "can be sent again at 10:00" in again and "Send again" not in again
    assert newest != link.public_id
    assert _invited(session) == {KIM: False}
    assert "kim@example.com" not in text_of(ada.get(PAGE))


def _changes(people: SimpleNamespace, link: OneTimeLink) -> dict[str, dict[str, str]]:
    """Return every form of the page with what it sends."""
    user = people.mel.public_id
    return {
        f"{PAGE}/{user}/role": {"role": "admin"},
        f"{PAGE}/{user}/disable": {},
        f"{PAGE}/{user}/enable": {},
        f"{PAGE}/invitations": {"email": "lee@example.com", "role": "admin"},
        f"{PAGE}/invitations/{link.public_id}/again": {},
        f"{PAGE}/invitations/{link.public_id}/withdraw": {},
    }


def test_every_change_asks_for_the_password_again(
    ada: Browser, session: Session, people: SimpleNamespace, clock: Clock
) -> None:
    link = _invitation(session, people)
    ada.get(PAGE)
    clock.advance(minutes=16)

    answers = [ada.post(place, form) for place, form in _changes(people, link).items()]

    assert {answer.status_code for answer in answers} == {401}
    assert {"Confirm that it is you" in text_of(answer) for answer in answers} == {True}
    assert _roles(session)["mel@example.com"] is Role.MEMBER
    assert _invited(session) == {KIM: True}


@pytest.mark.parametrize(("who", "status"), [("zoe", 404), ("mel", 403)])
def test_nobody_else_changes_the_team(
    request: pytest.FixtureRequest,
    session: Session,
    people: SimpleNamespace,
    who: str,
    status: int,
) -> None:
    browser: Browser = request.getfixturevalue(who)
    link = _invitation(session, people)
    places = _changes(people, link)
    invite = f"{PAGE}/invitations"

    answers = [browser.post(place, form) for place, form in places.items() if place != invite]
    answers += [
        browser.get(f"{PAGE}/{people.mel.public_id}/{step}") for step in ("role", "disable")
    ]

    assert {answer.status_code for answer in answers} == {status}
    assert KIM not in browser.get(PAGE).text
    assert _roles(session)["mel@example.com"] is Role.MEMBER
    assert _invited(session) == {KIM: True}
