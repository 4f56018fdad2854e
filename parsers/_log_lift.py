"""Session ids and error codes lifted out of messages: candidates by comparing bytes, then one match per distinct text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

# system error names as Node.js prints them (libuv's and the resolver's): a closed list, because EST or END are none,
# and without EOF, which is as often a word
ERRNO = ["EACCES", "EADDRINUSE", "EADDRNOTAVAIL", "EAFNOSUPPORT", "EAGAIN", "EALREADY", "EBADF", "EBUSY", "ECANCELED", "ECHARSET", "ECONNABORTED", "ECONNREFUSED", "ECONNRESET", "EDESTADDRREQ", "EDQUOT", "EEXIST", "EFAULT", "EFBIG", "EFTYPE", "EHOSTDOWN", "EHOSTUNREACH", "EILSEQ", "EINPROGRESS", "EINTR", "EINVAL", "EIO", "EISCONN", "EISDIR", "ELOOP", "EMFILE", "EMLINK", "EMSGSIZE", "ENAMETOOLONG", "ENETDOWN", "ENETUNREACH", "ENFILE", "ENOBUFS", "ENODATA", "ENODEV", "ENOENT", "ENOEXEC", "ENOLCK", "ENOLINK", "ENOMEM", "ENONET", "ENOPROTOOPT", "ENOSPC", "ENOSYS", "ENOTBLK", "ENOTCONN", "ENOTDIR", "ENOTEMPTY", "ENOTFOUND", "ENOTSOCK", "ENOTSUP", "ENOTTY", "ENXIO", "EOPNOTSUPP", "EOVERFLOW", "EPERM", "EPIPE", "EPROTO", "EPROTONOSUPPORT", "EPROTOTYPE", "ERANGE", "EREMOTEIO", "EROFS", "ESHUTDOWN", "ESOCKTNOSUPPORT", "ESPIPE", "ESRCH", "ESTALE", "ETIME", "ETIMEDOUT", "ETXTBSY", "EUNATCH", "EWOULDBLOCK", "EXDEV"]


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
        """Return *messages* as one run of bytes."""
        _, offsets, values = messages.buffers()
        bounds = np.frombuffer(offsets, np.int64)[messages.offset : messages.offset + len(messages) + 1]
        text = np.zeros(_FRONT + int(bounds[-1] - bounds[0]) + _BACK, dtype=np.uint8)
        if bounds[-1] > bounds[0]:
            text[_FRONT:-_BACK] = np.frombuffer(values, np.uint8)[bounds[0] : bounds[-1]]
        return cls(text, bounds - bounds[0] + _FRONT, _capitals(text))

    def windows(self, at: Ints, width: int) -> Bytes:
        """Return *width* bytes from each of *at* on, one row each."""
        every = np.ndarray((len(self.text) - width + 1,), f"V{width}", self.text, strides=(1,))
        return every[at].view(np.uint8).reshape(-1, width)

    def words(self, at: Ints) -> NDArray[np.uint64]:
        """Return the eight bytes from each of *at* on as a word."""
        return self.windows(at, 8).view("<u8").reshape(-1)


@dataclass(slots=True)
class Lifted:
    """One lifted column: ``pattern``'s last group where ``near`` says that a match can begin, and not after ``before``.

    ``width`` bytes are enough for a usual match; only a longer one is matched in place. ``index`` holds the distinct
    values, ``codes`` which of them each row has, chunk by chunk; -1 is none.
    """

    pattern: re.Pattern[bytes]
    near: Callable[[Chunk], Ints]
    before: NDArray[np.bool_]
    width: int
    index: dict[str, int] = field(default_factory=dict)
    codes: list[NDArray[np.int32]] = field(default_factory=list)
    _seen: dict[bytes, int] = field(default_factory=dict)

    def add(self, chunk: Chunk) -> None:
        """Lift the first match of each row of *chunk*."""
        at = self.near(chunk)
        rows = np.searchsorted(chunk.offsets, at, side="right") - 1
        free = (at == chunk.offsets[rows]) | ~self.before[chunk.text[at - 1]]
        at, rows = at[free], rows[free]
        codes = self._codes(chunk, at, chunk.offsets[rows + 1]) if len(at) else np.zeros(0, dtype=np.int32)
        rows, codes = rows[codes >= 0], codes[codes >= 0]
        first = np.diff(rows, prepend=-1) != 0
        column = np.full(len(chunk.offsets) - 1, -1, dtype=np.int32)
        column[rows[first]] = codes[first]
        self.codes.append(column)

    def _codes(self, chunk: Chunk, at: Ints, ends: Ints) -> NDArray[np.int32]:
        windows = chunk.windows(at, self.width)
        short = np.flatnonzero(ends - at < self.width)
        windows[short] *= np.arange(self.width) < (ends - at)[short, None]
        encoded = _distinct(windows)
        codes = np.array([self._code(window) for window in encoded.dictionary.to_pylist()], dtype=np.int32)
        column = codes[encoded.indices.to_numpy()]
        for row in np.flatnonzero(column == _LONGER).tolist():
            column[row] = self._match(chunk.text[at[row] : ends[row]].tobytes())
        return column

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


def _distinct(windows: Bytes) -> pa.DictionaryArray:
    rows, width = windows.shape
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), rows, [None, pa.py_buffer(windows)]).dictionary_encode()


def _sparse(mask: NDArray[np.bool_]) -> Ints:
    """Return where *mask* is true; fast where that is rare."""
    padded = np.zeros(-(-len(mask) // 8) * 8, dtype=bool)
    padded[: len(mask)] = mask
    eights = np.flatnonzero(padded.view(np.uint64) != 0)
    groups, columns = np.nonzero(padded.reshape(-1, 8)[eights])
    return eights[groups] * 8 + columns


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text.ljust(8, b"\0"), "little"))


def _capitals(text: Bytes) -> Ints:
    capital = (text - np.uint8(ord("A"))) < 26
    return _sparse(capital[:-2] & capital[1:-1] & capital[2:])


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
    equals = _sparse((chunk.text[1:] == ord("=")) & (chunk.text[:-1] == ord("d"))) + 1
    written = equals[chunk.words(equals - 12) == _word(b"cliSessi")] - 12
    return np.sort(np.concatenate([spoken, written]))


def near_errno(chunk: Chunk) -> Ints:
    """Return where capital letters begin with E or U."""
    capitals = chunk.capitals
    first = chunk.text[capitals]
    return capitals[(first == ord("E")) | (first == ord("U"))]


def columns() -> dict[str, Lifted]:
    """Return the columns to lift, empty, by name."""
    session = re.compile(rb"(local_[A-Za-z0-9-]{1,64}|session_01[A-Za-z0-9]+)")
    cli = re.compile(rb"(?:to CLI session |cliSessionId=)(" + _UUID + rb")")
    errno = re.compile(rb"((?:" + "|".join(ERRNO).encode() + rb")(?![A-Za-z0-9_])|UNKNOWN(?=: unknown error))")
    nothing = np.zeros(256, dtype=bool)
    return {"SessionId": Lifted(session, near_session, _LETTERS, 43),
            "CliSessionId": Lifted(cli, near_cli_session, nothing, 52),
            "ErrnoCode": Lifted(errno, near_errno, _NAME, 24)}
