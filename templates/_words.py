"""The words that every format of the report shares: levels, outcomes, states, numbers."""

from __future__ import annotations

from claude_evidence.model import Level, Outcome, Reason, Risk

LANES = ("package", "launch", "app", "sessions", "machine")
LANE_WORDS = {
    "package": "Package and update",
    "launch": "Launches",
    "app": "App log",
    "sessions": "Sessions",
    "machine": "Machine",
    "other": "Other",
}
# One shape per level, so that colour never carries the meaning alone.
SHAPES = {Level.CRITICAL: "◆", Level.HIGH: "▲", Level.MEDIUM: "■", Level.LOW: "●", Level.INFORMATIONAL: "○"}
REASONS = {Reason.NOT_EVALUABLE: "evidence is missing", Reason.INCONCLUSIVE: "the log ends too early"}
RISKS = {
    Risk.SAFE: "safe",
    Risk.NEEDS_ADMIN: "needs administrator rights",
    Risk.LOSES_DATA: "loses data unless backed up first",
}
OUTCOMES = {
    Outcome.COLLECTED: "collected",
    Outcome.MISSING: "not there",
    Outcome.DENIED: "access denied",
    Outcome.FAILED: "failed",
    Outcome.SKIPPED: "left out",
}
# Where a conversation was seen, in the order in which it is counted.
SEEN_IN = {
    "registry": "in the registry",
    ".tmp": "as .tmp",
    "tombstone": "as tombstones",
    "transcript": "as transcripts",
    "file listing": "in file listings",
    "worktree lease": "in worktree leases",
    "live CLI registry": "in the CLI's live registry",
    "sessions index": "in the CLI's indexes",
    "log": "in the log",
}
VERSIONS = {"first": "first seen in", "last": "last seen in", "fixed": "fixed in"}
_UNITS = ("KB", "MB", "GB", "TB")


def number(value: int) -> str:
    """Return ``3,796``."""
    return f"{value:,}"


def many(value: int, one: str, more: str = "") -> str:
    """Return ``1 record`` or ``3,796 records``; *more* where the plural is not *one* with an s."""
    return f"{value:,} {one if value == 1 else more or one + 's'}"


def size(value: int | None) -> str:
    """Return a number of bytes for people: ``812 bytes``, ``38.5 MB`` (decimal units), ``–`` where it is unknown."""
    if value is None:
        return "–"
    if value < 1000:
        return many(value, "byte")
    amount = float(value)
    for unit in _UNITS:
        amount /= 1000
        if amount < 999.95 or unit == _UNITS[-1]:
            break
    return f"{amount:.1f} {unit}"


def said(worked: str, lead: str) -> str:
    """Return what reports say of a step, with *lead* before it where it does not say itself that they do."""
    return worked if worked.lower().startswith(("report", "the report", "named as")) else f"{lead}{worked}"


def short_hash(sha256: str) -> str:
    """Return the first twelve digits of a hash: enough to compare by eye."""
    return sha256[:12]


def level_word(level: Level | None) -> str:
    """Return the level's name, or that nothing was found."""
    return "nothing found" if level is None else level.value
