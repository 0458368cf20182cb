"""Answers that are no JSON, or not the one they look like."""

import functools
import gzip
import re
import zlib

BOMB_BYTES = 200_000_000
NESTING = 100_000
DIGITS = 5_000
_STRING_BEGINS = re.compile(rb'":\s*"')


def spoil_utf8(whole: bytes) -> bytes:
    """Put a byte into a text that no UTF-8 has, in the middle of the answer."""
    found = _STRING_BEGINS.search(whole, len(whole) // 2) or _STRING_BEGINS.search(whole)
    place = found.end() if found else len(whole)
    return whole[:place] + b"\xff" + whole[place:]


def garbage(whole: bytes, variant: str) -> bytes:
    """Return what looks like the answer and is none, by the strict rules of JSON.

    All of them get past Python's usual `json.loads(response.text)`, or break it in a way of
    their own: RecursionError for the nesting, a plain ValueError for the digits.
    """
    if variant == "bom":
        return b"\xef\xbb\xbf" + whole
    if variant == "not_an_object":
        return b'"' + whole.replace(b"\\", b"").replace(b'"', b"") + b'"'
    first_key = re.match(rb'\s*\{\s*("[^"]*")', whole)
    twice = (first_key.group(1) if first_key else b'"Spoiled"') + b":{}"
    added = {
        "nan": b'"Spoiled":NaN',
        "infinity": b'"Spoiled":-Infinity',
        "duplicate": twice,
        "deep": b'"Spoiled":' + b"[" * NESTING + b"]" * NESTING,
        "digits": b'"Spoiled":' + b"9" * DIGITS,
    }[variant]
    end = whole.rstrip()
    if not end.endswith(b"}"):
        return b"{" + added + b"}"
    comma = b"" if end[:-1].rstrip().endswith(b"{") else b","
    return end[:-1] + comma + added + b"}"


def half_of(whole: bytes, variant: str) -> tuple[bytes, bool]:
    """Return a broken answer, and whether it is said to be gzip."""
    if variant == "gzip":
        packed = gzip.compress(whole, mtime=0)
        return packed[: len(packed) // 2], True
    if variant == "not_gzip":
        return whole, True
    return whole[: len(whole) // 2], False


@functools.cache
def bomb() -> bytes:
    """Return a small gzip file that unpacks to 200 MB of valid JSON."""
    packer = zlib.compressobj(9, wbits=31)
    part = b"0," * 500_000
    parts = [packer.compress(b'{"Zeros":[')]
    parts += [packer.compress(part) for _ in range(BOMB_BYTES // len(part))]
    return b"".join([*parts, packer.compress(b"0]}"), packer.flush()])
