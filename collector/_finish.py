"""The end of a run: a bundle is audited, written again where the audit asks for it, and only then gets its name."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from claude_evidence.collector.audit import Leak, are_packed
from claude_evidence.collector.redactor import Plain, Redacting
from claude_evidence.collector.workplace import Workplace
from claude_evidence.model import Manifest

MAPPING_FORMAT = "claude-evidence/mapping/1"
_Redactor = TypeVar("_Redactor", Redacting, Redacting | Plain)


class AuditRefusedError(Exception):
    """The audit found values that identify in the finished bundle: it got no name and is gone."""

    def __init__(self, leaks: Sequence[Leak]) -> None:
        super().__init__(f"{len(leaks)} values that identify are left in the bundle")
        self.leaks = tuple(leaks)


@dataclass(frozen=True, slots=True)
class Collected:
    """A bundle that was made: ``mapping`` is the file beside it, None where nothing was replaced."""

    manifest: Manifest
    path: Path
    sha256: str
    size_bytes: int
    mapping: Path | None = None


def audited(
    redactor: Callable[[bool], _Redactor],
    write: Callable[[_Redactor], tuple[Manifest, str]],
    leaks: Callable[[_Redactor], Sequence[Leak]],
    place: Workplace,
) -> Collected:
    """Publish the bundle that *write* makes in *place*, once no *leaks* are left in it.

    Where only packed values are left, it is written once more with the *redactor* that looks for those as well.
    `AuditRefusedError` where something identifying stays.
    """
    for packed in (False, True):
        chosen = redactor(packed)
        manifest, sha256 = write(chosen)
        found = leaks(chosen)
        if packed or not are_packed(found):
            break
        place.bundle.unlink()
    if found:
        raise AuditRefusedError(found)
    size = place.bundle.stat().st_size
    place.publish()
    mapping = place.publish_mapping(_mapping(chosen, manifest)) if chosen.mapping else None
    return Collected(manifest, place.destination, sha256, size, mapping)


def _mapping(redactor: Redacting | Plain, manifest: Manifest) -> bytes:
    told = {"format": MAPPING_FORMAT, "bundle_id": manifest.bundle_id, "tokens": dict(sorted(redactor.mapping.items()))}
    return (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")


__all__ = ["MAPPING_FORMAT", "AuditRefusedError", "Collected", "audited"]
