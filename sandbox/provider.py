"""What the control room needs from every imitated provider."""

from collections.abc import Mapping
from typing import Protocol

from flask import Blueprint, Response

from sandbox.limits import LimitKind, Limits, Remaining

CHANGES: tuple[str, ...] = ("create", "update", "archive", "merge", "delete")


class Provider(Protocol):
    """One imitated provider; `account` is its realm, tenant or account, None the first one."""

    name: str
    title: str
    vendor: str
    api_endpoints: tuple[str, ...]
    oauth_endpoints: tuple[str, ...]
    blueprint: Blueprint
    limits: Limits
    change_kinds: tuple[str, ...]

    def find(self, remote_id: str) -> Mapping[str, object] | None:
        """Return what a program is told of one customer, of the first account that has it."""

    def census(self, account: str | None = None) -> dict[str, int]:
        """Count the customers by kind."""

    def reset(self, account: str | None, size: int | None, seed: int | None) -> None:
        """Make new data; without an account, of all accounts."""

    def change(self, account: str | None, wishes: Mapping[str, int]) -> dict[str, object]:
        """Let life go on: so many changes of each of `change_kinds`."""

    def grant(self, account: str | None, redirect_uri: str | None) -> dict[str, object]:
        """Issue one more grant without a browser; the others stay."""

    def expire_access_tokens(self) -> None:
        """End the life of every access token; refreshing still works."""

    def end_grants(self) -> None:
        """Revoke everything, as a person does who disconnects the app at the provider."""

    def refusal(self, endpoint: str, status: int) -> Response:
        """Return the provider's usual body for an injected status code."""

    def limit_refusal(self, kind: LimitKind, retry_after_s: int) -> Response:
        """Return what the provider answers when an account is asked about too often."""

    def tell_remaining(self, response: Response, remaining: Remaining) -> None:
        """Put what is left of the limits on an answer, where the provider does so."""

    def scope_refusal(self) -> Response:
        """Return what the API answers when a person has not granted the scope it needs."""

    def listed_rows(self, answer: dict[str, object]) -> list[dict[str, object]] | None:
        """Find the customers inside an answer's JSON, to spoil them; None where it lists none."""

    def spoil_count(self, answer: dict[str, object], lie: int) -> None:
        """Add `lie` to the provider's own count inside an answer's JSON, if it has one."""

    def make_empty(self, answer: dict[str, object]) -> None:
        """Take every customer out of an answer's JSON, its own count becoming 0."""

    def delete_listed(self, account: str, row: Mapping[str, object]) -> bool:
        """Delete a customer as `listed_rows` found it; False if this one cannot be deleted."""
