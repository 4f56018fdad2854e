"""The words that every format of the report shares: levels, outcomes, states, numbers."""

from __future__ import annotations

from claude_evidence.messages import english, gettext, gettext_noop, ngettext, translated
from claude_evidence.model import Level, Outcome, Reason, Risk

LANES = ("package", "launch", "app", "sessions", "machine")
LANE_WORDS = {
    "package": gettext_noop("Package and update"),
    "launch": gettext_noop("Launches"),
    "app": gettext_noop("App log"),
    "sessions": gettext_noop("Sessions"),
    "machine": gettext_noop("Machine"),
    "other": gettext_noop("Other"),
}
# One shape per level, so that colour never carries the meaning alone.
SHAPES = {Level.CRITICAL: "◆", Level.HIGH: "▲", Level.MEDIUM: "■", Level.LOW: "●", Level.INFORMATIONAL: "○"}
REASONS = {
    Reason.NOT_EVALUABLE: gettext_noop("evidence is missing"),
    Reason.INCONCLUSIVE: gettext_noop("the log ends too early"),
}
RISKS = {
    Risk.SAFE: gettext_noop("safe"),
    Risk.NEEDS_ADMIN: gettext_noop("needs administrator rights"),
    Risk.LOSES_DATA: gettext_noop("loses data unless backed up first"),
}
OUTCOMES = {
    Outcome.COLLECTED: gettext_noop("collected"),
    Outcome.MISSING: gettext_noop("not there"),
    Outcome.DENIED: gettext_noop("access denied"),
    Outcome.FAILED: gettext_noop("failed"),
    Outcome.SKIPPED: gettext_noop("left out"),
}
# Where a conversation was seen, in the order in which it is counted.
SEEN_IN = {
    "registry": gettext_noop("in the registry"),
    ".tmp": gettext_noop("as .tmp"),
    "tombstone": gettext_noop("as tombstones"),
    "transcript": gettext_noop("as transcripts"),
    "file listing": gettext_noop("in file listings"),
    "worktree lease": gettext_noop("in worktree leases"),
    "live CLI registry": gettext_noop("in the CLI's live registry"),
    "sessions index": gettext_noop("in the CLI's indexes"),
    "log": gettext_noop("in the log"),
}
# Names of parsers, of facts of the host and of stages as reports show them: where a name has an underscore, a space.
NAMES = (
    *(gettext_noop("app log"), gettext_noop("cli session"), gettext_noop("config"), gettext_noop("events")),
    *(gettext_noop("file inventory"), gettext_noop("package"), gettext_noop("pasted"), gettext_noop("process")),
    *(gettext_noop("registry value"), gettext_noop("service"), gettext_noop("session registry")),
    *(gettext_noop("sessions index"), gettext_noop("transcript"), gettext_noop("volume"), gettext_noop("worktree")),
    *(gettext_noop("name"), gettext_noop("os"), gettext_noop("release"), gettext_noop("build")),
    *(gettext_noop("architecture"), gettext_noop("domain"), gettext_noop("user"), gettext_noop("machine")),
    *(gettext_noop("app version"), gettext_noop("app version source")),
    *(gettext_noop("bundle"), gettext_noop("parse"), gettext_noop("rules"), gettext_noop("analyze")),
    gettext_noop("render"),
)
_UNITS = (
    gettext_noop("%(size)s KB"),
    gettext_noop("%(size)s MB"),
    gettext_noop("%(size)s GB"),
    gettext_noop("%(size)s TB"),
)


def number(value: int) -> str:
    """Return ``3,796``."""
    return f"{value:,}"


def size(value: int | None) -> str:
    """Return a number of bytes for people: ``812 bytes``, ``38.5 MB`` (decimal units), ``–`` where it is unknown."""
    if value is None:
        return "–"
    if value < 1000:
        return ngettext("%(num)s byte", "%(num)s bytes", value)
    amount = float(value)
    for unit in _UNITS:
        amount /= 1000
        if amount < 999.95 or unit == _UNITS[-1]:
            break
    digits = f"{amount:.1f}"
    return gettext(unit, size=digits)


def reported(worked: str) -> str:
    """Return what reports say of a step, led in where it does not say itself that they do."""
    says_itself = english(worked).lower().startswith(("report", "the report", "named as"))
    return worked if says_itself else gettext("Reports say: %(worked)s", worked=worked)


def short_hash(sha256: str) -> str:
    """Return the first twelve digits of a hash: enough to compare by eye."""
    return sha256[:12]


def level_word(level: Level | None) -> str:
    """Return the level's name, or that nothing was found."""
    return gettext("nothing found") if level is None else translated(level.value)


def capital(text: str) -> str:
    """Return *text* with a capital first letter; all others stay, for languages that write nouns with one."""
    return text[:1].upper() + text[1:]
