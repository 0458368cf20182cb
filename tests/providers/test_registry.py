"""What is known of each provider, and which adapters can be opened."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import pytest
import requests_mock

from services.providers.contract import ProviderKey
from services.providers.registry import (
    PROVIDERS,
    InvalidRemoteAccount,
    ProviderAccess,
    check_remote_account_id,
    open_accounting_client,
    provider_profile,
)
from tests.providers.support import ACCESS, QUICKBOOKS, REALM_ID, recording


def test_every_provider_has_its_words():
    assert set(PROVIDERS) == set(ProviderKey)
    for profile in PROVIDERS.values():
        assert profile.label and profile.short_name and profile.customers_noun
        assert profile.status_page_url.startswith("https://")
        assert profile.limits.concurrent >= 1
        assert all(fact.endswith(".") for fact in profile.consent_facts)


def test_only_quickbooks_names_the_company_in_the_callback():
    naming = [profile.label for profile in PROVIDERS.values() if profile.names_account_in_callback]

    assert naming == [provider_profile(QUICKBOOKS).label] == ["QuickBooks Online"]


@pytest.mark.parametrize("text", ["1234567890", REALM_ID, "0" * 19])
def test_a_realm_is_ten_to_nineteen_digits(text):
    assert check_remote_account_id(QUICKBOOKS, text) == text


@pytest.mark.parametrize(
    "text", ["", "123456789", "1" * 20, "../../x?", "12345678901/..", "1234567890\n", "१२३४५६७८९०"]
)
def test_other_text_never_becomes_part_of_an_address(text):
    with pytest.raises(InvalidRemoteAccount):
        check_remote_account_id(QUICKBOOKS, text)
    with pytest.raises(InvalidRemoteAccount):
        open_accounting_client(QUICKBOOKS, ACCESS, remote_account_id=text, tokens=_token)


@pytest.mark.parametrize(
    ("access", "api_url"),
    [
        (ACCESS, "https://quickbooks.api.intuit.com"),
        (
            ProviderAccess("id", "secret", environment="sandbox"),
            "https://sandbox-quickbooks.api.intuit.com",
        ),
        (
            ProviderAccess("id", "secret", sandbox_url="http://127.0.0.1:5001/"),
            "http://127.0.0.1:5001/quickbooks",
        ),
    ],
)
def test_each_environment_has_its_own_address(access, api_url):
    client = open_accounting_client(QUICKBOOKS, access, remote_account_id=REALM_ID, tokens=_token)

    with requests_mock.Mocker() as mocker:
        url = f"{api_url}/v3/company/{REALM_ID}/companyinfo/{REALM_ID}?minorversion=75"
        mocker.get(url, json=recording("companyinfo__harbor"))
        account = client.remote_account()

    assert account.name == "Harbor Heating & Air"


def test_each_call_of_a_client_takes_its_turn():
    turns: list[str] = []

    @contextmanager
    def _turn(_stop: Event) -> Iterator[None]:
        turns.append("entered")
        yield
        turns.append("left")

    client = open_accounting_client(
        QUICKBOOKS, ACCESS, remote_account_id=REALM_ID, tokens=_token, turn=_turn
    )

    with requests_mock.Mocker() as mocker:
        mocker.get(requests_mock.ANY, json=recording("companyinfo__harbor"))
        client.remote_account()

    assert turns == ["entered", "left"]


def test_the_secret_is_not_printed():
    assert "our-secret" not in repr(ACCESS)


def test_reading_labels_loads_no_http_library():
    programme = (
        "import sys, services.providers.registry\n"
        "loaded = {name.split('.')[0] for name in sys.modules}\n"
        "assert not loaded & {'requests', 'urllib3', 'oauthlib', 'requests_oauthlib'}, loaded\n"
    )
    environment = os.environ | {"PYTHONPATH": os.getcwd()}

    finished = subprocess.run([sys.executable, "-c", programme], env=environment, check=False)

    assert finished.returncode == 0


def _token(_refused: str | None) -> str:
    return "token"
