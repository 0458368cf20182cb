"""The imitated network of the provider tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests_mock


@pytest.fixture
def server() -> Iterator[requests_mock.Mocker]:
    """Answer nothing but what a test says; any other address is an error."""
    with requests_mock.Mocker() as mocker:
        yield mocker
