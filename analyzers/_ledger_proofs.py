"""The state of one conversation, and what proves it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from claude_evidence.analyzers._and_or import both
from claude_evidence.analyzers._ledger_listed import Row
from claude_evidence.analyzers._ledger_seen import INDEX, LEASE, LIVE, LOG, MENTIONS, Known
from claude_evidence.analyzers._rows import lower
from claude_evidence.messages import gettext_noop, joined, lazy_gettext, lazy_ngettext

STATES = (
    gettext_noop("null-filled"),
    gettext_noop("truncated"),
    gettext_noop("unsaved (.tmp only)"),
    gettext_noop("orphaned"),
    gettext_noop("transcript missing"),
    gettext_noop("empty stub"),
    gettext_noop("deleted by user"),
    gettext_noop("other account"),
    gettext_noop("remote"),
    gettext_noop("CLI only"),
    gettext_noop("healthy"),
    gettext_noop("unknown"),
)
"""The states that a conversation can be in."""
FILE_STATES = {
    "all_null": (
        "null-filled",
        gettext_noop("every byte of its entry is 0x00"),
        gettext_noop("every byte of its .tmp, all there is of its entry, is 0x00"),
    ),
    "truncated": (
        "truncated",
        gettext_noop("its entry ends before its JSON does"),
        gettext_noop("its .tmp, all there is of its entry, ends before its JSON does"),
    ),
    "empty": (
        "truncated",
        gettext_noop("its entry is an empty file"),
        gettext_noop("its .tmp, all there is of its entry, is an empty file"),
    ),
    "invalid": (
        "truncated",
        gettext_noop("its entry is no readable JSON"),
        gettext_noop("its .tmp, all there is of its entry, is no readable JSON"),
    ),
}
"""The state of a conversation by that of its entry, and what proves it of a saved entry and of a temporary one."""
SET_ASIDE = (
    gettext_noop("the app set its entry aside as unreadable"),
    gettext_noop("the app set its .tmp, all there is of its entry, aside as unreadable"),
)
PLACES = {
    LEASE: lazy_gettext("a worktree's lease"),
    LIVE: lazy_gettext("the CLI's live registry"),
    INDEX: lazy_gettext("the CLI's index of a project"),
    LOG: lazy_gettext("the log"),
}


@dataclass(frozen=True, slots=True)
class State:
    """What is said of one conversation; ``cli_id`` is the transcript that it belongs to, lower case."""

    state: str
    proof: str
    cli_id: str = ""


def best_entry(known: Known) -> Row | None:
    """Return the entry that counts.

    A tombstone, unless the conversation went on after it; else a saved one before a temporary one, of the account that
    is signed in before others, the one last written, a readable one before a damaged one.
    """
    graves = [row for row in known.entries if row["IsTombstone"]]
    best = min((row for row in known.entries if not row["IsTombstone"]), key=_rank, default=None)
    return graves[0] if graves and not (best and _went_on(best, graves[0])) else best


def _rank(row: Row) -> tuple[Any, ...]:
    time = row["TimeCreated"]
    written = -time.timestamp() if time is not None else 0.0
    readable = row["ParseState"] == "ok"
    return bool(row["IsTmp"]), row["AccountActive"] is False, bool(row["IsQuarantined"]), written, not readable


def _went_on(entry: Row, grave: Row) -> bool:
    last, deleted = entry["LastActivityAt"], grave["DeletedAt"]
    return bool(last is not None and deleted is not None and last > deleted and not entry["IsTmp"])


def best_transcript(known: Known, wanted: str = "") -> Row | None:
    """Return the transcript *wanted*, else the newest with messages, else the newest."""
    named = [row for row in known.transcripts if lower(row["CliSessionId"]) == wanted.lower()]
    return named[0] if named else newest(known.transcripts)


def newest(transcripts: Iterable[Row]) -> Row | None:
    """Return of *transcripts* the newest with messages, else the newest; of equally new ones the largest."""
    return max(transcripts, key=_freshness, default=None)


def _freshness(row: Row) -> tuple[Any, ...]:
    time = row["LastTime"] or row["TimeCreated"]
    stamp = time.timestamp() if time is not None else 0.0
    return bool(row["HasMessages"]), stamp, row["FileSize"] or 0, lower(row["CliSessionId"])


def relinkable(known: Known, besides: str = "") -> Row | None:
    """Return the newest transcript with messages that the log maps to this conversation, other than *besides*."""
    mapped = (row for row in known.transcripts if lower(row["CliSessionId"]) in known.mapped - {besides})
    return newest(row for row in mapped if row["HasMessages"])


def state_of(known: Known) -> State:
    """Return the state of a conversation."""
    entry = best_entry(known)
    return _listed(known, entry) if entry else _unlisted(known)


def _listed(known: Known, entry: Row) -> State:
    cli = lower(entry["CliSessionId"])
    if entry["IsTombstone"]:
        transcript = best_transcript(known)
        own = lower(transcript["CliSessionId"]) if transcript else ""
        return State("deleted by user", lazy_gettext("a tombstone stands in its place"), own)
    unsaved = bool(entry["IsTmp"]) or entry["ParseState"] not in ("ok", "listed")
    if known.deleted and unsaved:
        return State(
            "deleted by user",
            lazy_gettext("the log says that the user deleted it; what is left is no saved entry"),
            cli,
        )
    if entry["ParseState"] in FILE_STATES:
        return _damaged(known, entry, cli)
    if entry["IsTmp"]:
        return State("unsaved (.tmp only)", _temporary(entry), cli)
    if entry["ParseState"] == "listed":
        return State(
            "unknown", lazy_gettext("a listing names its entry; what the entry holds is not in the evidence"), cli
        )
    if entry["IsRemote"]:
        return State("remote", lazy_gettext("its working folder is on another machine"), cli)
    transcript = next((row for row in known.transcripts if lower(row["CliSessionId"]) == cli), None)
    return _without(known, entry, cli) if transcript is None else _with_transcript(known, entry, transcript)


def _temporary(entry: Row) -> str:
    if entry["ParseState"] == "listed":
        return lazy_gettext("its entry exists only under the temporary name in a listing")
    return lazy_gettext("its entry exists only under the temporary name")


def _damaged(known: Known, entry: Row, cli: str) -> State:
    state, *proofs = FILE_STATES[str(entry["ParseState"])]
    proof = lazy_gettext((SET_ASIDE if entry["IsQuarantined"] else proofs)[bool(entry["IsTmp"])])
    transcript = best_transcript(known, cli)
    if transcript is None:
        return State(state, proof, cli)
    own = lower(transcript["CliSessionId"])
    return State(state, joined([proof, _joined_by(known, own)], "; "), own)


def _joined_by(known: Known, cli: str) -> str:
    """Return what proves that the transcript *cli* is this conversation's, whose entry is damaged."""
    for row in known.entries:
        if lower(row["CliSessionId"]) == cli or cli in lower(row["PriorCliSessionIds"]).split(","):
            if row["IsTmp"] and row["ParseState"] == "ok":
                return lazy_gettext("its .tmp names its transcript")
            return lazy_gettext("what is left of the entry names its transcript")
    if cli in known.mapped:
        return lazy_gettext("the log maps it to its transcript")
    if any(table == "worktree" for table, _ in known.mentions):
        return lazy_gettext("its worktree's folder holds the one transcript")
    return lazy_gettext("the log names its transcript")


