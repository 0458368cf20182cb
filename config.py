"""Settings read once from the environment; a wrong value refuses to start and says which."""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from click import ClickException

from services.database_url import BadDatabaseUrl, check_shared_database, parse_database_url
from services.env_file import read_env_file, write_env_file
from services.key_strength import is_guessable, is_monotonous
from services.retention_days import FEWEST_DAYS, MOST_DAYS, RetentionDays, is_possible
from services.smtp_url import BadSmtpUrl, SmtpServer, TlsMode, parse_smtp_url

PREFIX = "BLUECLERK_"
PROVIDER_PREFIXES = ("QUICKBOOKS", "XERO", "FRESHBOOKS")
TOKEN_KEY_BYTES = 32
SECRET_KEY_MIN_CHARACTERS = 32
MAX_COUNT_DIGITS = 3
MAX_DAYS_DIGITS = 5
MAKE_IT = "Make one with: openssl rand -base64"
DEBUG_SWITCHES = ("FLASK_DEBUG", "DEBUG")
OFF = ("", "0", "false", "no", "off")
PROJECT_FOLDER = Path(__file__).resolve().parent
Choice = TypeVar("Choice", bound=StrEnum)
_SENDER = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*")


class SettingsError(ClickException):
    """A setting is missing or wrong. The message names it and says what is expected.

    For click it is an error of the person at the terminal: one line, no traceback.
    """


class Environment(StrEnum):
    DEVELOPMENT = "development"
    DEMO = "demo"
    PRODUCTION = "production"


class JobsEngine(StrEnum):
    EMBEDDED = "embedded"
    PROCRASTINATE = "procrastinate"


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class ProviderCredentials:
    """The app registered at a provider; empty strings where it is not registered."""

    client_id: str
    client_secret: str = field(repr=False)
    environment: str = "production"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that varies between installations. Secrets stay out of repr()."""

    env: Environment
    secret_key: str = field(repr=False)
    token_keys: tuple[bytes, ...] = field(repr=False)
    database_url: str = field(repr=False)
    public_base_url: str
    proxy_count: int
    jobs_engine: JobsEngine
    providers: Mapping[str, ProviderCredentials]
    sandbox_url: str | None
    smtp: SmtpServer | None
    mail_from: str
    log_format: LogFormat
    metrics_folder: str
    metrics_token: str = field(repr=False)
    retention: RetentionDays
    instance_folder: Path

    @property
    def is_secure(self) -> bool:
        """Cookies are Secure and carry the __Host- name only where the site is https."""
        return self.public_base_url.startswith("https://")


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings. Raises SettingsError for the first wrong one."""
    values = dict(os.environ if environ is None else environ)
    env = _choice(values, "ENV", Environment, Environment.DEVELOPMENT)
    instance_folder = Path(values.get(PREFIX + "INSTANCE_FOLDER") or PROJECT_FOLDER / "instance")
    if env is Environment.DEVELOPMENT:
        values = development_keys(instance_folder) | values
    settings = Settings(
        env=env,
        secret_key=_secret_key(values),
        token_keys=_token_keys(values),
        database_url=_database_url(values),
        public_base_url=_base_url(values, "PUBLIC_BASE_URL") or "http://127.0.0.1:5000",
        proxy_count=_count(values, "PROXY_COUNT"),
        jobs_engine=_choice(values, "JOBS_ENGINE", JobsEngine, JobsEngine.EMBEDDED),
        providers={p.lower(): _credentials(values, p) for p in PROVIDER_PREFIXES},
        sandbox_url=_base_url(values, "SANDBOX_URL"),
        smtp=_smtp_server(values),
        mail_from=_sender(values),
        log_format=_choice(values, "LOG_FORMAT", LogFormat, LogFormat.TEXT),
        metrics_folder=_text(values, "METRICS_FOLDER", ""),
        metrics_token=_metrics_token(values),
        retention=_retention(values),
        instance_folder=instance_folder,
    )
    _refuse_unsafe(settings, values)
    return settings


def _refuse_unsafe(settings: Settings, values: Mapping[str, str]) -> None:
    if settings.jobs_engine is JobsEngine.PROCRASTINATE:
        _require_shared_database(settings.database_url)
    if settings.env is not Environment.PRODUCTION:
        return
    for name in DEBUG_SWITCHES:
        if values.get(name, "").strip().lower() not in OFF:
            raise SettingsError(f"{name} is refused in production; remove it.")
    if is_guessable(settings.secret_key):
        raise SettingsError(f"{PREFIX}SECRET_KEY can be guessed. {MAKE_IT} 48")
    if any(is_monotonous(key) for key in settings.token_keys):
        raise SettingsError(f"{PREFIX}TOKEN_KEYS holds a key that can be guessed. {MAKE_IT} 32")
    if settings.sandbox_url:
        raise SettingsError(f"{PREFIX}SANDBOX_URL is refused in production; remove it.")
    if not settings.is_secure:
        raise SettingsError(f"{PREFIX}PUBLIC_BASE_URL must start with https:// in production.")
    if settings.smtp is not None and settings.smtp.tls is TlsMode.NONE:
        raise SettingsError(f"{PREFIX}SMTP_URL may not say tls=none in production.")


def _require_shared_database(database_url: str) -> None:
    try:
        check_shared_database(database_url)
    except BadDatabaseUrl as error:
        raise SettingsError(f"{PREFIX}JOBS_ENGINE=procrastinate {error}") from None


def _text(values: Mapping[str, str], name: str, default: str) -> str:
    return values.get(PREFIX + name) or default


