"""Whether a provider answers at all, asked without anything that it could keep."""

from __future__ import annotations

import pytest
import requests
from requests_mock import Mocker

from services.providers.access import ProviderAccess
from services.providers.contract import ProviderKey, ProviderUnavailable
from services.providers.reachability import look_at

ACCESS = ProviderAccess("canary-id", "canary-secret")


def test_any_answer_will_do_and_no_credentials_are_spent(requests_mock: Mocker) -> None:
    requests_mock.get("https://identity.xero.com/", status_code=302, headers={"Location": "/x"})
    requests_mock.get("https://api.xero.com/", status_code=401)

    assert look_at(ProviderKey.XERO, ACCESS) == ("identity.xero.com", "api.xero.com")

    assert requests_mock.call_count == 2
    asked = "".join(
        f"{call.url} {call.headers} {call.body}" for call in requests_mock.request_history
    )
    assert "canary" not in asked and "Authorization" not in asked


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ({"exc": requests.ConnectTimeout}, "did not answer in time"),
        ({"exc": requests.exceptions.SSLError}, "could not be spoken to securely"),
        ({"exc": requests.ConnectionError}, "could not be reached"),
        ({"status_code": 503}, "answers with status 503"),
    ],
)
def test_trouble_names_the_host(
    requests_mock: Mocker, trouble: dict[str, object], words: str
) -> None:
    requests_mock.get("https://api.freshbooks.com/", **trouble)

    with pytest.raises(ProviderUnavailable, match=f"api.freshbooks.com {words}"):
        look_at(ProviderKey.FRESHBOOKS, ACCESS)


def test_the_test_environment_of_intuit_is_asked_where_it_is_set(requests_mock: Mocker) -> None:
    requests_mock.get("https://oauth.platform.intuit.com/")
    requests_mock.get("https://sandbox-quickbooks.api.intuit.com/")
    access = ProviderAccess("id", "secret", environment="sandbox")

    assert "sandbox-quickbooks.api.intuit.com" in look_at(ProviderKey.QUICKBOOKS, access)
