"""What is said of a file that does not enter a bundle: size, time, hash; of a transcript counts and times as well.

The format is ``claude-evidence/meta/1``, which the parser of transcripts reads. No content is in it.
"""

from __future__ import annotations

import json
from typing import Any

from claude_evidence.collector.finding import Found
from claude_evidence.collector.reading import CHANGED, Digest, Digests, Hashing, Watched
from claude_evidence.transcript import read_transcript

FORMAT = "claude-evidence/meta/1"


def transcript_meta(found: Found, digests: Digests | None = None) -> bytes:
    """Return the ``….meta.json`` of the transcript *found*, made in one pass; its digest is left in *digests*.

    OSError where the file cannot be read; nothing else, whatever is in it.
    """
    with Watched(found.local) as file:
        hashing = Hashing(file.stream)
        facts = read_transcript(hashing)  # type: ignore[arg-type]
        digest = (digests or Digests()).note(file, hashing)
    return _written(found, "transcript", digest, {"transcript": facts.as_json()})


def file_meta(found: Found, digests: Digests | None = None, kind: str = "file") -> bytes:
    """Return the ``….meta.json`` of a file that is too large to take: size, times and hash. OSError as above."""
    digest = (digests or Digests()).of(found.local)
    return _written(found, kind, digest, {"first_non_null_offset": digest.first_non_null})


def _written(found: Found, kind: str, digest: Digest, told: dict[str, Any]) -> bytes:
    source = found.path.replace("/", "\\") if found.path[1:3] == ":/" else found.path
    meta = {
        "format": FORMAT,
        "kind": kind,
        "source": source,
        "size_bytes": digest.size_bytes,
        "sha256": digest.sha256,
        "modified_at": found.modified_at.isoformat() if found.modified_at else None,
        **({"note": CHANGED} if digest.changed else {}),
        **told,
    }
    return json.dumps(meta, indent=1, ensure_ascii=True).encode()
