"""Binary event logs made private in place: the same length, every record still readable, every other value untouched.

`texts` and `sids` serve the discovery, `scrub` the redaction; all three read a file 64 KiB at a time. What a damaged
file does not explain is searched as raw text, so that nothing identifying stays because nobody understood it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

from claude_evidence.collector._evtx_concern import Event, concerns_claude, names_something

__all__ = ["Event", "concerns_claude", "fitted", "names_something", "scrub", "sids", "texts"]


def texts(stream: BinaryIO) -> Iterator[str]:
    """Yield each distinct text of *stream*: values of all records, old ones in slack too, literals, stray runs."""
    raise NotImplementedError


def sids(stream: BinaryIO) -> Iterator[str]:
    """Yield each distinct SID of *stream* (``S-1-5-21-…``), from values, binary data and slack."""
    raise NotImplementedError


def scrub(
    stream: BinaryIO,
    replace: Callable[[str], str],
    sid: Callable[[bytes], bytes],
    *,
    foreign: Callable[[str], str] | None = None,
    concerns: Callable[[Event], bool] = concerns_claude,
) -> Iterator[bytes]:
    """Yield *stream*, an event log, scrubbed: as many bytes, in pieces of at most 64 KiB.

    *replace* gets every text (values, literals, runs in binary data and in slack) and returns one of as many UTF-16
    units; *sid* gets a stored SID and returns as many bytes. ValueError where either does not. *foreign*, where given,
    gets the payload texts of records that *concerns* denies, and stray text that no record explains, before *replace*
    does. Functions that change nothing give the same bytes.
    """
    raise NotImplementedError


def fitted(token: str, length: int, digest: bytes) -> str:
    """Return *token* (``user-3fa94c``) as exactly *length* characters, all ASCII, the same for the same input.

    A longer one goes on with the hexadecimal digits of *digest*, then with dots; a shorter one keeps the kind and at
    least two digits where there is room (``user-3f``), else digits of *digest* alone.
    """
    kind, dash, digits = token.partition("-")
    hexadecimal = digest.hex()
    if length >= len(token):
        more = hexadecimal[len(digits) :] if hexadecimal.startswith(digits) else hexadecimal
        return (token + more)[:length].ljust(length, ".")
    return token[:length] if dash and length >= len(kind) + 3 else hexadecimal[:length].ljust(length, "0")
