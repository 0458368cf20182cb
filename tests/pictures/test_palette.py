"""A picture made small is the same picture."""

from __future__ import annotations

import struct
import zlib

from tests.pictures.palette import SIGNATURE, chunks_of, packed, with_palette

FIRST, SECOND = (1, 2, 3), (4, 5, 6)
#: The same two pixels in a row, once in each of the five ways a row can be written.
ROWS = (
    (0, *FIRST, *SECOND),
    (1, *FIRST, 3, 3, 3),
    (2, 0, 0, 0, 0, 0, 0),
    (3, 1, 1, 2, 2, 2, 2),
    (4, 0, 0, 0, 0, 0, 0),
)


def test_every_pixel_keeps_its_colour() -> None:
    header = struct.pack(">IIBBBBB", 2, len(ROWS), 8, 2, 0, 0, 0)
    content = zlib.compress(b"".join(bytes(row) for row in ROWS))
    png = SIGNATURE + packed(b"IHDR", header) + packed(b"IDAT", content)

    chunks = dict(chunks_of(with_palette(png)))

    assert chunks[b"PLTE"] == bytes(FIRST + SECOND)
    assert zlib.decompress(chunks[b"IDAT"]) == bytes((0, 0, 1)) * len(ROWS)
