"""The oracle of the matrix: what must hold in every case, whatever the trouble."""

from __future__ import annotations

import re
from typing import Any

import pytest
from click.testing import Result

from models import ConnectionState, ReadingFailure, ReadingState
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile
from tests.matrix.endings import ENDS_PERMISSION, HAS_TO_WAIT, NEEDS_CONSENT, SENTENCES
from tests.matrix.faults import Ending, Fault
from tests.matrix.place import Place, Shown

#: The banner must answer within ten seconds whatever happens.
DEADLINE_S = 10.0
#: Calls of an undisturbed reading of the matrix' books: whole, and of what changed. There is
#: always somebody new among the changes, for whom the provider's count is asked.
USUAL_CALLS = {
    ProviderKey.QUICKBOOKS: (4, 2),
    ProviderKey.XERO: (3, 2),
    ProviderKey.FRESHBOOKS: (4, 3),
}
Pair = tuple[int, int] | None


def check_end(
    place: Place, row: Fault, shown: Shown, *, truth: Pair, known: Pair, is_delta: bool
) -> None:
    """Check how the page ended, what it says, and what it cost."""
    ending = row.ending_at(place.provider)
    reading = place.last_reading()
    assert reading.failure == ending, shown.text
    assert (poll_address_of(shown) is not None) == (ending in HAS_TO_WAIT)
    _check_statuses(shown, ending)
    if ending is None:
        assert reading.state is ReadingState.FINISHED
        assert (shown.number, shown.is_trouble) == (truth, False), shown.text
    else:
        _check_words(place, shown, ending)
        _check_next_step(place, shown, ending)
        assert (shown.number, shown.last_known) == (None, known), shown.text
    usual = USUAL_CALLS[place.provider][is_delta]
    assert shown.calls <= usual + row.extra_calls
    # After days the access token has ended by itself.
    is_renewed = known is not None and row.later_days > 0
    assert shown.token_calls == row.token_calls + is_renewed
    assert shown.took_s < DEADLINE_S
    check_waits(place, row)
    check_connection(place, ending)


def poll_address_of(shown: Shown) -> str | None:
    found = re.search(r'id="unsynced-body"[^>]*hx-get="([^"]+)"', shown.html)
    return found[1] if found else None


def _check_statuses(shown: Shown, ending: Ending) -> None:
    expected = 200 if ending is None else 409 if ending in NEEDS_CONSENT else 503
    assert set(shown.statuses[:-1]) <= {200}
    assert shown.statuses[-1] == expected


def _check_words(place: Place, shown: Shown, ending: Ending) -> None:
    assert ending is not None
    assert shown.is_trouble
    assert sentence_of(place, ending) in shown.text, shown.text


def sentence_of(place: Place, ending: ReadingFailure) -> str:
    """Return what is said first, in the words of the provider."""
    profile = provider_profile(place.provider)
    return SENTENCES[ending].format(
        name=place.name, customers=profile.customers_noun, account=profile.account_noun
    )


def _check_next_step(place: Place, shown: Shown, ending: Ending) -> None:
    body = shown.html[: shown.html.find('id="unsynced-summary"')]
    can_reconnect = f">Reconnect {place.name}</a>" in body
    can_try_again = ">Try again</button>" in body
    if ending in HAS_TO_WAIT:
        assert "It can be asked again" in shown.text
    assert can_reconnect == (ending in NEEDS_CONSENT)
    assert can_try_again == (ending not in NEEDS_CONSENT | HAS_TO_WAIT)


def check_waits(place: Place, row: Fault) -> None:
    """Check that a wait asked for is kept to the second, and that tries do not march in step."""
    waits_s = place.sandbox_clock.waits_s
    if row.waits_s is not None:
        assert tuple(waits_s) == row.waits_s
    assert sum(waits_s) < 60


def check_connection(place: Place, ending: Ending) -> None:
    """Check that only the end of the permission asks for a person, and that no token is lost."""
    is_ended = ending in ENDS_PERMISSION
    expected = ConnectionState.RECONNECT_REQUIRED if is_ended else ConnectionState.CONNECTED
    assert place.connection_state() is expected
    assert place.refresh_token()


def check_silence(place: Place, told: Shown | Result, caplog: pytest.LogCaptureFixture) -> None:
    """Check that nothing broke unnoticed, and that no secret is told anywhere."""
    broken = [record for record in caplog.records if record.exc_info or record.levelno >= 40]
    # An answer that nobody waits for any more may still be on its way when its sandbox closes.
    assert [record for record in broken if not record.name.startswith("sandbox")] == []
    said = told.html if isinstance(told, Shown) else told.output
    secrets = {*place.tokens, place.refresh_token()}
    assert [secret for secret in secrets if secret and secret in said + caplog.text] == []


def check_import_command(place: Place, row: Fault, result: Result, *, known: Pair) -> None:
    """Check that the command imported everybody, or nobody and said why."""
    ending = row.ending_at(place.provider)
    assert "Traceback" not in result.output
    if ending is None:
        counted = place.counted()
        assert result.exit_code == 0, result.output
        assert outcome_of(result.output) == (counted, 0, 0, 0)
        assert place.customers_here() == counted
        return
    assert result.exit_code == 1, result.output
    assert (outcome_of(result.output), place.customers_here()) == (None, 0)
    assert _said_in_the_terminal(place, ending) in result.output, result.output
    if ending not in NEEDS_CONSENT:
        assert known is not None
        assert f"{known[0]} of {known[1]} are not yet imported" in result.output
    check_connection(place, ending)


def _said_in_the_terminal(place: Place, ending: Ending) -> str:
    assert ending is not None
    if ending in ENDS_PERMISSION:
        return f"{place.name} needs to be reconnected under Settings > Integrations."
    return sentence_of(place, ending)


def outcome_of(output: str) -> tuple[int, ...] | None:
    """Read the last line of an import: created, linked, skipped, failed."""
    found = re.search(r"^created=(\d+) linked=(\d+) skipped=(\d+) failed=(\d+)$", output, re.M)
    return tuple(map(int, found.groups())) if found else None


def check_page_import(place: Place, known: Pair) -> None:
    """Import all from the page and check that the four add up without a call to the provider."""
    assert known is not None
    before = (place.calls(), place.token_calls())
    form = {"scope": "all", "reading": place.last_reading().public_id, "confirmed": "1"}
    started = place.browser.post(f"{place.page}/imports", form)
    assert started.status_code == 303
    place.run_jobs()
    receipt = place.browser.get(started.location)
    assert receipt.status_code == 200
    assert (place.calls(), place.token_calls()) == before
    bins = bins_of(receipt)
    assert sum(bins.values()) == known[0] == place.customers_here()
    assert bins["Created"] == known[0]


def bins_of(answer: Any) -> dict[str, int]:
    """The numbers of a receipt by their words."""
    found = re.findall(r"<b>([\d,]+)</b> <strong>(Created|Linked|Skipped|Failed)<", answer.text)
    return {word: int(number.replace(",", "")) for number, word in found}
