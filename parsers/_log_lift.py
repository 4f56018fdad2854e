"""Session ids and error codes lifted out of messages: bytes compared, then one match per distinct text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from claude_evidence.parsers._log_blocks import windows
from claude_evidence.parsers._log_columns import Column, distinct

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

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
_FRONT, _BACK = 16, 64
_LONGER = -2
_REMEMBERED = 100_000
_LETTERS = np.array([chr(code).isalnum() and code < 128 for code in range(256)])
_NAME = _LETTERS | (np.arange(256) == ord("_"))


@dataclass(frozen=True, slots=True)
class Chunk:
    """Messages end to end: that of row i lies in ``text`` from ``offsets[i]`` to ``offsets[i + 1]``, zeros around all.

    ``capitals`` are the positions where three capital letters lie side by side.
    """

    text: Bytes
    offsets: Ints
    capitals: Ints

    @classmethod
    def of(cls, messages: pa.LargeStringArray) -> Chunk:
        """Return *messages*, a whole array, as one run of bytes, a multiple of eight of them."""
        _, offsets, values = messages.buffers()
        bounds = np.frombuffer(offsets, np.int64, count=len(messages) + 1)
        size = int(bounds[-1])
        text = np.zeros((_FRONT + size + _BACK + 7) // 8 * 8, dtype=np.uint8)
        if size:
            text[_FRONT : _FRONT + size] = np.frombuffer(values, np.uint8, count=size)
        return cls(text, bounds + _FRONT, _capitals(text))

    def words(self, at: Ints) -> NDArray[np.uint64]:
        """Return the eight bytes from each of *at* on as a word."""
        return windows(self.text, at, 8).view("<u8").reshape(-1)


@dataclass(slots=True)
class Lifted:
    """One lifted column: ``pattern``'s last group where ``near`` says that a match can begin, and not after ``before``.

    ``width`` bytes are enough for a usual match; only a longer one is matched in place. ``index`` holds the distinct
    values, ``codes`` which of them each row has; -1 is none.
    """

    pattern: re.Pattern[bytes]
    near: Callable[[Chunk], Ints]
    before: NDArray[np.bool_]
    width: int
    codes: Column
    index: dict[str, int] = field(default_factory=dict)
    _seen: dict[bytes, int] = field(default_factory=dict)

    def add(self, chunk: Chunk) -> None:
        """Lift the first match of each row of *chunk*."""
        column = np.full(len(chunk.offsets) - 1, -1, dtype=np.int32)
        at = self.near(chunk)
        if len(at):
            rows = np.searchsorted(chunk.offsets, at, side="right") - 1
            free = (at == chunk.offsets[rows]) | ~self.before[chunk.text[at - 1]]
            at, rows = at[free], rows[free]
            codes = self._codes(chunk, at, chunk.offsets[rows + 1])
            rows, codes = rows[codes >= 0], codes[codes >= 0]
            first = np.diff(rows, prepend=-1) != 0
            column[rows[first]] = codes[first]
        self.codes.add(column)

    def _codes(self, chunk: Chunk, at: Ints, ends: Ints) -> NDArray[np.int32]:
        texts = windows(chunk.text, at, self.width)
        short = np.flatnonzero(ends - at < self.width)
        texts[short] *= np.arange(self.width) < (ends - at)[short, None]
        words, which = distinct(texts)
        codes = np.array([self._code(word) for word in words], dtype=np.int32)[which]
        for row in np.flatnonzero(codes == _LONGER).tolist():
            codes[row] = self._match(chunk.text[at[row] : ends[row]].tobytes())
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


def _sparse(mask: NDArray[np.bool_]) -> Ints:
    """Return where *mask*, of a multiple of eight, is true; fast where that is rare."""
    eights = np.flatnonzero(mask.view(np.uint64) != 0)
    groups, columns = np.nonzero(mask.reshape(-1, 8)[eights])
    return eights[groups] * 8 + columns


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text.ljust(8, b"\0"), "little"))


def _capitals(text: Bytes) -> Ints:
    capital = (text - np.uint8(ord("A"))) < 26
    three = capital.copy()
    three[:-1] &= capital[1:]
    three[:-2] &= capital[2:]
    return _sparse(three)


def near_session(chunk: Chunk) -> Ints:
    """Return where ``local_`` and ``session_`` begin."""
    underscores = np.flatnonzero(chunk.text == ord("_"))
    words = chunk.words(underscores - 7)
    local, session = words >> np.uint64(16) == _word(b"local_"), words == _word(b"session_")
    return np.where(local, underscores - 5, underscores - 7)[local | session]


def near_cli_session(chunk: Chunk) -> Ints:
    """Return where ``to CLI session `` and ``cliSessionId=`` begin."""
    capitals = chunk.capitals
    spoken = capitals[chunk.words(capitals) == _word(b"CLI sess")] - 3
    sign = chunk.text == ord("=")
    sign[1:] &= chunk.text[:-1] == ord("d")
    equals = _sparse(sign)
    written = equals[chunk.words(equals - 12) == _word(b"cliSessi")] - 12
    return np.sort(np.concatenate([spoken, written]))


def near_errno(chunk: Chunk) -> Ints:
    """Return where capital letters begin with E or U."""
    capitals = chunk.capitals
    first = chunk.text[capitals]
    return capitals[(first == ord("E")) | (first == ord("U"))]


def columns(expected: int) -> dict[str, Lifted]:
    """Return the columns to lift by name, empty, with room for the rows *expected*."""
    session = re.compile(rb"(local_[A-Za-z0-9-]{1,64}|session_01[A-Za-z0-9]+)")
    cli = re.compile(rb"(?:to CLI session |cliSessionId=)(" + _UUID + rb")")
    errno = re.compile(rb"((?:" + _ERRNO.encode() + rb")(?![A-Za-z0-9_])|UNKNOWN(?=: unknown error))")
    nothing = np.zeros(256, dtype=bool)
    codes = [Column(dtype, expected) for dtype in ("int32", "int32", "int8")]
    return {"SessionId": Lifted(session, near_session, _LETTERS, 43, codes[0]),
            "CliSessionId": Lifted(cli, near_cli_session, nothing, 52, codes[1]),
            "ErrnoCode": Lifted(errno, near_errno, _NAME, 24, codes[2])}
