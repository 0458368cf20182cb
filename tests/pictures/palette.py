"""Makes a PNG small: 256 colours are enough for a screen, and one byte is less than three."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_COLOURS = 256
RGB, PALETTE = 2, 3


class UnknownKindOfPicture(ValueError):
    """Not what Chromium writes: 8 bits each for red, green and blue, not interlaced."""


def with_palette(png: bytes) -> bytes:
    """Return the picture in its most frequent colours; the others become the nearest of these.

    Raises UnknownKindOfPicture.
    """
    width, height, pixels = read_pixels(png)
    frequent = [colour for colour, _ in Counter(pixels).most_common(MOST_COLOURS)]
    numbers = {colour: number for number, colour in enumerate(frequent)}
    for colour in set(pixels) - numbers.keys():
        numbers[colour] = numbers[_nearest(colour, frequent)]
    flat = bytes(numbers[pixel] for pixel in pixels)
    rows = (b"\0" + flat[start : start + width] for start in range(0, len(flat), width))
    header = struct.pack(">IIBBBBB", width, height, 8, PALETTE, 0, 0, 0)
    chunks = {
        b"IHDR": header,
        b"PLTE": b"".join(frequent),
        b"IDAT": zlib.compress(b"".join(rows), 9),
        b"IEND": b"",
    }
    return SIGNATURE + b"".join(packed(kind, content) for kind, content in chunks.items())


def read_pixels(png: bytes) -> tuple[int, int, list[bytes]]:
    """Return width, height and all pixels, each three bytes. Raises UnknownKindOfPicture."""
    chunks = list(chunks_of(png))
    width, height, depth, kind, _, _, interlace = struct.unpack(">IIBBBBB", chunks[0][1])
    if (depth, kind, interlace) != (8, RGB, 0):
        raise UnknownKindOfPicture
    packed = b"".join(content for name, content in chunks if name == b"IDAT")
    rows = _rows(zlib.decompress(packed), width * 3)
    pixels = [row[at : at + 3] for row in rows for at in range(0, width * 3, 3)]
    return width, height, pixels


def chunks_of(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Give the kind and the content of each part of a PNG."""
    at = len(SIGNATURE)
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        yield kind, png[at + 8 : at + 8 + length]
        at += 12 + length


def packed(kind: bytes, content: bytes) -> bytes:
    """Return one part of a PNG: length, kind, content, checksum."""
    named = kind + content
    return struct.pack(">I", len(content)) + named + struct.pack(">I", zlib.crc32(named))


def _rows(filtered: bytes, row_bytes: int) -> Iterator[bytes]:
    """Undo the filter that each row names in its first byte (PNG specification, 9.2)."""
    above = bytearray(row_bytes)
    for start in range(0, len(filtered), row_bytes + 1):
        row = bytearray(filtered[start + 1 : start + 1 + row_bytes])
        _unfilter(filtered[start], row, above)
        yield bytes(row)
        above = row


def _unfilter(kind: int, row: bytearray, above: bytearray) -> None:
    guess = GUESSES[kind]
    for at in range(len(row) if kind else 0):
        left, corner = (row[at - 3], above[at - 3]) if at >= 3 else (0, 0)
        row[at] = (row[at] + guess(left, above[at], corner)) & 255


def _paeth(left: int, above: int, corner: int) -> int:
    to_left, to_above = abs(above - corner), abs(left - corner)
    to_corner = abs(left + above - 2 * corner)
    if to_left <= to_above and to_left <= to_corner:
        return left
    return above if to_above <= to_corner else corner


#: What the byte is thought to be from those left of it, above it and at the corner.
GUESSES: Sequence[Callable[[int, int, int], int]] = (
    lambda _left, _above, _corner: 0,
    lambda left, _above, _corner: left,
    lambda _left, above, _corner: above,
    lambda left, above, _corner: (left + above) // 2,
    _paeth,
)


def _nearest(colour: bytes, among: Iterable[bytes]) -> bytes:
    red, green, blue = colour
    return min(
        among, key=lambda one: (one[0] - red) ** 2 + (one[1] - green) ** 2 + (one[2] - blue) ** 2
    )
