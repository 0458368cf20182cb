"""What a placeholder is, decided on the whole domain."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.placeholder_email import (
    is_placeholder_email,
    make_placeholder_email,
    names_placeholder,
)

PARTS = st.text(st.characters(categories=["L", "N"]), max_size=12)


@pytest.mark.parametrize(
    "address",
    [
        "quickbooks-0123456789abcdef@placeholder.local",
        "X@PLACEHOLDER.LOCAL",
        "x@Placeholder.Local.",
        "  x@placeholder.local\n",
        '"a@b.example"@placeholder.local',
    ],
)
def test_the_whole_domain_makes_a_placeholder(address: str) -> None:
    assert is_placeholder_email(address)


@pytest.mark.parametrize(
    "address",
    [
        "x@placeholder.local.example.com",
        "x@sub.placeholder.local",
        "x@notplaceholder.local",
        "placeholder.local@example.com",
        '"x@placeholder.local"@example.com',
        "placeholder.local",
        "@",
        "",
    ],
)
def test_anything_else_is_real(address: str) -> None:
    assert not is_placeholder_email(address)


@pytest.mark.parametrize(
    "text",
    [
        "bob＠placeholder.local",
        "bob﹫placeholder.local",
        "bob@placeholder．local",
        "bob@placeholder。local",
        "bob@placeholder｡local",
        "bob@placeholder\u2024local",
        "bob@ｐｌａｃｅｈｏｌｄｅｒ.local",
        "mailto:bob%40placeholder.local",
        "ｂｏｂ％４０placeholder.local",
    ],
)
def test_other_signs_that_read_like_one_name_a_placeholder(text: str) -> None:
    assert names_placeholder(text)


@pytest.mark.parametrize(
    "text",
    [
        "x@placeholder.local.example.com",
        "x＠placeholder．local．example.com",
        "x%40placeholder.local.example.com",
        "x%40placeholder.local@example.com",
        "bob at placeholder.local",
        "40placeholder.local",
    ],
)
def test_other_signs_make_no_real_address_a_placeholder(text: str) -> None:
    assert not names_placeholder(text)


def test_the_address_says_the_provider_and_sixteen_hex_characters() -> None:
    address = make_placeholder_email(
        "quickbooks", company_id=1, remote_account_id="9341450000000001", remote_id="58"
    )

    assert re.fullmatch(r"quickbooks-[0-9a-f]{16}@placeholder\.local", address)


def test_parts_that_run_together_do_not_share_an_address() -> None:
    left = make_placeholder_email("xero", company_id=1, remote_account_id="1", remote_id="23")
    right = make_placeholder_email("xero", company_id=1, remote_account_id="12", remote_id="3")

    assert left != right


@given(company_id=st.integers(1, 10**9), account=PARTS, remote_id=PARTS)
def test_a_made_address_is_a_placeholder_and_the_same_every_time(
    company_id: int, account: str, remote_id: str
) -> None:
    def make() -> str:
        return make_placeholder_email(
            "freshbooks", company_id=company_id, remote_account_id=account, remote_id=remote_id
        )

    assert make() == make()
    assert is_placeholder_email(make())
    assert is_placeholder_email(make().upper())


@given(left=st.tuples(PARTS, PARTS), right=st.tuples(PARTS, PARTS))
def test_other_remote_customers_have_other_addresses(
    left: tuple[str, str], right: tuple[str, str]
) -> None:
    made = [
        make_placeholder_email("xero", company_id=1, remote_account_id=account, remote_id=remote_id)
        for account, remote_id in (left, right)
    ]

    assert (made[0] == made[1]) is (left == right)
