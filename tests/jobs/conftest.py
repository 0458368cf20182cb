"""A company and a fake provider for jobs that read."""

from tests.services.conftest import books, harbor

__all__ = ["books", "harbor"]
