"""Tokens: what stands for a value that identifies, ``user-3fa94c``; the key they are made under stays on the machine.

A token is its kind and the first hex digits of HMAC-SHA-256(key, kind, value in lower case): the same value has the
same token in every bundle of a machine, and nobody without the key can try names out.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sys
import unicodedata
from collections import Counter
from pathlib import Path

from claude_evidence.collector._types import Kind
from claude_evidence.usage import UsageError

KEY_BYTES = 32
DIGITS = 6
LONGEST = 1024
_CASE_COUNTS = frozenset({Kind.SECRET, Kind.VALUE, Kind.TITLE})


def load_key(path: Path | None = None) -> bytes:
    """Return the machine's key from *path* (default: this user's configuration folder), made there where it is missing.

    The file is readable by its owner alone. UsageError where it can be neither read nor made, and where it is no key.
    """
    path = path or _default_path()
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _create(path)
        return _read(path)
    except OSError as error:
        raise UsageError(f"{path}: the key of the redaction cannot be written: {error.strerror}") from error


def _read(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UsageError(f"{path}: the key of the redaction cannot be read: {error.strerror}") from error
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise UsageError(f"{path} is no key of the redaction: move it away, and a new one is made")
    return key


def _create(path: Path) -> None:
    """Write a new key whole or not at all; where another run was first, its key counts."""
    partial = path.with_name(f".{secrets.token_hex(8)}.partial")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{secrets.token_hex(KEY_BYTES)}\n")
        try:
            os.link(partial, path)
        except FileExistsError:
            return
        except OSError:  # a file system without links
            if not path.exists():
                partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _default_path() -> Path:
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "claude-evidence" / "redaction.key"


class Tokens:
    """Gives each value its token and remembers it; two values never share one.

    ``mapping`` leads back from tokens to values, but for secrets, which nobody needs to see again, and long texts.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._tokens: dict[tuple[Kind, str], str] = {}
        self._digests: dict[str, str] = {}
        self.mapping: dict[str, str] = {}
        self.counts: Counter[str] = Counter()

    def token(self, kind: Kind, value: str) -> str:
        """Return the token of *value* and count one replacement; upper and lower case are one value of most kinds."""
        self.counts[kind.value] += 1
        same = unicodedata.normalize("NFC", value)
        same = same if kind in _CASE_COUNTS else same.casefold()
        known = self._tokens.get((kind, same))
        if known is not None:
            return known
        made = self._made(kind, same)
        if len(value) <= LONGEST:
            self._tokens[kind, same] = made
            if kind is not Kind.SECRET:
                self.mapping.setdefault(made, value)
        return made

    def _made(self, kind: Kind, same: str) -> str:
        message = f"{kind.value}\0{same}".encode("utf-8", "surrogatepass")
        digest = hmac.new(self._key, message, hashlib.sha256).hexdigest()
        for digits in range(DIGITS, len(digest) + 1):
            token = f"{kind.value}-{digest[:digits]}"
            if self._digests.setdefault(token, digest) == digest:
                return token
        raise AssertionError("two values with one HMAC")
