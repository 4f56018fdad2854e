"""Session ids and error codes lifted out of messages: bytes compared, then one match per distinct text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from claude_evidence.parsers._log_blocks import windows
from claude_evidence.parsers._log_columns import Column, distinct, positions
from claude_evidence.parsers._log_text import Messages

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Words = NDArray[np.uint64]

# system error names as Node.js prints them (libuv's and the resolver's): a closed list, because EST or END are none,
# and without EOF, which is as often a word
_ERRNO = (
    r"EACCES|EADDRINUSE|EADDRNOTAVAIL|EAFNOSUPPORT|EAGAIN|EALREADY|EBADF|EBUSY|ECANCELED|ECHARSET|"
    r"ECONNABORTED|ECONNREFUSED|ECONNRESET|EDESTADDRREQ|EDQUOT|EEXIST|EFAULT|EFBIG|EFTYPE|EHOSTDOWN|"
    r"EHOSTUNREACH|EILSEQ|EINPROGRESS|EINTR|EINVAL|EIO|EISCONN|EISDIR|ELOOP|EMFILE|EMLINK|EMSGSIZE|"
    r"ENAMETOOLONG|ENETDOWN|ENETUNREACH|ENFILE|ENOBUFS|ENODATA|ENODEV|ENOENT|ENOEXEC|ENOLCK|ENOLINK|ENOMEM|"
    r"ENONET|ENOPROTOOPT|ENOSPC|ENOSYS|ENOTBLK|ENOTCONN|ENOTDIR|ENOTEMPTY|ENOTFOUND|ENOTSOCK|ENOTSUP|"
    r"ENOTTY|ENXIO|EOPNOTSUPP|EOVERFLOW|EPERM|EPIPE|EPROTO|EPROTONOSUPPORT|EPROTOTYPE|ERANGE|EREMOTEIO|"
    r"EROFS|ESHUTDOWN|ESOCKTNOSUPPORT|ESPIPE|ESRCH|ESTALE|ETIME|ETIMEDOUT|ETXTBSY|EUNATCH|EWOULDBLOCK|EXDEV"
)
_UUID = rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_LONGER = -2
_SLICE = 1 << 18
_REMEMBERED = 100_000
_LETTERS = np.array([chr(code).isalnum() and code < 128 for code in range(256)])
_CLASSES = {"letter": _LETTERS, "name": _LETTERS | (np.arange(256) == ord("_")), "": np.zeros(256, dtype=bool)}


@dataclass(frozen=True, slots=True)
class Marks:
    """Where in the ``text`` of messages something to lift can be.

    ``signs`` are positions of underscores and equals signs, and of three capital letters side by side, ``words`` the
    eight bytes that end with each; ``capitals`` are those positions where letters begin.
    """

    text: Bytes
    signs: Ints
    words: Words
    capitals: Ints

    @classmethod
    def of(cls, messages: Messages) -> Marks:
        """Return the marks in *messages*."""
        signs = _marks(messages.text)
        words = windows(messages.text, signs - 7, 8).view("<u8").reshape(-1)
        letter = (words >> np.uint64(56)) - np.uint64(ord("A")) < 26
        return cls(messages.text, signs, words, signs[np.flatnonzero(letter)])

    def words_at(self, at: Ints) -> Words:
        """Return the eight bytes from each of *at* on as a word."""
        return windows(self.text, at, 8).view("<u8").reshape(-1)


@dataclass(slots=True)
class Lifted:
    """One lifted column: ``pattern``'s last group where ``near`` says that a match can begin, and not after ``before``.

    ``width`` bytes are enough for a usual match; only a longer one is matched in place. ``index`` holds the distinct
    values, ``codes`` which of them each row has; -1 is none.
    """

    pattern: re.Pattern[bytes]
    near: Callable[[Marks], Ints]
    before: str
    width: int
    codes: Column
    index: dict[str, int] = field(default_factory=dict)
    _seen: dict[bytes, int] = field(default_factory=dict)

    def add(self, messages: Messages, marks: Marks) -> None:
        """Lift the first match of each of *messages*."""
        column = self.codes.grow(len(messages.starts))
        column[:] = -1
        at = self.near(marks)
        rows = np.searchsorted(messages.starts, at, side="right") - 1
        inside = (at == messages.starts[rows]) | ~_CLASSES[self.before][messages.text[at - 1]]
        if not inside.all():
            at, rows = at[inside], rows[inside]
        if len(at):
            codes = self._codes(messages, at, messages.ends[rows])
            matched = codes >= 0
            if not matched.all():
                rows, codes = rows[matched], codes[matched]
            # of several in a row the one written last stays
            column[rows[::-1]] = codes[::-1]

    def add_one(self, message: bytes) -> None:
        """Lift the first match of *message*."""
        before = _CLASSES[self.before]
        found = (m for m in self.pattern.finditer(message) if not (m.start() and before[message[m.start() - 1]]))
        match = next(found, None)
        self.codes.grow(1)[0] = self._match(message[match.start() :]) if match else -1

    def _codes(self, messages: Messages, at: Ints, ends: Ints) -> NDArray[np.int32]:
        found = windows(messages.text, at, self.width)
        # the next message is none of this one's business
        found &= _beginnings(self.width)[np.minimum(ends - at, self.width)]
        words, which = distinct(found)
        codes = np.array([self._code(word) for word in words], dtype=np.int32)[which]
        for row in np.flatnonzero(codes == _LONGER).tolist():
            codes[row] = self._match(messages.text[at[row] : ends[row]].tobytes())
        return codes

    def _code(self, window: bytes) -> int:
        """Return the code of what *window* begins with, `_LONGER` where the match may go on beyond it."""
        code = self._seen.get(window)
        if code is None:
            match = self.pattern.match(window)
            code = _LONGER if match and match.end() == self.width else self._match(window)
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            self._seen[window] = code
        return code

    def _match(self, text: bytes) -> int:
        match = self.pattern.match(text)
        return self.index.setdefault(match.group(match.re.groups).decode(), len(self.index)) if match else -1


@cache
def _beginnings(width: int) -> Bytes:
    """Return masks of *width* bytes: row n keeps the first n of them."""
    return np.tri(width + 1, width, -1, dtype=np.uint8) * np.uint8(0xFF)


def _marks(text: Bytes) -> Ints:
    """Return where three capital letters begin and where an underscore or equals sign is.

    Each slice, with the two bytes that its end needs, and the masks made of it stay in the processor's cache.
    """
    found = []
    masks = np.empty((2, _SLICE + 2), dtype=bool)
    for start in range(0, len(text), _SLICE):
        part = text[start : start + _SLICE + 2]
        found.append(positions(_marked(part, *masks[:, : len(part)])[:_SLICE]) + np.int64(start))
    return np.concatenate(found)


def _marked(text: Bytes, mask: Mask, other: Mask) -> Mask:
    letters = other.view(np.uint8)
    np.subtract(text, ord("A"), out=letters)
    np.less(letters, 26, out=mask)
    np.logical_and(mask[:-1], mask[1:], out=other[:-1])
    np.logical_and(other[:-2], other[1:-1], out=mask[:-2])
    for sign in b"_=":
        np.equal(text, sign, out=other)
        np.logical_or(mask, other, out=mask)
    return mask


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text.ljust(8, b"\0"), "little"))


def near_session(marks: Marks) -> Ints:
    """Return where ``local_`` and ``session_`` begin."""
    local = marks.words >> np.uint64(16) == _word(b"local_")
    either = np.flatnonzero(local | (marks.words == _word(b"session_")))
    starts: Ints = marks.signs[either] - 7 + 2 * local[either]
    return starts


def near_cli_session(marks: Marks) -> Ints:
    """Return where ``to CLI session `` and ``cliSessionId=`` begin."""
    spoken = marks.capitals[marks.words_at(marks.capitals) == _word(b"CLI sess")] - 3
    equals = marks.signs[np.flatnonzero(marks.words == _word(b"ssionId="))]
    written = equals[marks.words_at(equals - 12) == _word(b"cliSessi")] - 12
    return np.sort(np.concatenate([spoken, written]))


def near_errno(marks: Marks) -> Ints:
    """Return where capital letters begin with E or U."""
    first = marks.text[marks.capitals]
    return marks.capitals[np.flatnonzero((first == ord("E")) | (first == ord("U")))]


def columns(expected: int) -> dict[str, Lifted]:
    """Return the columns to lift by name, empty, with room for the rows *expected*."""
    session = re.compile(rb"(local_[A-Za-z0-9-]{1,64}|session_01[A-Za-z0-9]+)")
    cli = re.compile(rb"(?:to CLI session |cliSessionId=)(" + _UUID + rb")")
    errno = re.compile(rb"((?:" + _ERRNO.encode() + rb")(?![A-Za-z0-9_])|UNKNOWN(?=: unknown error))")
    codes = [Column(dtype, expected) for dtype in ("int32", "int32", "int8")]
    return {
        "SessionId": Lifted(session, near_session, "letter", 43, codes[0]),
        "CliSessionId": Lifted(cli, near_cli_session, "", 52, codes[1]),
        "ErrnoCode": Lifted(errno, near_errno, "name", 24, codes[2]),
    }
