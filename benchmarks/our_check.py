"""One whole check as an admin has it: the alert is opened, and looks again until it says X of Y.

`python -m benchmarks.our_check PROVIDER URL [limited]` checks in the application itself, with its
engine running, then checks again with nothing changed. Before it is measured, another company has
checked a small account, as in a server that has run for a while. Unless it is `limited`, our own
limit by the minute is off. Suggestions are measured elsewhere and are not computed here.
"""

from __future__ import annotations

import gc
import json
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from app import create_app, start_serving
from benchmarks.reading import ACCOUNTS, Meter, Took, new_grant
from config import load_settings, new_keys
from extensions import db
from models import Base, Reading, ReadingState, Role
from services import accounts
from services.match_job import MATCH_JOB
from services.providers import registry
from services.providers.contract import ProviderKey
from services.reading_queue import OVERLAP
from services.runtime import Runtime, utc_now
from tests.factories import make_account, make_connection, make_tokens

PASSWORD = "benchmark-password"
LOOKS_AGAIN = re.compile(r'hx-get="([^"]*/unsynced\?[^"]*)" hx-trigger="load delay:(\d+)ms"')
FRAGMENT = {"HX-Request": "true"}


def check(provider: ProviderKey, url: str, folder: Path) -> Took:
    """Check the large account, then again with nothing changed."""
    app = _app(url, folder)
    clients = [_company(app, provider, url, account_id) for account_id in ACCOUNTS[provider]]
    start_serving(app)
    _watch(clients[1], partial(_open, clients[1], provider))
    client = clients[0]
    page = client.get(f"/settings/integrations/{provider.value}").get_data(as_text=True)
    gc.collect()
    meter = Meter()
    sentence = _watch(client, partial(_open, client, provider))
    spent = meter.took()
    first = _last_reading(app)
    assert f"{first.unsynced_count:,} of" in re.sub(r"<[^>]+>", "", sentence), sentence
    _let_time_pass(app, first)
    started_at = time.perf_counter()
    _watch(client, partial(_check_again, client, provider, page))
    again_s = round(time.perf_counter() - started_at, 4)
    app.extensions["jobs"].stop()
    counted = first.counted_count or 0
    return Took(counted, *spent, first.call_count, again_s, _last_reading(app).call_count)


def _watch(client: FlaskClient, ask: Callable[[], TestResponse]) -> str:
    """Ask, and look again whenever the answer says so; return the answer that does not."""
    while True:
        answer = ask()
        text = answer.get_data(as_text=True)
        assert answer.status_code == 200, (answer.status, text)
        looks_again = LOOKS_AGAIN.search(text)
        if looks_again is None:
            return text
        time.sleep(int(looks_again[2]) / 1000)
        address = looks_again[1].replace("&amp;", "&")
        ask = partial(client.get, address, headers=FRAGMENT)


def _open(client: FlaskClient, provider: ProviderKey) -> TestResponse:
    return client.get(f"/settings/integrations/{provider.value}/unsynced", headers=FRAGMENT)


def _check_again(client: FlaskClient, provider: ProviderKey, page: str) -> TestResponse:
    address = f"/settings/integrations/{provider.value}/check"
    return client.post(address, data={"csrf_token": _token(page)}, headers=FRAGMENT)


def _app(url: str, folder: Path) -> Flask:
    environ = new_keys() | {
        "BLUECLERK_ENV": "demo",
        "BLUECLERK_INSTANCE_FOLDER": str(folder),
        "BLUECLERK_SANDBOX_URL": url,
    }
    woken: list[Flask] = []

    def wake(job: str, row_id: int) -> None:
        if job != MATCH_JOB:
            woken[0].extensions["jobs"].wake(job, row_id)

    app = create_app(load_settings(environ), wake=wake)
    woken.append(app)
    with app.app_context():
        Base.metadata.create_all(db.engine)
    return app


def _company(app: Flask, provider: ProviderKey, url: str, account_id: str) -> FlaskClient:
    """Make a company connected to an account, and return its admin's browser."""
    runtime: Runtime = app.extensions["runtime"]
    grant = new_grant(url, provider, account_id)
    now, email = utc_now(), f"ada-{account_id}@example.com"
    with runtime.sessions() as session:
        company = accounts.add_company(
            session, name="Bench", slug=account_id.lower(), zone="America/New_York", now=now
        )
        accounts.add_user(
            session,
            company.id,
            email=email,
            name="Ada",
            role=Role.ADMIN,
            password=PASSWORD,
            now=now,
        )
        account = make_account(
            session, company, provider=provider.value, remote_account_id=account_id
        )
        tokens = make_tokens(
            access_token=grant["access_token"],
            refresh_token=grant["refresh_token"],
            access_expires_at=now.replace(year=2099),
        )
        make_connection(session, account, vault=runtime.vault, tokens=tokens)
        session.commit()
    client = app.test_client()
    token = _token(client.get("/login").get_data(as_text=True))
    form = {"email": email, "password": PASSWORD, "csrf_token": token}
    assert client.post("/login", data=form).status_code in (302, 303)
    return client


def _token(page: str) -> str:
    return page.split('name="csrf_token"', 1)[1].split('value="', 1)[1].split('"', 1)[0]


def _last_reading(app: Flask) -> Reading:
    runtime: Runtime = app.extensions["runtime"]
    with runtime.sessions() as session:
        reading = session.scalars(select(Reading).order_by(Reading.id.desc())).first()
    assert reading is not None
    assert reading.state is ReadingState.FINISHED, reading.failure
    return reading


def _let_time_pass(app: Flask, reading: Reading) -> None:
    """Let the next delta begin after the moment at which the sandbox was filled."""
    runtime: Runtime = app.extensions["runtime"]
    later = {"cursor_at": utc_now() + OVERLAP + timedelta(seconds=5)}
    with runtime.sessions() as session:
        session.execute(update(Reading).where(Reading.id == reading.id).values(**later))
        session.commit()


def _allow_any_rate() -> None:
    """Take our own limit by the minute away, and keep the one of calls at a time."""
    profiles: Mapping[ProviderKey, registry.ProviderProfile] = {
        key: replace(profile, limits=replace(profile.limits, per_minute=None))
        for key, profile in registry.PROVIDERS.items()
    }
    registry.PROVIDERS = MappingProxyType(dict(profiles))


def main() -> None:
    """Check and print a JSON object."""
    provider, url, *rest = sys.argv[1:]
    if "limited" not in rest:
        _allow_any_rate()
    with TemporaryDirectory() as folder:
        took = check(ProviderKey(provider), url, Path(folder))
    print(json.dumps(asdict(took)))


if __name__ == "__main__":
    main()
