"""Whatever a provider sends, good rows are kept and nothing unforeseen is raised."""

from __future__ import annotations

import pytest

from services.providers.contract import ProviderKey
from tests.fuzz.campaign import run
from tests.fuzz.payloads import make_payload, make_pool
from tests.fuzz.quickbooks_shape import QUICKBOOKS

#: `make fuzz` runs a hundred thousand.
PAYLOADS = 2_000


@pytest.mark.full
@pytest.mark.parametrize("provider", ProviderKey)
def test_odd_answers_cost_no_good_row(provider):
    tally = run(provider, seed=1, first=0, count=PAYLOADS)

    assert not tally.failures, "\n".join(tally.failures)
    assert tally.payloads == PAYLOADS
    assert tally.good_rows_kept > 2 * PAYLOADS


def test_a_payload_can_be_made_again_by_its_number():
    pools = [make_pool(QUICKBOOKS, seed=7) for _ in range(2)]

    payloads = [make_payload(QUICKBOOKS, pool, seed=7, number=33) for pool in pools]

    assert payloads[0] == payloads[1]
