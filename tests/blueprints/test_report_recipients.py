"""Recipients on the settings page: a row each with its rhythm, and addresses to add."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Frequency, ReportRecipient
from tests.blueprints.support import Browser, text_of
from tests.factories import NOW, make_report_recipient, make_report_settings, make_user

PAGE = "/settings/reports"
FORM = {"on": "1", "hour": "7", "zone": "America/New_York", "empty": "skip", "frequency": "daily"}
OLU = "olu@example.com"


@pytest.fixture
def olu(session: Session, people: SimpleNamespace) -> ReportRecipient:
    """Somebody on the list who is no user, and ada, who is one."""
    make_report_settings(session, people.company)
    make_report_recipient(session, people.company, address="ada@example.com")
    return make_report_recipient(session, people.company, address=OLU)


def _rhythms(session: Session) -> dict[str, Frequency]:
    session.expire_all()
    query = select(ReportRecipient).where(ReportRecipient.removed_at.is_(None))
    return {row.address: row.frequency for row in session.scalars(query)}


def _choices(text: str) -> dict[str, str]:
    """Return what stands in each row of a page."""
    found = re.findall(r'name="rhythm:([^"]+)"(.*?)</select>', text, re.S)
    chosen = {address: re.search(r'value="(\w+)" selected', options) for address, options in found}
    return {address: match[1] if match else "" for address, match in chosen.items()}


def test_every_user_and_everybody_else_has_a_row(ada: Browser, olu: ReportRecipient) -> None:
    answer = ada.get(PAGE)

    assert _choices(answer.text) == {
        "ada@example.com": "daily",
        "mel@example.com": "off",
        OLU: "daily",
    }
    assert "Ada Brandt ada@example.com" in text_of(answer)
    assert answer.text.count('value="remove"') == 1


def test_a_rhythm_is_chosen_for_each(ada: Browser, session: Session, olu: ReportRecipient) -> None:
    rows = {"rhythm:ada@example.com": "weekly", "rhythm:mel@example.com": "daily"}

    answer = ada.post(PAGE, FORM | rows | {f"rhythm:{OLU}": "remove"})

    assert answer.status_code == 303
    assert _rhythms(session) == {
        "ada@example.com": Frequency.WEEKLY,
        "mel@example.com": Frequency.DAILY,
    }


def test_a_user_is_set_to_off_and_keeps_the_row(
    ada: Browser, session: Session, olu: ReportRecipient
) -> None:
    ada.post(PAGE, FORM | {"rhythm:ada@example.com": "off"})

    assert _rhythms(session)["ada@example.com"] is Frequency.OFF
    assert _choices(ada.get(PAGE).text)["ada@example.com"] == "off"


def test_nobody_leaves_the_list_who_was_not_on_the_page(
    ada: Browser, session: Session, olu: ReportRecipient
) -> None:
    ada.post(PAGE, FORM | {"rhythm:ada@example.com": "weekly"})

    assert _rhythms(session)[OLU] is Frequency.DAILY


def test_nobody_comes_back_whom_another_admin_removed(
    ada: Browser, session: Session, olu: ReportRecipient
) -> None:
    ada.post(PAGE, FORM | {f"rhythm:{OLU}": "remove"})

    ada.post(PAGE, FORM | {f"rhythm:{OLU}": "daily"})

    assert OLU not in _rhythms(session)


@pytest.mark.parametrize("choice", ["", "hourly", "DAILY", "remove"])
def test_a_choice_that_no_row_offers_changes_no_user(
    ada: Browser, session: Session, olu: ReportRecipient, choice: str
) -> None:
    ada.post(PAGE, FORM | {"rhythm:ada@example.com": choice})

    assert _rhythms(session).get("ada@example.com") in (Frequency.DAILY, Frequency.OFF)
    assert OLU in _rhythms(session)


def test_others_are_added_with_their_rhythm_and_asked_first(
    ada: Browser, session: Session, olu: ReportRecipient
) -> None:
    added = {"recipients": "kim@example.org\r\n\r\nlee@example.org", "frequency": "weekly"}

    ada.post(PAGE, FORM | added)

    text = text_of(ada.get(PAGE))
    assert _rhythms(session)["lee@example.org"] is Frequency.WEEKLY
    assert "kim@example.org, lee@example.org are asked by e-mail first." in text
    assert text.count("Not confirmed is being asked by e-mail") == 2


@pytest.mark.parametrize("choice", ["daily", "remove"])
def test_of_an_address_that_is_typed_again_the_row_decides(
    ada: Browser, session: Session, olu: ReportRecipient, choice: str
) -> None:
    typed = {"recipients": "OLU@example.com, kim@example.org", "frequency": "weekly"}

    ada.post(PAGE, FORM | typed | {f"rhythm:{OLU}": choice})

    left = {} if choice == "remove" else {OLU: Frequency.DAILY}
    others = {"ada@example.com": Frequency.DAILY, "kim@example.org": Frequency.WEEKLY}
    assert _rhythms(session) == others | left
    told = "olu@example.com was on the list already; what the row says counts."
    assert told in text_of(ada.get(PAGE))


def test_what_was_chosen_stays_beside_an_error(
    ada: Browser, session: Session, olu: ReportRecipient
) -> None:
    form = FORM | {"rhythm:ada@example.com": "weekly", f"rhythm:{OLU}": "remove"}

    answer = ada.post(PAGE, form | {"recipients": "nobody", "frequency": "weekly"})

    assert answer.status_code == 422
    assert _choices(answer.text) == {
        "ada@example.com": "weekly",
        "mel@example.com": "off",
        OLU: "remove",
    }
    assert ">nobody</textarea>" in answer.text
    assert _rhythms(session)[OLU] is Frequency.DAILY


def test_a_list_with_everybody_off_cannot_be_on(ada: Browser, olu: ReportRecipient) -> None:
    rows = {"rhythm:ada@example.com": "off", f"rhythm:{OLU}": "remove"}

    answer = ada.post(PAGE, FORM | rows)

    assert answer.status_code == 422
    assert "A report that is on needs at least one recipient." in text_of(answer)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"unsubscribed_at": NOW}, "Unsubscribed Only the link in an earlier mail takes that"),
        ({"refusal_count": 3}, "Paused The mail server refuses this address. Saving tries again."),
        (
            {"confirmed_at": None, "confirmation_sent_at": NOW - timedelta(hours=3)},
            "Not confirmed asked today 06:00 Send the link again",
        ),
        ({"frequency": Frequency.OFF}, "Off"),
        ({}, "Active"),
    ],
)
def test_a_state_is_told_in_words(
    ada: Browser,
    session: Session,
    people: SimpleNamespace,
    values: dict[str, object],
    words: str,
) -> None:
    make_report_settings(session, people.company)
    make_report_recipient(session, people.company, address=OLU, **values)

    text = text_of(ada.get(PAGE))

    assert f"{OLU} Daily Weekly Off Remove {words}" in text


def test_the_link_is_sent_again_and_no_more_than_once_an_hour(
    ada: Browser, session: Session, people: SimpleNamespace
) -> None:
    make_report_settings(session, people.company)
    asked = {"confirmed_at": None, "confirmation_sent_at": NOW - timedelta(hours=3)}
    kim = make_report_recipient(session, people.company, address="kim@example.org", **asked)
    lee = make_report_recipient(
        session,
        people.company,
        address="lee@example.org",
        confirmed_at=None,
        confirmation_sent_at=NOW - timedelta(minutes=20),
    )

    answer = ada.post(f"{PAGE}/ask", {"recipient": kim.public_id})
    told = text_of(ada.get(PAGE))
    ada.post(f"{PAGE}/ask", {"recipient": lee.public_id})

    assert (answer.status_code, answer.location) == (303, PAGE)
    assert "kim@example.org is being asked again by e-mail." in told
    assert "It can be sent again in 40 min." in text_of(ada.get(PAGE))


def test_sending_a_link_again_keeps_what_is_not_saved(
    ada: Browser, session: Session, people: SimpleNamespace
) -> None:
    make_report_settings(session, people.company)
    kim = make_report_recipient(
        session,
        people.company,
        address="kim@example.org",
        confirmed_at=None,
        confirmation_sent_at=NOW - timedelta(hours=3),
    )
    asked = FORM | {"recipient": kim.public_id}
    unsaved = {"hour": "9", "rhythm:kim@example.org": "weekly", "recipients": "lee@example.org"}

    answer, again = ada.post(f"{PAGE}/ask", asked | unsaved), ada.post(f"{PAGE}/ask", asked)

    text = text_of(answer)
    assert (
        "kim@example.org is being asked again by e-mail. What you changed on this page is" in text
    )
    assert '<option value="9" selected>09:00</option>' in answer.text
    assert _choices(answer.text)["kim@example.org"] == "weekly"
    assert ">lee@example.org</textarea>" in answer.text
    assert (again.status_code, again.location) == (303, PAGE)
    assert _rhythms(session) == {"kim@example.org": Frequency.DAILY}


@pytest.mark.parametrize("recipient", ["", "nobody", "0" * 16, "é" * 16])
def test_nobody_in_particular_is_asked(ada: Browser, recipient: str) -> None:
    answer = ada.post(f"{PAGE}/ask", {"recipient": recipient})

    assert answer.status_code == 404
    assert "Nobody waits for this question" in text_of(answer)


def test_zoe_asks_nobody_of_the_company(
    zoe: Browser, session: Session, people: SimpleNamespace
) -> None:
    kim = make_report_recipient(session, people.company, confirmed_at=None)

    assert zoe.post(f"{PAGE}/ask", {"recipient": kim.public_id}).status_code == 404


def test_a_user_who_was_shut_out_is_no_row_to_choose_from(
    ada: Browser, session: Session, people: SimpleNamespace
) -> None:
    make_user(session, people.company, email="left@example.com", name="Left", is_disabled=True)

    assert "left@example.com" not in ada.get(PAGE).text


def _many(count: int) -> str:
    return "\n".join(f"r{number}@example.com" for number in range(count))


def test_what_stands_behind_many_lines_of_one_address_is_stored(
    ada: Browser, session: Session
) -> None:
    ada.post(PAGE, FORM | {"recipients": "ada@example.com\n" * 300 + "mel@example.com"})

    assert set(_rhythms(session)) == {"ada@example.com", "mel@example.com"}


def test_too_many_lines_are_said_and_none_is_stored(ada: Browser, session: Session) -> None:
    answer = ada.post(PAGE, FORM | {"recipients": _many(5000)})

    assert answer.status_code == 422
    assert "at most 20 recipients; these are 5,000." in text_of(answer)
    assert _rhythms(session) == {}


def test_those_set_to_off_have_a_limit_too(ada: Browser, session: Session) -> None:
    form = {"hour": "7", "zone": "America/New_York", "empty": "skip", "frequency": "off"}
    ada.post(PAGE, form | {"recipients": _many(100)})

    answer = ada.post(PAGE, form | {"recipients": "one-more@example.com"})

    assert answer.status_code == 422
    assert "The list has at most 100 addresses" in text_of(answer)
    assert 'aria-describedby="recipients-wrong"' in answer.text
    assert ">one-more@example.com</textarea>" in answer.text
    assert len(_rhythms(session)) == 100
