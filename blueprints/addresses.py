"""What addresses of pages are made of: providers, ids, and where `next` may lead."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.routing import BaseConverter, ValidationError

from services.providers.contract import ProviderKey

MAX_QUERY_CHARACTERS = 1_000
PUBLIC_ID = re.compile(r"[0-9a-f]{16}")
# Browsers read "//host", "/\host" and (after dropping control characters) "/<tab>/host" as
# another site, so only printable ASCII without a backslash may follow a single slash.
_OWN_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")


class ProviderConverter(BaseConverter):
    """`<provider:provider>` in a rule; an unknown word is no page at all."""

    def to_python(self, value: str) -> ProviderKey:
        try:
            return ProviderKey(value)
        except ValueError as error:
            raise ValidationError from error

    def to_url(self, value: str) -> str:
        return ProviderKey(value).value


def register(app: Flask) -> None:
    """Teach the address map what a provider is."""
    app.url_map.converters["provider"] = ProviderConverter


def safe_next(text: str | None) -> str | None:
    """Return the path if a redirect to it stays on this site, else None."""
    return text if text and _OWN_PATH.fullmatch(text) else None


def public_id(text: str | None) -> str | None:
    """Return the text if it can be an id of ours, else None; databases never see the rest."""
    return text if text and PUBLIC_ID.fullmatch(text) else None


def page_path() -> str | None:
    """Return the path of the page a person is on, never that of a fragment or a form."""
    if request.headers.get("HX-Request") == "true":
        return _path_of(request.headers.get("HX-Current-URL"))
    if request.method in ("GET", "HEAD"):
        return safe_next(request.path)
    return _path_of(request.headers.get("Referer"))


def page_address() -> str | None:
    """Return the path of the page a person is on with what it was asked for: filters, a search."""
    if request.headers.get("HX-Request") == "true":
        url = request.headers.get("HX-Current-URL", "")
    elif request.method in ("GET", "HEAD"):
        url = request.full_path
    else:
        url = request.headers.get("Referer", "")
    path, (_, has_query, query) = page_path(), url.partition("?")
    if path is None or not has_query or len(query) > MAX_QUERY_CHARACTERS:
        return path
    return safe_next(f"{path}?{query}".removesuffix("?")) or path


def _path_of(url: str | None) -> str | None:
    try:
        return safe_next(urlsplit(url or "").path)
    except ValueError:
        return None
