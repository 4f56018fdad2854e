"""The manifest as JSON (``data/collection.json``): written in one way, read with tolerance.

Unknown keys are passed over, missing ones take their default, and a value of the wrong type is a problem, not a crash.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from claude_evidence import json_text, untrusted
from claude_evidence.bundle_paths import posix_path
from claude_evidence.model import Acquisition, Manifest, Outcome

FORMAT = "claude-evidence/bundle/1"
FORMAT_FAMILY = "claude-evidence/bundle/"
Note = Callable[[str], None]
# The longest path that Windows knows; what the host says of itself is far shorter. A report has to stay readable.
MAX_TEXT, MAX_WORD, MAX_WORDS = 32_767, 1024, 100


def manifest_to_json(manifest: Manifest) -> bytes:
    """Return *manifest* as UTF-8 JSON: one key a line, times in ISO 8601 with ``Z``, the same bytes each time."""
    text = json.dumps(asdict(manifest), indent=1, ensure_ascii=False, default=_plain)
    return (text + "\n").encode("utf-8", "backslashreplace")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no place in a manifest")


def manifest_from_json(data: bytes, note: Note) -> Manifest | None:
    """Return the manifest that *data* holds, or None where it is no JSON object; *note* hears what is wrong with it."""
    try:
        raw = json_text.loads(data.decode("utf-8-sig", "replace"))
    except json_text.JsonError as error:
        note(f"is no JSON: {error}")
        return None
    if not isinstance(raw, dict):
        note("is no JSON object")
        return None
    fields = _Fields(raw, "", note)
    version = fields.text("format", "") or ""
    if version.startswith(FORMAT_FAMILY) and version != FORMAT:
        note(f"is of format {version!r}, which this version does not know: read as {FORMAT!r}")
    return Manifest(
        format=version,
        bundle_id=fields.text("bundle_id", "") or "",
        tool=fields.text("tool", "") or "",
        started_at=fields.time("started_at"),
        finished_at=fields.time("finished_at"),
        host=fields.texts("host"),
        timezone=fields.text("timezone", None),
        utc_offset_s=fields.whole("utc_offset_s"),
        redacted=fields.flag("redacted"),
        acquisitions=_acquisitions(raw.get("acquisitions"), note),
    )


def _acquisitions(raw: object, note: Note) -> tuple[Acquisition, ...]:
    if not isinstance(raw, list):
        if raw is not None:
            note("its acquisitions are no list")
        return ()
    entries = []
    for number, item in enumerate(raw, 1):
        if isinstance(item, dict):
            entries.append(_acquisition(_Fields(item, f"acquisition {number}: ", note)))
        else:
            note(f"acquisition {number} is no object")
    return tuple(entries)


def _acquisition(fields: _Fields) -> Acquisition:
    member = fields.text("member", None)
    sha256 = fields.text("sha256", None)
    return Acquisition(
        artifact=fields.text("artifact", "") or "",
        source=fields.text("source", "") or "",
        outcome=fields.outcome(stored=member is not None),
        acquired_at=fields.time("acquired_at"),
        modified_at=fields.time("modified_at"),
        member=member and posix_path(member),
        sha256=sha256 and sha256.lower(),
        size_bytes=fields.whole("size_bytes"),
        detail=fields.text("detail", "") or "",
    )


class _Fields:
    """One JSON object, read field by field; a field of the wrong type is noted and counts as missing."""

    def __init__(self, raw: dict[str, Any], where: str, note: Note) -> None:
        self._raw, self._where, self._note = raw, where, note

    def _wrong(self, key: str, wanted: str) -> None:
        self._note(f"{self._where}{key} is no {wanted}: passed over")

    def text(self, key: str, missing: str | None) -> str | None:
        value = self._raw.get(key)
        if isinstance(value, str):
            if len(value) > MAX_TEXT:
                self._note(f"{self._where}{key} is longer than {MAX_TEXT:,} characters: cut")
            return _sound(value[:MAX_TEXT])
        if value is not None:
            self._wrong(key, "text")
        return missing

    def time(self, key: str) -> datetime | None:
        value = self._raw.get(key)
        if value is None:
            return None
        time = untrusted.iso_time(value)
        if time is None:
            self._wrong(key, "time with a zone from 1980 to 2099")
        return time

    def whole(self, key: str) -> int | None:
        value = self._raw.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if value is not None:
            self._wrong(key, "whole number")
        return None

    def flag(self, key: str) -> bool:
        value = self._raw.get(key, False)
        if not isinstance(value, bool):
            self._wrong(key, "true or false")
        return value is True

    def texts(self, key: str) -> dict[str, str]:
        value = self._raw.get(key, {})
        if not isinstance(value, dict):
            self._wrong(key, "object")
            return {}
        plain = {_sound(k[:MAX_WORD]): v for k, v in value.items() if isinstance(v, str | int | float)}
        if len(plain) < len(value):
            self._wrong(key, "object of texts alone")
        if len(plain) > MAX_WORDS or any(len(str(v)) > MAX_WORD for v in plain.values()):
            self._note(f"{self._where}{key} is too long: cut to {MAX_WORDS} texts of {MAX_WORD} characters")
        return {k: _sound(str(v)[:MAX_WORD]) for k, v in list(plain.items())[:MAX_WORDS]}

    def outcome(self, *, stored: bool) -> Outcome:
        value = self._raw.get("outcome")
        if isinstance(value, str) and value in set(Outcome):
            return Outcome(value)
        self._wrong("outcome", "known outcome")
        return Outcome.COLLECTED if stored else Outcome.FAILED


def _sound(text: str) -> str:
    """Return *text* without lone surrogates, which JSON can spell and no encoding can write."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
