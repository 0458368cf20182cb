"""Smaller answers for those who can unpack them; what another site asked for goes as it is."""

from __future__ import annotations

import posixpath

from flask import Flask, Request, Response, request

from blueprints.cross_site import OWN
from blueprints.static_files import digest_of
from extensions import file_compression, page_compression

# Only texts: pictures are packed already, and programs read /healthz as it is.
TYPES = (
    "text/html",
    "text/css",
    "text/javascript",
    "application/javascript",
    "text/csv",
    "application/json",
    "image/svg+xml",
)
WAYS = ("br", "gzip")
SETTINGS: dict[str, object] = {
    "COMPRESS_MIMETYPES": TYPES,
    "COMPRESS_ALGORITHM": WAYS,
    "COMPRESS_ALGORITHM_STREAMING": WAYS,
    # A twentieth smaller than gzip or more, in the same time; the next level takes ten times that.
    "COMPRESS_BR_LEVEL": 6,
    "COMPRESS_MIN_SIZE": 500,
    "COMPRESS_REGISTER": False,
}


class _Kept(dict[str, bytes]):
    """Packed static files by what is in them: as many as files and ways to pack them."""

    def set(self, key: str, content: bytes) -> None:
        self[key] = content


def register(app: Flask) -> None:
    """Read the settings. Which answers are packed is asked by `compress`, before they are sent."""
    app.config.from_mapping(SETTINGS)
    for compression in (page_compression, file_compression):
        compression.init_app(app)
    file_compression.cache = _Kept()
    file_compression.cache_key = _digest_asked


def compress(response: Response) -> Response:
    """Return the answer packed, where that is safe, understood and worth it."""
    if request.endpoint == "static":
        return _compress_file(response)
    # Who makes a browser ask for pages with guesses in the address, and can see how long the
    # answers are, reads out of them what stands beside the guess (breachattack.com, read
    # 2026-11-23). So what another site asked for keeps its length.
    if request.headers.get("Sec-Fetch-Site", "") not in OWN or not _is_understood():
        return response
    return page_compression.after_request(response)


def _compress_file(response: Response) -> Response:
    response.vary.add("Accept-Encoding")
    # A part of a file is counted in bytes of the file as it is.
    if response.status_code != 200 or not (_is_understood() and _digest_asked(request)):
        return response
    response.direct_passthrough = False
    # Read whole, once packed it is kept; a stream would be packed for everybody anew.
    response.make_sequence()
    return file_compression.after_request(response)


def _is_understood() -> bool:
    """Say whether any way is accepted; Flask-Compress takes one of quality 0 for accepted."""
    return any(request.accept_encodings[way] for way in WAYS)


def _digest_asked(asked: Request) -> str:
    """Return the digest of the file, empty where its name is not how we write it.

    Anybody can write a name in a thousand ways (`x/../app.css`), and a digest into the address.
    """
    name = (asked.view_args or {})["filename"]
    return digest_of(name) if posixpath.normpath(name) == name else ""