def _without(known: Known, entry: Row, cli: str) -> State:
    """Return the state of a readable entry whose own transcript is not in the evidence."""
    other = relinkable(known)
    if other is not None:
        proof = lazy_gettext("its entry names no transcript; the log knows its transcript")
        if cli:
            proof = lazy_gettext("no transcript has the id its entry names; the log knows its transcript")
        return State("orphaned", proof, lower(other["CliSessionId"]))
    if entry["TranscriptUnavailable"]:
        return State("transcript missing", lazy_gettext("its entry says that the transcript is not on disk"), cli)
    if not cli:
        return State(*_at_home(entry, lazy_gettext("its entry is readable; no CLI was started yet")))
    if entry["HasTranscript"] is None:
        return State("unknown", lazy_gettext("its transcript is not in the evidence: none is"), cli)
    if entry["CleanedUp"]:
        return State(
            "unknown", lazy_gettext("its transcript is gone, as the CLI deletes what is older than 30 days"), cli
        )
    return State("transcript missing", lazy_gettext("no transcript has the id its entry names"), cli)


def _with_transcript(known: Known, entry: Row, transcript: Row) -> State:
    cli = lower(transcript["CliSessionId"])
    if transcript["NulLineCount"]:
        return State("null-filled", _nul_lines(int(transcript["NulLineCount"])), cli)
    if transcript["HasMessages"] is False:
        return _stub(known, entry, cli)
    if entry["TranscriptUnavailable"]:
        return State(
            "transcript missing",
            lazy_gettext("its entry says that the transcript is not on disk, and it is there"),
            cli,
        )
    proof = lazy_gettext("its entry is readable and its transcript is there")
    if transcript.get("Listed"):
        proof = lazy_gettext("its entry is readable and its transcript is there, by a listing")
    return State(*_at_home(entry, proof), cli)


