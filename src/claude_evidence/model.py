"""The types that pass between folders: frozen, standard library only.

Times are aware UTC datetimes; sizes end in ``_bytes``, spans in ``_s``; hashes are lower-case hex SHA-256;
paths inside a bundle are POSIX.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from claude_evidence.messages import gettext_noop
from claude_evidence.usage import UsageError as UsageError

if TYPE_CHECKING:
    from pandas import DataFrame

    from claude_evidence.evidence_rows import Density, EvidenceRow


class Outcome(StrEnum):
    """What came of one thing that was asked for: an absence is a result."""

    COLLECTED = "collected"
    MISSING = "missing"
    DENIED = "denied"
    FAILED = "failed"
    SKIPPED = "skipped"


class Level(StrEnum):
    """Sigma's rule levels; ``rank`` grows with severity."""

    INFORMATIONAL = gettext_noop("informational")
    LOW = gettext_noop("low")
    MEDIUM = gettext_noop("medium")
    HIGH = gettext_noop("high")
    CRITICAL = gettext_noop("critical")

    @property
    def rank(self) -> int:
        """0 for informational up to 4 for critical."""
        return list(Level).index(self)


class Reason(StrEnum):
    """Why a rule could not be answered."""

    NOT_EVALUABLE = "not_evaluable"
    INCONCLUSIVE = "inconclusive"


class Risk(StrEnum):
    """What a remedy step may cost."""

    SAFE = "safe"
    NEEDS_ADMIN = "needs admin"
    LOSES_DATA = "loses data unless backed up"


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What came of one thing asked for; ``member`` is set only when something was stored."""

    artifact: str
    source: str
    outcome: Outcome
    acquired_at: datetime | None = None
    modified_at: datetime | None = None
    member: str | None = None
    sha256: str | None = None
    size_bytes: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The bundle's first page and its chain of custody.

    ``host`` holds short facts as text (``name, os, build, app_version …``). ``timezone`` is an IANA name, and
    ``utc_offset_s`` the offset at collection time; both are None when nobody said.
    """

    format: str = "claude-evidence/bundle/1"
    bundle_id: str = ""
    tool: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    host: Mapping[str, str] = field(default_factory=dict)
    timezone: str | None = None
    utc_offset_s: int | None = None
    redacted: bool = False
    acquisitions: tuple[Acquisition, ...] = ()

    def is_of_another_machine(self, other: Manifest) -> bool:
        """Return whether both name their machine, and it is not the same one."""
        names = [manifest.host.get("name", "").casefold() for manifest in (self, other)]
        return all(names) and names[0] != names[1]