def _choice(values: Mapping[str, str], name: str, choices: type[Choice], default: Choice) -> Choice:
    text = _text(values, name, default.value)
    try:
        return choices(text)
    except ValueError:
        allowed = ", ".join(choice.value for choice in choices)
        raise SettingsError(f"{PREFIX}{name} is {text!r}; it must be one of {allowed}.") from None


def _count(values: Mapping[str, str], name: str) -> int:
    text = _text(values, name, "0")
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_COUNT_DIGITS):
        raise SettingsError(f"{PREFIX}{name} is {text!r}; it must be a whole number, 0 or more.")
    return int(text)


def _retention(values: Mapping[str, str]) -> RetentionDays:
    usual = RetentionDays()
    return RetentionDays(
        readings=_days(values, "KEEP_READINGS_DAYS", usual.readings),
        imports=_days(values, "KEEP_IMPORTS_DAYS", usual.imports),
        deliveries=_days(values, "KEEP_DELIVERIES_DAYS", usual.deliveries),
        audit=_days(values, "KEEP_AUDIT_DAYS", usual.audit),
    )


def _days(values: Mapping[str, str], name: str, default: int) -> int:
    text = _text(values, name, str(default))
    is_number = text.isascii() and text.isdecimal() and len(text) <= MAX_DAYS_DIGITS
    if not (is_number and is_possible(int(text))):
        raise SettingsError(
            f"{PREFIX}{name} is {text!r}; it must be 0, which keeps for ever, or whole days from "
            f"{FEWEST_DAYS} to {MOST_DAYS}."
        )
    return int(text)


def _base_url(values: Mapping[str, str], name: str) -> str | None:
    text = values.get(PREFIX + name)
    if not text:
        return None
    if not _is_base_url(text):
        raise SettingsError(f"{PREFIX}{name} must be an address such as https://app.example.com.")
    return text.rstrip("/")


def _is_base_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    has_path = parts.path not in ("", "/")
    is_bare = not (has_path or parts.query or parts.fragment or "@" in parts.netloc)
    return parts.scheme in ("http", "https") and bool(host) and is_bare


def _smtp_server(values: Mapping[str, str]) -> SmtpServer | None:
    text = _text(values, "SMTP_URL", "")
    if not text:
        return None
    try:
        return parse_smtp_url(text)
    except BadSmtpUrl as error:
        raise SettingsError(f"{PREFIX}SMTP_URL cannot be used: {error}.") from None


def _sender(values: Mapping[str, str]) -> str:
    address = _text(values, "MAIL_FROM", "blueclerk@localhost")
    if not _SENDER.fullmatch(address):
        raise SettingsError(f"{PREFIX}MAIL_FROM must be one address such as clerk@example.com.")
    return address


def _secret_key(values: Mapping[str, str]) -> str:
    return _long_enough("SECRET_KEY", values.get(PREFIX + "SECRET_KEY", ""))


def _metrics_token(values: Mapping[str, str]) -> str:
    token = _text(values, "METRICS_TOKEN", "")
    return _long_enough("METRICS_TOKEN", token) if token else ""


def _long_enough(name: str, key: str) -> str:
    if len(key) < SECRET_KEY_MIN_CHARACTERS:
        least = f"must have at least {SECRET_KEY_MIN_CHARACTERS} characters"
        raise SettingsError(f"{PREFIX}{name} {least}. {MAKE_IT} 48")
    return key


def _token_keys(values: Mapping[str, str]) -> tuple[bytes, ...]:
    texts = [text.strip() for text in values.get(PREFIX + "TOKEN_KEYS", "").split(",")]
    try:
        keys = tuple(base64.urlsafe_b64decode(text) for text in texts if text)
    except (ValueError, binascii.Error):
        keys = ()
    if not keys or any(len(key) != TOKEN_KEY_BYTES for key in keys):
        raise SettingsError(
            f"{PREFIX}TOKEN_KEYS must hold one or more 32-byte keys in base64, newest first, "
            f"separated by commas. {MAKE_IT} 32"
        )
    return keys


def _database_url(values: Mapping[str, str]) -> str:
    try:
        return parse_database_url(_text(values, "DATABASE_URL", "sqlite:///blueclerk.db"))
    except BadDatabaseUrl as error:
        raise SettingsError(f"{PREFIX}DATABASE_URL {error}") from None


def _credentials(values: Mapping[str, str], provider: str) -> ProviderCredentials:
    environment = _text(values, f"{provider}_ENVIRONMENT", "production")
    if environment not in ("production", "sandbox"):
        raise SettingsError(
            f"{PREFIX}{provider}_ENVIRONMENT is {environment!r}; it must be production or sandbox."
        )
    return ProviderCredentials(
        client_id=_text(values, f"{provider}_CLIENT_ID", ""),
        client_secret=_text(values, f"{provider}_CLIENT_SECRET", ""),
        environment=environment,
    )


def new_keys() -> dict[str, str]:
    """Make the two secrets every installation needs, as environment values."""
    return {
        PREFIX + "SECRET_KEY": secrets.token_urlsafe(48),
        PREFIX + "TOKEN_KEYS": base64.urlsafe_b64encode(os.urandom(TOKEN_KEY_BYTES)).decode(),
    }


def development_keys(instance_folder: Path) -> dict[str, str]:
    """Return this machine's own secrets, made at the first start and kept, mode 0600."""
    path = instance_folder / "development.env"
    if not path.exists():
        instance_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_env_file(path, new_keys())
    return read_env_file(path)
