"""What a browser with htmx would ask, as plain HTTP."""

from __future__ import annotations

import re
import time

import requests

PAGE = "/settings/integrations/quickbooks"
HTMX = {"HX-Request": "true"}
SENTENCE = "<b>{}</b> of {} customers in QuickBooks are not yet imported into BlueClerk."
LIMIT_S = 30
POLL_S = 0.1
FOLLOWED = re.compile(r'hx-get="[^"]*reading=([0-9a-f]{16})')
CSRF_FIELD = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def open_page(client: requests.Session, url: str) -> str:
    """Open the page with the closed alert."""
    answer = client.get(url + PAGE, timeout=LIMIT_S)
    assert answer.status_code == 200
    return answer.text


def open_alert(client: requests.Session, url: str, **query: str) -> requests.Response:
    """Open the alert, or look at one reading."""
    return client.get(f"{url}{PAGE}/unsynced", params=query, headers=HTMX, timeout=LIMIT_S)


def check_again(client: requests.Session, url: str) -> requests.Response:
    """Press Check again."""
    form = {"csrf_token": csrf_token(open_page(client, url))}
    return client.post(f"{url}{PAGE}/check", data=form, headers=HTMX, timeout=LIMIT_S)


def number_in(client: requests.Session, url: str, answer: requests.Response) -> str:
    """Follow a reading as the page does until it has ended; return the last fragment."""
    while (found := FOLLOWED.search(answer.text)) is not None:
        time.sleep(POLL_S)
        answer = open_alert(client, url, reading=found.group(1))
    return answer.text


def followed(answer: requests.Response) -> str:
    """Return the reading that an answer follows."""
    found = FOLLOWED.search(answer.text)
    assert found, "the answer does not follow a reading"
    return found.group(1)


def csrf_token(page: str) -> str:
    """Return the token that the forms of a page carry."""
    found = CSRF_FIELD.search(page)
    assert found, "the page has no form"
    return found.group(1)
