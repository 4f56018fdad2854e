"""A brute-force search of a bundle's bytes for values that ought to be gone; it shares no code with the audit."""

from __future__ import annotations

import re
import unicodedata
import urllib.parse
from collections.abc import Iterable, Iterator
from pathlib import Path

from claude_evidence.collector._types import Identity, Kind
from tests.collector.planted import every_byte

_JSON = re.compile(rb"\\+u([0-9a-fA-F]{4})")
_CODECS = ("utf-8", "utf-16-le", "utf-16-be", "cp1252", "cp437", "cp850")


def left(bundle: Path, identities: Iterable[Identity], names: Iterable[str] = ()) -> list[str]:
    """Return a line for each value (and each of *names*, parts of paths) that is left: what, as what, in which member.

    Words that stand in the values' own places count anywhere: they are words that nothing else holds.
    """
    needles = [(identity.kind.value, identity.value, form) for identity in identities for form in _forms(identity)]
    needles += [("path", name, form) for name in names for form in _forms(Identity(Kind.PATH, name))]
    found: dict[tuple[str, str], str] = {}
    for member, data in every_byte(bundle):
        for view, content in _views(data):
            for kind, value, form in needles:
                if form in content:
                    near = content[max(0, content.find(form) - 60) : content.find(form) + len(form) + 20]
                    found.setdefault((member, value), f"{kind} {value!r} is left in {member} ({view}): {near!r}")
    return list(found.values())


def _forms(identity: Identity) -> set[bytes]:
    forms = set()
    for text in {unicodedata.normalize(form, identity.value) for form in ("NFC", "NFD")}:
        for cased in (text, text.lower(), text.upper()):
            for codec in _CODECS:
                try:
                    forms.add(cased.encode(codec).lower())
                except UnicodeEncodeError:
                    continue
    slug = "".join(c if c.isascii() and c.isalnum() else "-" for c in identity.value)
    return forms | {slug.encode().lower(), identity.value.replace(" ", "+").encode().lower()}


def _views(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield *data* in lower case as it is, without NULs, and with escapes undone, also one within the other."""
    yield "as it is", data.lower()
    plain = data.replace(b"\0", b"")
    if plain != data:
        yield "without NULs", plain.lower()
    for round_ in range(3):
        undone = _JSON.sub(_character, urllib.parse.unquote_to_bytes(plain))
        if undone == plain:
            return
        plain = undone
        yield f"escapes undone {round_ + 1} times", plain.lower()


def _character(match: re.Match[bytes]) -> bytes:
    return chr(int(match[1], 16)).encode("utf-8", "surrogatepass")


def left_in_places(bundle: Path, user: str) -> list[str]:
    """Return a line for each place that only a user's name can stand in and that holds *user*, be it a common word."""
    name = re.escape(user.lower())
    pattern = re.compile(
        rf"users[\\/]+{name}[\\/\"']|/home/{name}/|--users-{name}-(?![0-9a-f]{{6}})|\b(?:user|username|owner)[\"']?[=:]\s?[\"']?{name}[\s,\"']"
        rf"|[a-z0-9-]+-[0-9a-f]{{6}}\\+{name}\b(?!-)"
    )
    found = []
    for member, data in every_byte(bundle):
        for view, content in _views(data):
            text = content.decode("utf-8", "replace")
            if match := pattern.search(text):
                near = text[max(0, match.start() - 40) : match.end() + 10]
                found.append(f"{user!r} is left in its place in {member} ({view}): {near!r}")
                break
    return found


def left_in_text(text: str, identities: Iterable[Identity], names: Iterable[str] = ()) -> list[str]:
    """Return the values and names that stand in *text*, which was printed."""
    folded = unicodedata.normalize("NFC", text).casefold()
    values = [*(identity.value for identity in identities), *names]
    return [value for value in values if unicodedata.normalize("NFC", value).casefold() in folded]