def _nul_lines(count: int) -> str:
    return lazy_ngettext(
        "%(num)s line of its transcript holds null bytes", "%(num)s lines of its transcript hold null bytes", count
    )


def _stub(known: Known, entry: Row, cli: str) -> State:
    """Return the state where the transcript holds no message: something is lost if the entry counts turns (#53717)."""
    if not entry["CompletedTurns"]:
        return State("empty stub", lazy_gettext("its transcript holds no message"), cli)
    counted = lazy_ngettext(
        "its transcript holds no message, and its entry counts %(num)s turn",
        "its transcript holds no message, and its entry counts %(num)s turns",
        int(entry["CompletedTurns"]),
    )
    other = relinkable(known, cli)
    if other is not None:
        return State(
            "orphaned",
            joined([counted, lazy_gettext("the log knows one with messages")], "; "),
            lower(other["CliSessionId"]),
        )
    return State("empty stub", counted, cli)


def _at_home(entry: Row, proof: str) -> tuple[str, str]:
    if entry["AccountActive"] is False:
        return "other account", lazy_gettext("its entry lies in the folder of an account that is not signed in")
    return "healthy", proof


def _unlisted(known: Known) -> State:
    row = best_transcript(known)
    cli = lower(row["CliSessionId"]) if row else next(iter(sorted(known.cli_ids)), "")
    if known.deleted:
        return State("deleted by user", lazy_gettext("the log says that the user deleted it"), cli)
    if row and (row["DeletedByUser"] or row["Released"]):
        return State("deleted by user", lazy_gettext("the app marked it as deleted or released"), cli)
    if row is None:
        return _mentioned(known, cli)
    if row["HasMessages"] is False:
        return State("empty stub", lazy_gettext("its transcript holds no message and no entry names it"), cli)
    return State(*_transcript_alone(row), cli)


def _transcript_alone(row: Row) -> tuple[str, str]:
    if row["HasRegistryEntry"]:
        return "unknown", lazy_gettext("its transcript belongs to another entry now")
    if row["OwnedByDesktop"] and row["HasRegistryEntry"] is False:
        return "orphaned", lazy_gettext("the app wrote this transcript, and no entry names it")
    if row["OwnedByDesktop"]:
        return "unknown", lazy_gettext("the app wrote this transcript; its list is not in the evidence")
    if row.get("Listed") or row["HasMessages"] is None:
        return "unknown", lazy_gettext("only the name of its transcript is in the evidence")
    return "CLI only", lazy_gettext("held in a terminal; such conversations have no entry in the app")


def _mentioned(known: Known, cli: str) -> State:
    live = [row for table, row in known.mentions if table == "cli_session"]
    if not known.session_id and live and live[0]["Entrypoint"] not in (None, "claude-desktop"):
        return State("CLI only", lazy_gettext("the CLI's live registry names it; it has no transcript here"), cli)
    names = list(dict.fromkeys(PLACES[MENTIONS[table]] for table, _ in known.mentions)) or [PLACES[LOG]]
    told = both([*([joined(names[:-1], ", ")] if len(names) > 1 else []), names[-1]])
    proof = lazy_ngettext(
        "only %(places)s names it: no entry and no transcript is in the evidence",
        "only %(places)s name it: no entry and no transcript is in the evidence",
        len(names),
        places=told,
    )
    return State("unknown", proof, cli)
