"""The watch over lines of the log finds what leaks on purpose, and nothing in what is all right."""

from __future__ import annotations

import base64
import logging
import secrets
from collections.abc import Callable, Iterator

import pytest
from itsdangerous import Signer

from services import passwords
from services.logs import configure_logging
from services.providers.registry import ProviderAccess
from services.token_vault import TokenVault
from tests.blueprints.support import CHEAP_HASH
from tests.leaks import take

OURS = 1


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """One that writes warnings only, as things stand."""
    logger = logging.getLogger("services.leaking")
    logger.parent = logging.getLogger("somewhere.else")
    yield logger


@pytest.mark.parametrize(
    "words", ["token access-17", "ada@example.com", "Customer 12", "Hazel Norwood", "canary-code"]
)
def test_a_line_that_nobody_listens_to_is_read(logger: logging.Logger, words: str) -> None:
    logger.debug("what was read: %s", words)

    assert len(take()) == 1


def test_the_errors_behind_an_error_are_read(logger: logging.Logger) -> None:
    try:
        try:
            raise KeyError("Ada Brandt")
        except KeyError as error:
            raise ValueError("not readable") from error
    except ValueError:
        logger.debug("it broke", exc_info=True)

    [leak] = take()
    assert leak.startswith("'Ada Brandt' in a line of services.leaking")


@pytest.mark.parametrize(
    "write",
    [
        lambda logger: logger.debug("read", extra={"kept": {"token": "access-17"}}),
        lambda logger: logger.handle(
            logging.makeLogRecord({"msg": "access-17", "levelno": logging.DEBUG})
        ),
        lambda logger: _write_changed(logger, "token access-17"),
        lambda logger: logger.debug("GET /?code=%s", "acc%65ss%2D17"),
        lambda _: logging.getLogger("apscheduler.executors").debug("token access-17"),
        lambda _: logging.getLogger("alembic").info("token access-17"),
    ],
    ids=["extra", "made elsewhere", "changed", "in an address", "scheduler", "migrations"],
)
def test_a_line_is_read_however_it_comes(
    logger: logging.Logger, write: Callable[[logging.Logger], None]
) -> None:
    configure_logging(is_json=False)
    write(logger)

    [leak] = take()
    assert leak.startswith("'access-17' in a line of")


@pytest.mark.parametrize(
    "make",
    [
        lambda: secrets.token_urlsafe(32),
        lambda: Signer("a-key").sign("a-mailed-link").decode(),
        lambda: _hash_of("seven brown llamas"),
        lambda: base64.b64encode(_vault_key()).decode(),
        lambda: _vault_key().hex(),
        lambda: repr(_vault_key()),
        lambda: ProviderAccess("an app", "its known word").client_secret,
        lambda: _sealed("a token of theirs"),
    ],
    ids=["sign-in", "link", "hash", "key", "key in hex", "key as bytes", "app", "token"],
)
def test_a_line_shows_nothing_that_was_made(
    logger: logging.Logger, make: Callable[[], str]
) -> None:
    logger.debug("made: %s", make())

    assert len(take()) == 1


def test_a_line_shows_no_password_that_is_typed_later(logger: logging.Logger) -> None:
    logger.debug("asked for /?password=seven+brown%20llamas")
    passwords.is_password(CHEAP_HASH, "seven brown llamas")

    [leak] = take()
    assert leak.startswith("'seven brown llamas' in a line of services.leaking")


def test_a_line_without_anybody_is_all_right(logger: logging.Logger) -> None:
    logger.warning("run %s of customer %s: status %s from provider.example", 7, 12, 503)

    assert take() == []


def _write_changed(logger: logging.Logger, words: str) -> None:
    record = logger.makeRecord(logger.name, logging.INFO, "", 1, "nothing", (), None)
    record.msg = words
    logger.handle(record)


def _hash_of(password: str) -> str:
    return passwords.generate_password_hash(password, method="scrypt:1024:8:1")


def _vault_key() -> bytes:
    TokenVault([key := bytes(range(100, 132))])
    return key


def _sealed(token: str) -> str:
    TokenVault([b"k" * 32]).seal(token, company_id=OURS, connection="1", field="access")
    return token
