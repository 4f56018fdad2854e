"""What the parsers of small files and of a machine's state at collection time share."""

from __future__ import annotations

import re
from datetime import datetime

from claude_evidence.model import Member, Problem
from claude_evidence.parsers._contract import Context, Parsed

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def collected_at(source: Member, context: Context) -> datetime | None:
    """Return when the state in *source* was taken, as the manifest says; a loose file's own time proves nothing."""
    manifest = context.manifest
    own = (a.acquired_at for a in manifest.acquisitions if a.member == source.name and a.acquired_at)
    return next(own, manifest.finished_at)


def unreadable(source: Member, why: str) -> Parsed:
    """Return the one problem of a member that gives no rows, and so no coverage either."""
    return Parsed(problems=[Problem("parse", source.name, f"could not be read: {why}")])
