"""Try what an installation stands on, a finding for each part; changes nothing, tells no secret."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from services.database import only_reading
from services.heartbeat import TICK, last_beat_at, serving_key
from services.mail import MailError
from services.private_files import NOT_FOR_OTHERS, folder_mode
from services.providers.contract import ProviderError, ProviderKey
from services.providers.registry import provider_profile
from services.readiness import LONGEST_MAIL, look
from services.runtime import Runtime
from services.schema import newest_schema
from services.server_clock import ADVICE, find_lead_s, tell_lead
from services.smtp import SmtpMailer
from services.smtp_url import SmtpServer, TlsMode
from services.token_rotation import count_keys

COMMAND_LIMIT_S, MAIL_LIMIT_S = 8.0, 15.0
LEAST_ROOM_BYTES = 500_000_000
WORKER_COMMAND = "flask --app app jobs worker"


class Verdict(StrEnum):
    """BROKEN does not work now; ATTENTION works, or is not needed, and is worth a look."""

    OK = "ok"
    ATTENTION = "attention"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """How one part stands, in words, and what helps; empty where nothing needs help."""

    part: str
    verdict: Verdict
    words: str
    help: str = ""


def examine_database(runtime: Runtime, path: Path | None) -> Iterator[Finding]:
    """Look at the tables, and with a `path` at the file, its folder and the room on the disk."""
    readiness = look(runtime)
    if not readiness.database:
        yield Finding(
            "database", Verdict.BROKEN, "cannot be reached", "Check BLUECLERK_DATABASE_URL."
        )
        return
    if readiness.schema:
        yield Finding("database", Verdict.OK, f"answers, schema {newest_schema()}")
    else:
        yield Finding(
            "database",
            Verdict.BROKEN,
            f"its tables are not those of this release, {newest_schema()}",
            "Run: flask --app app db upgrade",
        )
    if path is not None:
        yield from _examine_file(path)
    else:
        yield _examine_clock(runtime)


def _examine_clock(runtime: Runtime) -> Finding:
    try:
        with only_reading(), runtime.sessions() as session:
            lead_s = find_lead_s(session, now=runtime.clock())
    except SQLAlchemyError:
        return Finding("clock", Verdict.ATTENTION, "not looked at, for want of the database")
    if words := tell_lead(lead_s):
        return Finding("clock", Verdict.BROKEN, words, ADVICE)
    return Finding("clock", Verdict.OK, "goes with the database's")


def _examine_file(path: Path) -> Iterator[Finding]:
    mode, folder = folder_mode(path), folder_mode(path.parent)
    is_private = mode & 0o077 == 0
    yield Finding(
        "database file",
        Verdict.OK if is_private else Verdict.BROKEN,
        f"mode {mode:04o}",
        "" if is_private else f"Run: chmod 600 {path}",
    )
    is_closed = folder & NOT_FOR_OTHERS == 0
    yield Finding(
        "database folder",
        Verdict.OK if is_closed else Verdict.ATTENTION,
        f"mode {folder:04o}",
        "" if is_closed else f"Production refuses this. Run: chmod 700 {path.parent}",
    )
    free = shutil.disk_usage(path.parent).free
    has_room = free >= LEAST_ROOM_BYTES
    yield Finding(
        "disk",
        Verdict.OK if has_room else Verdict.ATTENTION,
        f"{free // 1_000_000:,} MB free",
        "" if has_room else "Make room: imports pause on a full disk.",
    )


def examine_keys(runtime: Runtime) -> Finding:
    """Say whether the stored tokens open with the keys of the settings."""
    try:
        in_use = count_keys(runtime)
        with only_reading(), runtime.sessions() as session:
            serving = serving_key(session, now=runtime.clock())
    except SQLAlchemyError:
        return Finding("token keys", Verdict.ATTENTION, "not looked at, for want of the database")
    if lost := sum(in_use.values()) - sum(in_use[key] for key in runtime.vault.key_ids):
        words = f"{lost:,} stored tokens belong to no key of BLUECLERK_TOKEN_KEYS"
        return Finding("token keys", Verdict.BROKEN, words, "Add their key, or reconnect.")
    if serving not in (None, runtime.vault.newest_key):
        words = "the running server seals with another key than this command"
        return Finding("token keys", Verdict.ATTENTION, words, "Restart it with the same settings.")
    if set(in_use) - {runtime.vault.newest_key}:
        words = "some stored tokens need an older key"
        return Finding("token keys", Verdict.ATTENTION, words, "Run: flask --app app tokens rotate")
    return Finding("token keys", Verdict.OK, f"open all {sum(in_use.values()):,} stored tokens")


def examine_scheduler(runtime: Runtime) -> Finding:
    """Say whether the clock of the server beats, and whether whoever sends mail moves."""
    try:
        with only_reading(), runtime.sessions() as session:
            beat_at = last_beat_at(session, name=TICK)
    except SQLAlchemyError:
        return Finding("scheduler", Verdict.ATTENTION, "not looked at, for want of the database")
    if beat_at is None:
        start = WORKER_COMMAND if runtime.has_workers else "make serve"
        return Finding(
            "scheduler", Verdict.ATTENTION, "no server has run yet", f"Start it: {start}"
        )
    readiness, now = look(runtime), runtime.clock()
    if readiness.workers == 0:
        return Finding(
            "scheduler", Verdict.BROKEN, "no worker lives", f"Start one: {WORKER_COMMAND}"
        )
    if not readiness.scheduler:
        words = f"silent since {_ago(beat_at, now)}"
        return Finding("scheduler", Verdict.BROKEN, words, "Start or restart the server.")
    if not readiness.delivery and (readiness.delivery_age_s or 0) > LONGEST_MAIL.total_seconds():
        words = "beats, but whoever sends mail does not move"
        return Finding("scheduler", Verdict.BROKEN, words, "Restart the server.")
    return Finding("scheduler", Verdict.OK, f"beat {_ago(beat_at, now)}{_hands(readiness.workers)}")


def _hands(workers: int | None) -> str:
    if workers is None:
        return ""
    return ", one worker lives" if workers == 1 else f", {workers:,} workers live"


def _ago(at: datetime, now: datetime) -> str:
    minutes = max(int((now - at).total_seconds()) // 60, 0)
    if not minutes:
        return "less than a minute ago"
    return "a minute ago" if minutes == 1 else f"{minutes:,} minutes ago"


def examine_mail(server: SmtpServer | None, *, sender: str) -> Finding:
    """Connect, encrypt and sign in as for a mail, and send none. Calls the network."""
    if server is None:
        words = "no server is set, so reports, invitations and links wait"
        return Finding("mail", Verdict.ATTENTION, words, "Set BLUECLERK_SMTP_URL.")
    mailer = SmtpMailer(
        server,
        own_name=sender.rpartition("@")[2],
        command_timeout_s=COMMAND_LIMIT_S,
        before_dot_timeout_s=MAIL_LIMIT_S,
    )
    try:
        mailer.look()
    except MailError as error:
        return Finding("mail", Verdict.BROKEN, _small(str(error)), "Check BLUECLERK_SMTP_URL.")
    done = "connected, encrypted" if server.tls is TlsMode.REQUIRED else "connected"
    signed_in = " and signed in" if server.user else ""
    if server.tls is TlsMode.STARTTLS:
        words = f"{done}{signed_in}, encrypted only where the server offers it"
        return Finding("mail", Verdict.ATTENTION, words, "Say tls=required.")
    return Finding("mail", Verdict.OK, f"{done}{signed_in}; nothing was sent")


def examine_provider(runtime: Runtime, provider: ProviderKey) -> Finding:
    """Say whether the hosts of the provider answer. Calls the network, spends no API call."""
    name, access = provider_profile(provider).short_name, runtime.access(provider)
    prefix = f"BLUECLERK_{provider.value.upper()}_CLIENT_"
    if not access.client_id or not access.client_secret:
        is_half_set = bool(access.client_id or access.client_secret)
        verdict = Verdict.BROKEN if is_half_set else Verdict.OK
        words = "only one of client id and secret is set" if is_half_set else "not set up"
        return Finding(name, verdict, words, f"Set {prefix}ID and {prefix}SECRET." * is_half_set)
    # As the adapters do: only who calls a provider pays for the HTTP library.
    from services.providers.reachability import look_at

    try:
        hosts = ", ".join(look_at(provider, access))
    except ProviderError as error:
        return Finding(name, Verdict.BROKEN, str(error), "Check the network and its firewall.")
    if access.environment == "sandbox" and access.sandbox_url is None:
        words = f"answers ({hosts}); the provider's test environment"
        return Finding(name, Verdict.ATTENTION, words, "Real books need ENVIRONMENT=production.")
    return Finding(name, Verdict.OK, f"answers ({hosts})")


def _small(sentence: str) -> str:
    return (sentence[:1].lower() + sentence[1:]).rstrip(".")
