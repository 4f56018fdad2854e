"""Which parts of a path a person chose, and which belong to the system or to the app: the latter stay readable."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from claude_evidence.collector._spellings import normal
from claude_evidence.collector._types import Kind
from claude_evidence.collector._vocabulary import EXTENSIONS, HOME_FOLDERS, SYSTEM_PROFILES, is_kept_name

PROFILES = frozenset({"users", "home", "documents and settings"})
AREAS = frozenset({"claude-code-sessions", "local-agent-mode-sessions"})
TOKEN = re.compile(
    rf"(?:{'|'.join(sorted((kind.value for kind in Kind), key=len, reverse=True))})-[0-9a-f]{{6,64}}", re.IGNORECASE
)
HIDDEN = re.compile(rf"(?:{TOKEN.pattern})(?: \((?:\d{{1,9}}\)?)?)?[\x00-\x1f\udc80-\udcff]*", re.IGNORECASE)
"""What an earlier run put in the place of a text, ``title-3fa94c (24)``, cut short or not, with what it kept of it."""
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
SID = re.compile(r"S-1-(?:5-21|12-1)(?:-\d{1,10}){3,5}(?:_Classes)?", re.IGNORECASE)
SLUG = "slug"
_SLUG_SHAPE = re.compile(r"[A-Za-z]--.*|-(?:home|users|root|mnt|volumes)-.*", re.IGNORECASE)


def roles(parts: Sequence[str], *, root: bool = True) -> tuple[Kind | str | None, ...]:
    """Return, per part of a path, what it identifies: a kind, `SLUG`, or None where it stays readable.

    *parts* come without the drive. With *root* False they are a path below somebody's home.
    """
    return _roles(tuple(parts), root)


@lru_cache(maxsize=4096)  # the same few folders come again and again
def _roles(parts: tuple[str, ...], root: bool) -> tuple[Kind | str | None, ...]:
    before, before_that, place = "", "", "top" if root else "home"
    found = []
    for part in parts:
        name = normal(part)
        role, place = _role(part, name, before, before_that, place)
        found.append(role)
        before, before_that = ("" if role is Kind.USER else name), before
    return tuple(found)


def _role(part: str, name: str, before: str, before_that: str, place: str) -> tuple[Kind | str | None, str]:
    """Return the role of *part*, and the place that the part after it lies in."""
    if before in PROFILES and name not in SYSTEM_PROFILES and place != "all" and name not in ("", ".", ".."):
        return (None if TOKEN.fullmatch(part) else Kind.USER), "home"
    if place == "all" or name in ("", ".", "..") or TOKEN.fullmatch(part):
        return None, "below" if place == "home" else place
    if SID.fullmatch(part):
        return Kind.SID, "below"
    if before == "projects" and before_that == ".claude" and name != "*":
        return SLUG, "below"
    if before in AREAS and UUID.fullmatch(part):
        return Kind.ACCOUNT, "below"
    if before_that in AREAS and UUID.fullmatch(part) and UUID.fullmatch(before):
        return Kind.ORGANISATION, "below"
    return _chosen(part, name, before, place)


def _chosen(part: str, name: str, before: str, place: str) -> tuple[Kind | str | None, str]:
    if (place == "top" and name == "windows") or (before == "windowsapps" and name.startswith("claude_")):
        return None, "all"
    if place == "home":
        return (None if name in HOME_FOLDERS or is_kept_name(part) else Kind.PATH), "below"
    if is_kept_name(part):
        return None, "top" if name in PROFILES else "below"
    if _SLUG_SHAPE.fullmatch(part):
        return SLUG, "below"
    return Kind.PATH, "below"


def stem_and_extension(part: str) -> tuple[str, str]:
    """Return *part* in two, the second being the extensions that everybody knows, each with its dot."""
    stem, extension = part, ""
    for _ in range(3):
        head, dot, last = stem.rpartition(".")
        if not dot or not head or last.casefold() not in EXTENSIONS | {"meta"}:
            break
        stem, extension = head, f".{last}{extension}"
    return stem, extension
