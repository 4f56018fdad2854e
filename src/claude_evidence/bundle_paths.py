"""Names in a bundle: made safe to show and to extract, made distinct, and led back to the path on the host."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

_DRIVE_FIRST = re.compile(r"([A-Za-z]):")
_DRIVE = re.compile(r"(?:\\\\[.?]\\)?([A-Za-z]):\Z")
_ESCAPE = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
_WILD = re.compile(r"[\\\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]|^[A-Za-z]:|(?:^|/)\.{0,2}(?:/|\Z)")
_SYSTEM_FOLDERS = frozenset(
    ("users", "windows", "programdata", "program files", "program files (x86)", "windowsapps", "wpsystem",
     "documents and settings", "$recycle.bin", "$extend"),
)  # fmt: skip


def safe_name(raw: str) -> str:
    """Return *raw* as a relative POSIX path without ``..``, drive, backslash or control character; never empty.

    >>> safe_name("..\\\\C:\\\\Users\\\\./alice/main.log"), safe_name("/../")
    ('C/Users/alice/main.log', '_')
    """
    if not _WILD.search(raw):
        return raw
    parts = [p for p in _UNSEEN.sub("_", raw).replace("\\", "/").split("/") if p not in ("", ".", "..")]
    if parts and (drive := _DRIVE_FIRST.match(parts[0])):
        rest = parts[0][2:]
        parts[:1] = [drive[1].upper(), *([rest] if rest not in ("", ".", "..") else [])]
    return "/".join(parts) or "_"


def is_tame(raw: str) -> bool:
    """Return whether *raw* was a decent relative path already (backslashes as separators count as decent)."""
    return safe_name(raw) == raw.replace("\\", "/").rstrip("/").removeprefix("./")


def host_path(name: str) -> str:
    """Return the host path (``C:/Users/…``) that collectors wrote into *name*, else *name* itself.

    Known shapes: ``C/Users/…`` (KAPE), ``fs/C:/…``, ``uploads/auto/C%3A/…`` and ``uploads/ntfs/%5C%5C.%5CC%3A/…``
    (Velociraptor, which percent-encodes every part). Parts are decoded only in the last two shapes: ``%4Admin`` in the
    name of an event log is no escape.

    >>> host_path("uploads/auto/C%3A/Windows/x%254Admin.evtx"), host_path("kape/D/Users/a.log")
    ('C:/Windows/x%4Admin.evtx', 'D:/Users/a.log')
    """
    folder, _, last = name.rpartition("/")
    host, encoded = _host_folder(folder)
    if not host:
        return name
    return safe_name(f"{host}/{_decoded(last)}").replace("/", ":/", 1) if encoded else f"{host[0]}:{host[1:]}/{last}"


@lru_cache(maxsize=4096)
def _host_folder(folder: str) -> tuple[str, bool]:
    """Return the host folder as ``C/Users/…`` (empty where *folder* shows none) and whether its parts were encoded."""
    parts = folder.split("/")
    for number, part in enumerate(parts):
        plain = _decoded(part)
        if drive := _DRIVE.match(plain):
            rest = parts[number + 1 :] if plain == part else [_decoded(p) for p in parts[number + 1 :]]
            return "/".join((drive[1].upper(), *rest)), plain != part
        if _is_bare_drive(parts, number):
            return "/".join((part.upper(), *parts[number + 1 :])), False
    return "", False


def posix_path(source: str) -> str:
    """Return a host path as somebody wrote it with ``/`` between its parts and no control characters."""
    return _UNSEEN.sub("_", source).replace("\\", "/")


def _decoded(part: str) -> str:
    return _ESCAPE.sub(_unescape, part) if "%" in part else part


def _unescape(match: re.Match[str]) -> str:
    """Decode a run of escapes, but none that stands for a letter or digit: no encoder ever writes those."""
    pieces = re.split(r"(%(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]))", match[0])
    decode = (bytes.fromhex(piece.replace("%", "")).decode("utf-8", "replace") for piece in pieces[::2])
    return "".join(text for pair in zip(decode, [*pieces[1::2], ""], strict=True) for text in pair)


def _is_bare_drive(parts: list[str], number: int) -> bool:
    part = parts[number]
    if not (len(part) == 1 and part.isascii() and part.isalpha()) or number + 1 == len(parts):
        return False
    following = parts[number + 1].lower()
    return following in _SYSTEM_FOLDERS or (number == 0 and part.isupper())


def collision_key(name: str) -> str:
    """Return what two names share where a file system holds them for one: case and Unicode form do not count."""
    return name.casefold() if name.isascii() else unicodedata.normalize("NFC", name).casefold()


class Distinct:
    """Hands out names of which no two collide: the second ``main.log`` becomes ``main~2.log``."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def claim(self, name: str, then: Callable[[str], None] | None = None) -> str:
        """Return *name*, or the first free variant of it, and call *then* with that variant."""
        key = collision_key(name)
        if key not in self._taken:
            self._taken.add(key)
            return name
        number = self._next.get(key, 2)
        while collision_key(variant := numbered(name, number)) in self._taken:
            number += 1
        self._next[key] = number + 1
        self._taken.add(collision_key(variant))
        if then:
            then(variant)
        return variant


def numbered(name: str, number: int) -> str:
    """Return *name* with ``~number`` before its extension.

    >>> numbered("a.b/main.log", 2), numbered("a.b/LOCK", 3)
    ('a.b/main~2.log', 'a.b/LOCK~3')
    """
    folder, slash, last = name.rpartition("/")
    stem, dot, extension = last.rpartition(".")
    return f"{folder}{slash}{stem}~{number}.{extension}" if dot and stem else f"{folder}{slash}{last}~{number}"
