"""Where `next` may lead: nowhere but here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueprints.addresses import public_id, safe_next
from tests.blueprints.support import Browser

ELSEWHERE = [
    "https://evil.example",
    "http://evil.example/",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/%5c\\evil.example",
    "https:///evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/\tevil.example",
    "/\n/evil.example",
    "/\r\nSet-Cookie: a=b",
    " /customers",
    "/customers\x00",
    "/\u2215evil.example",
    "customers",
    "",
    "@evil.example",
]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_next_never_leaves_the_site(stranger: Browser, target: str) -> None:
    token = stranger.client.get("/login").text.split('value="')[1].split('"')[0]

    answer = stranger.client.post(
        "/login",
        query_string={"next": target},
        data={"email": "ada@example.com", "password": "demo-password", "csrf_token": token},
    )

    assert (answer.status_code, answer.location) == (303, "/")


@pytest.mark.parametrize("target", ["/", "/customers", "/customers?after=ab&x=%20#top"])
def test_a_path_of_ours_is_kept(target: str) -> None:
    assert safe_next(target) == target


@given(st.text())
def test_whatever_is_accepted_has_one_slash_and_nothing_hidden(text: str) -> None:
    path = safe_next(text)

    assert path is None or (path.startswith("/") and not path.startswith(("//", "/\\")))
    assert path is None or (path.isascii() and path.isprintable() and " " not in path)


@pytest.mark.parametrize("text", [None, "", "0" * 15, "0" * 17, "0" * 15 + "g", "' OR 1=1 --  x"])
def test_only_sixteen_hex_characters_are_an_id(text: str | None) -> None:
    assert public_id(text) is None
    assert public_id("0123456789abcdef") == "0123456789abcdef"