ONCE = "counted once"
"""How the message of a problem ends with which nothing was lost: the same evidence was there twice."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Went wrong, did not stop the run, is always shown.

    ``stage`` is one of ``bundle, parse, rules, analyze, render``; ``where`` a member or file; ``record`` 1-based.
    """

    stage: str
    where: str
    message: str
    record: int | None = None

    @property
    def is_loss(self) -> bool:
        """Whether some evidence could not be read, or not as it should be."""
        return self.stage in ("bundle", "parse") and not self.message.endswith(ONCE)


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the evidence and what became of it.

    ``name`` is the path inside the bundle (or below the folder given); ``path`` the host path as far as known,
    POSIX with drive (``C:/Users/alice/…``); ``kind`` the parser that reads it, None where none does; ``verified``
    whether its hash equals the one the bundle promises, None where nothing was promised.
    """

    name: str
    path: str
    size_bytes: int
    modified_at: datetime | None = None
    sha256: str = ""
    kind: str | None = None
    verified: bool | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """That a log source is in the evidence, and which span of time it covers.

    ``table`` and ``source`` name it: for ``events`` the channel, for ``app_log`` the service, else the table again.
    ``first`` and ``last`` are None where no row carries a time (``local_*``: wall-clock times of unknown zone).
    """

    table: str
    source: str
    member: str
    first: datetime | None = None
    last: datetime | None = None
    local_first: datetime | None = None
    local_last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A parsed bundle: ``tables`` maps a table's name to a frame that begins TimeCreated, Member, Record."""

    manifest: Manifest
    tables: Mapping[str, DataFrame]
    problems: tuple[Problem, ...] = ()
    members: tuple[Member, ...] = ()
    coverage: tuple[Coverage, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceRef:
    """The way back from a sentence to hashed bytes.

    ``record`` is a line number, EventRecordID or row (1-based); ``excerpt`` is hostile text of at most 2,000
    characters; ``time`` is the record's time and ``local_time`` its wall-clock time where the zone is unknown.
    """

    member: str
    record: int
    sha256: str
    excerpt: str = ""
    time: datetime | None = None
    local_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a remedy; ``worked`` says what public reports say of it."""

    text: str
    command: str = ""
    risk: Risk = Risk.SAFE
    worked: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What we state, and every record it rests on.

    ``rule`` is the rule file's stem and ``document`` the Sigma document in it that matched; ``id`` hashes rule, group
    and first evidence. ``count`` counts matching records (files or sessions, where a row is one). ``evidence`` holds
    a bounded choice of them, first and last included. ``first_local``/``last_local`` are wall-clock times where the
    zone is unknown and first_seen/last_seen therefore are None. ``facts`` are short label-value pairs for the reader.
    ``per_day`` and ``per_session`` say of a storm how it is spread.
    """

    rule: str
    sigma_id: str
    id: str
    title: str
    level: Level
    confidence: str = "medium"
    document: str = ""
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    first_local: datetime | None = None
    last_local: datetime | None = None
    count: int = 0
    group: str = ""
    evidence: tuple[EvidenceRef, ...] = ()
    explanation: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    remedy: tuple[Step, ...] = ()
    does_not_work: tuple[str, ...] = ()
    for_developers: str = ""
    false_positives: tuple[str, ...] = ()
    because_of: tuple[str, ...] = ()
    leads_to: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    per_day: tuple[tuple[str, int], ...] = ()
    per_session: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class NotJudged:
    """A rule that could not be answered, and what would be needed; ``partly``: another part of it was answered."""

    rule: str
    reason: Reason
    detail: str
    title: str = ""
    partly: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer in a few sentences.

    ``when`` is ready text; ``level`` is None when nothing above informational was found.
    """

    headline: str
    what_happened: tuple[str, ...] = ()
    when: str = ""
    confidence: str = ""
    what_to_do: tuple[Step, ...] = ()
    level: Level | None = None
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One row of the timeline, or ``count`` like rows from ``time`` to ``until``.

    ``lane`` is one of ``package, launch, app, sessions, machine``.
    """

    time: datetime | None
    lane: str
    text: str
    level: Level = Level.INFORMATIONAL
    count: int = 1
    until: datetime | None = None
    local_time: datetime | None = None
    finding: str = ""
    evidence: EvidenceRef | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """One row of the ledger: a session, its state and what proves it.

    ``recoverable`` is ``yes, partly, no, unknown`` or ``nothing to do``; ``how`` says in a few words how it is saved.
    ``seen_in`` names where it was seen (``registry, .tmp, transcript, log …``), what tells most of it first.
    """

    session_id: str
    cli_session_id: str = ""
    state: str = "unknown"
    proof: str = ""
    account: str = ""
    created_at: datetime | None = None
    last_activity_at: datetime | None = None
    size_bytes: int | None = None
    transcript_size_bytes: int | None = None
    transcript_records: int | None = None
    findings: tuple[str, ...] = ()
    evidence: tuple[EvidenceRef, ...] = ()
    recoverable: str = "nothing to do"
    how: str = ""
    seen_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """The ledger's sums: ``states``, ``recoverable`` and ``counted_in`` each add up to ``seen``.

    ``seen_in`` counts the conversations that each source names, most of them more than once over all sources;
    ``counted_in`` counts each where it was seen first, in the order of `Conversation.seen_in`.
    """

    seen: int = 0
    states: Mapping[str, int] = field(default_factory=dict)
    recoverable: Mapping[str, int] = field(default_factory=dict)
    seen_in: Mapping[str, int] = field(default_factory=dict)
    counted_in: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PackageEvent:
    """One step in a package's history, or (``time`` None) its state when collected."""

    time: datetime | None
    package: str
    version: str
    what: str
    status: str = ""
    evidence: EvidenceRef | None = None


@dataclass(frozen=True, slots=True)
class Boot:
    """One start or stop of the machine.

    ``kind`` is ``boot, clean shutdown, unexpected shutdown, power loss, restart asked``.
    """

    time: datetime
    kind: str
    detail: str = ""
    evidence: EvidenceRef | None = None


@dataclass(frozen=True, slots=True)
class BootMonth:
    """Boots of one month (``2026-05``) and the median of days since the boot before, None where there is none."""

    month: str
    boots: int
    median_days: float | None


@dataclass(frozen=True, slots=True)
class Boots:
    """The machine's boot cadence: context, not a finding. ``tightening`` is None where months are too few to say."""

    entries: tuple[Boot, ...] = ()
    months: tuple[BootMonth, ...] = ()
    tightening: bool | None = None
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Custody:
    """Where each byte came from: what was asked for, what came, and what each member hashes to."""

    acquisitions: tuple[Acquisition, ...] = ()
    members: tuple[Member, ...] = ()
    inputs: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All that a template may use: tuples of dataclasses, never frames. ``created_at`` is the report's own time.

    ``rows`` is a bounded choice of the ``rows_to_tell`` rows that were found or are errors, and of their neighbours.
    """

    manifest: Manifest
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    not_judged: tuple[NotJudged, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    conversations: tuple[Conversation, ...] = ()
    packages: tuple[PackageEvent, ...] = ()
    boots: Boots = field(default_factory=Boots)
    custody: Custody = field(default_factory=Custody)
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    tool: str = ""
    created_at: datetime | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    rows: tuple[EvidenceRow, ...] = ()
    rows_to_tell: int = 0
    densities: tuple[Density, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)  # of rules that findings name as causes or consequences
