"""The lines of a transcript in constant memory: blocks of null bytes are skipped, overlong lines are passed over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

BLOCK_BYTES = 1 << 20
LONG_LINE_BYTES = 16 << 20


def lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield each line of at most `LONG_LINE_BYTES`, without its newline; a longer one is passed over.

    Null bytes that begin a line do not count, so that a gigabyte of them is no long line.
    """
    held = bytearray()
    long = False
    while block := stream.read(BLOCK_BYTES):
        *ends, rest = block.split(b"\n")
        for end in ends:
            if not long and len(held) + len(end) <= LONG_LINE_BYTES:
                yield bytes(held + end)
            held, long = bytearray(), False
        piece = rest if held else rest.lstrip(b"\0")
        long = long or len(held) + len(piece) > LONG_LINE_BYTES
        if long:
            held = bytearray()
        else:
            held += piece
    if held:
        yield bytes(held)
