"""Whether a provider's hosts answer at all: no credentials, no customers, no second try."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests

from services.providers import freshbooks_access, quickbooks_access, xero_access
from services.providers.access import ProviderAccess, base_url
from services.providers.contract import ProviderKey, ProviderUnavailable
from services.providers.origins import is_loopback, origin_of

CONNECT_LIMIT_S, ANSWER_LIMIT_S = 4.0, 6.0


def look_at(provider: ProviderKey, access: ProviderAccess) -> tuple[str, ...]:
    """Ask each host for an answer, whatever it is, and return their names. Calls the network.

    Raises ProviderUnavailable, with the host and what went wrong in words.
    """
    hosts = []
    for address in _addresses(provider, access):
        origin_of(address)
        host = urlsplit(address).hostname or ""
        with requests.Session() as session:
            session.trust_env = not is_loopback(address)
            status = _ask(session, address, host)
        if status >= 500:
            raise ProviderUnavailable(f"{host} answers with status {status}", status=status)
        hosts.append(host)
    return tuple(dict.fromkeys(hosts))


def _ask(session: requests.Session, address: str, host: str) -> int:
    try:
        # The headers are enough; a body would be somebody's page.
        with session.get(
            address, timeout=(CONNECT_LIMIT_S, ANSWER_LIMIT_S), allow_redirects=False, stream=True
        ) as answer:
            return answer.status_code
    except requests.exceptions.SSLError as error:
        raise ProviderUnavailable(f"{host} could not be spoken to securely") from error
    except requests.Timeout as error:
        raise ProviderUnavailable(f"{host} did not answer in time") from error
    except requests.RequestException as error:
        raise ProviderUnavailable(f"{host} could not be reached") from error


def _addresses(provider: ProviderKey, access: ProviderAccess) -> tuple[str, ...]:
    official = {
        ProviderKey.QUICKBOOKS: (
            quickbooks_access.TOKEN_URL,
            quickbooks_access.API_URLS[access.environment],
        ),
        ProviderKey.XERO: (xero_access.IDENTITY_URL, xero_access.API_URL),
        ProviderKey.FRESHBOOKS: (freshbooks_access.API_URL,),
    }[provider]
    return tuple(f"{base_url(provider, access, address)}/" for address in official)
