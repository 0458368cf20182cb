"""Log lines: one for people or one JSON object, never two from one message."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from services.log_context import begin_context, note_ids, telling
from services.logs import configure_logging


@pytest.fixture(autouse=True)
def _root_logger_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    begin_context()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_is_one_json_object_whatever_the_message_holds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(is_json=True)

    logging.getLogger("services.test").warning("first\nsecond %s", "\r\nthird")

    [line] = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "first\nsecond \r\nthird"
    assert json.loads(line)["level"] == "WARNING"


def test_configuring_twice_writes_once(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(is_json=True)
    configure_logging(is_json=False)

    logging.getLogger("services.test").info("once")

    assert capsys.readouterr().err.count("once") == 1


def test_an_exception_is_part_of_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(is_json=True)

    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("services.test").exception("it broke")

    [line] = capsys.readouterr().err.splitlines()
    assert "ValueError: broken" in json.loads(line)["exception"]


def test_what_is_looked_at_all_the_time_leaves_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(is_json=False)

    logging.getLogger("alembic.runtime.migration").info("Context impl SQLiteImpl.")
    logging.getLogger("apscheduler.executors.default").info("Running job")
    logging.getLogger("psycopg.pool").warning("error connecting")

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("logger", ["gunicorn.access", "werkzeug"])
@pytest.mark.parametrize("room", ["invitation", "password", "email", "confirm", "unsubscribe"])
def test_a_line_shows_no_link_of_a_mail(
    capsys: pytest.CaptureFixture[str], logger: str, room: str
) -> None:
    configure_logging(is_json=False)
    configure_logging(is_json=False)
    asked = f"GET /{room}/the.token HTTP/1.1"

    logging.getLogger(logger).warning(
        '"%(asked)s" 200 "%(from)s"',
        {"asked": asked, "from": f"https://a.example.com/{room}/the.token"},
    )

    line = capsys.readouterr().err
    assert "the.token" not in line
    assert f"GET /{room}/… HTTP/1.1" in line


def test_a_line_says_what_it_is_about_until_that_ends(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(is_json=True)
    logger = logging.getLogger("services.test")
    begin_context(request_id="r-1")

    with telling(run_id=7):
        note_ids(company_id=3)
        logger.info("inside")
    logger.info("outside")

    inside, outside = map(json.loads, capsys.readouterr().err.splitlines())
    assert inside.items() >= {"request_id": "r-1", "run_id": 7, "company_id": 3}.items()
    assert outside["request_id"] == "r-1"
    assert not {"run_id", "company_id"} & outside.keys()


def test_only_known_fields_get_into_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(is_json=True)

    logging.getLogger("services.test").info("a line", extra={"calls": 3, "customer": "somebody"})

    line = json.loads(capsys.readouterr().err)
    assert line["calls"] == 3
    assert "customer" not in line


def test_people_read_the_ids_behind_the_words(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(is_json=False)
    begin_context(job="import_customers", row_id=12)

    logging.getLogger("services.test").info("it ended")

    assert capsys.readouterr().err.endswith("it ended [job=import_customers row_id=12]\n")
