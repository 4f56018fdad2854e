"""The state of one conversation, what proves it, what can be saved of it, and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from claude_evidence.analyzers._ledger_seen import Known, Row
from claude_evidence.analyzers._rows import lower

YES, PARTLY, NO, NOTHING = "yes", "partly", "no", "nothing to do"
FILE_STATES = {
    "all_null": ("null-filled", "every byte of its entry is 0x00"),
    "truncated": ("truncated", "its entry ends before its JSON does"),
    "empty": ("truncated", "its entry is an empty file"),
    "invalid": ("truncated", "its entry is no readable JSON"),
    "tombstone": ("deleted by user", "a tombstone stands in its place"),
}
FRESH_S = 60
CALM = frozenset({"healthy", "empty stub", "other account", "deleted by user", "CLI only", "remote"})


@dataclass(frozen=True, slots=True)
class State:
    """What is said of one conversation; ``cli_id`` is the transcript that it belongs to, lower case."""

    state: str
    proof: str
    cli_id: str = ""


def best_entry(known: Known) -> Row | None:
    """Return the entry that counts: a saved one before a temporary one, a readable one before a damaged one."""
    return min(known.entries, key=lambda row: (bool(row["IsTmp"]), row["ParseState"] != "ok"), default=None)


def best_transcript(known: Known, wanted: str = "") -> Row | None:
    """Return the transcript *wanted*, else the largest with messages, else the largest."""
    named = [row for row in known.transcripts if lower(row["CliSessionId"]) == wanted.lower()]
    chosen = named or sorted(known.transcripts, key=lambda r: (not r["HasMessages"], -(r["FileSize"] or 0)))
    return chosen[0] if chosen else None


def state_of(known: Known) -> State:
    """Return the state of a conversation."""
    entry = best_entry(known)
    return _listed(known, entry) if entry else _unlisted(known)


def _listed(known: Known, entry: Row) -> State:
    cli = lower(entry["CliSessionId"])
    if entry["ParseState"] in FILE_STATES:
        transcript = best_transcript(known, cli)
        return State(*FILE_STATES[str(entry["ParseState"])], lower(transcript["CliSessionId"]) if transcript else cli)
    if entry["IsTmp"]:
        return State("unsaved (.tmp only)", "its entry exists only under the temporary name", cli)
    if entry["IsRemote"]:
        return State("remote", "its working folder is on another machine", cli)
    transcript = next((row for row in known.transcripts if lower(row["CliSessionId"]) == cli), None)
    return _without(known, entry, cli) if transcript is None else _with_transcript(entry, transcript, cli)


def _without(known: Known, entry: Row, cli: str) -> State:
    """Return the state of a readable entry whose own transcript is not in the evidence."""
    if not cli:
        return State(*_at_home(entry, "its entry is readable; no CLI was started yet"))
    other = best_transcript(known)
    if other is not None and other["HasMessages"] and _relinkable(known, other):
        return State(
            "orphaned",
            "no transcript has the id its entry names; the log knows its transcript",
            lower(other["CliSessionId"]),
        )
    if entry["TranscriptUnavailable"]:
        return State("transcript missing", "its entry says that the transcript is not on disk", cli)
    if entry["HasTranscript"] is False and not entry["CleanedUp"]:
        return State("transcript missing", "no transcript has the id its entry names", cli)
    return State("unknown", "its transcript is not in the evidence", cli)


def _relinkable(known: Known, transcript: Row) -> bool:
    """Return whether the log maps *transcript* to this conversation; one before (``priorCliSessionIds``) is no loss."""
    return lower(transcript["CliSessionId"]) in known.mapped


def _with_transcript(entry: Row, transcript: Row, cli: str) -> State:
    if transcript["NulLineCount"]:
        return State("null-filled", f"{transcript['NulLineCount']} lines of its transcript hold null bytes", cli)
    if entry["TranscriptUnavailable"]:
        return State("transcript missing", "its entry says that the transcript is not on disk", cli)
    if not transcript["HasMessages"]:
        return State("empty stub", "its transcript holds no message", cli)
    return State(*_at_home(entry, "its entry is readable and its transcript is there"), cli)


def _at_home(entry: Row, proof: str) -> tuple[str, str]:
    if entry["AccountActive"] is False:
        return "other account", "its entry lies in the folder of an account that is not signed in"
    return "healthy", proof


def _unlisted(known: Known) -> State:
    row = best_transcript(known)
    cli = lower(row["CliSessionId"]) if row else next(iter(sorted(known.cli_ids)), "")
    if known.deleted or (row and (row["DeletedByUser"] or row["Released"])):
        return State("deleted by user", "the app marked it as deleted or released", cli)
    if row is None:
        return _mentioned(known, cli)
    if not row["HasMessages"]:
        return State("empty stub", "its transcript holds no message and no entry names it", cli)
    if row["HasRegistryEntry"]:
        return State("unknown", "its transcript belongs to another entry now", cli)
    if row["OwnedByDesktop"] and row["HasRegistryEntry"] is False:
        return State("orphaned", "the app wrote this transcript, and no entry names it", cli)
    if row["OwnedByDesktop"]:
        return State("unknown", "the app wrote this transcript; its list is not in the evidence", cli)
    return State("CLI only", "held in a terminal; such conversations have no entry in the app", cli)


def _mentioned(known: Known, cli: str) -> State:
    live = [row for table, row in known.mentions if table == "cli_session"]
    if live and live[0]["Entrypoint"] != "claude-desktop":
        return State("CLI only", "the CLI's live registry names it; it has no transcript here", cli)
    where = {"worktree": "a worktree's lease", "app_log": "the log", "cli_session": "the CLI's live registry"}
    names = dict.fromkeys(where[table] for table, _ in known.mentions) or {"the log": None}
    return State("unknown", f"only {' and '.join(names)} names it: no entry and no transcript is in the evidence", cli)


def saving(known: Known, said: State, templates: Iterable[Row]) -> tuple[str, str]:
    """Return what can be saved of a conversation (`YES`, `PARTLY`, `NO`, `NOTHING`) and how, in a few words."""
    row = best_transcript(known, said.cli_id)
    if row is not None and row["NulLineCount"] and said.state in ("null-filled", "CLI only") and not _hurt(known):
        return PARTLY, "take the lines of null bytes out of its transcript; what stood there is lost"
    if said.state in CALM:
        return NOTHING, "sign in with its account" if said.state == "other account" else ""
    if said.state == "unsaved (.tmp only)":
        if _fresh(known):
            return NOTHING, "written within the last minute: the app may still be saving it"
        return YES, "give its complete .tmp the name that the app reads"
    if said.state in ("null-filled", "truncated") and spare(known):
        return YES, "its .tmp is complete: put it in the place of the damaged entry"
    if said.state in ("null-filled", "truncated", "orphaned"):
        return _rebuilding(known, row, templates)
    return (
        (NOTHING, "") if said.state == "unknown" and best_entry(known) else (NO, "nothing to save is in the evidence")
    )


def _hurt(known: Known) -> bool:
    entry = best_entry(known)
    return bool(entry and entry["ParseState"] != "ok")


def _fresh(known: Known) -> bool:
    """Return whether its newest file was written in the minute before the evidence was taken: a save under way."""
    return any(row["AgeSeconds"] is not None and row["AgeSeconds"] < FRESH_S for row in known.entries)


def spare(known: Known) -> Row | None:
    """Return the readable temporary copy beside a damaged entry, if there is one."""
    return next((row for row in known.entries if row["ParseState"] == "ok" and row["IsTmp"]), None)


def _rebuilding(known: Known, transcript: Row | None, templates: Iterable[Row]) -> tuple[str, str]:
    if transcript is None or not transcript["HasMessages"]:
        return NO, "no transcript with messages is in the evidence"
    entry = best_entry(known)
    if entry is not None and entry["ParseState"] == "ok":
        return YES, "point the cliSessionId of its entry to the transcript that the log knows"
    if any(True for _ in templates):
        return YES, "rebuild its entry from the newest readable one and from its transcript"
    return PARTLY, "rebuild a bare entry from its transcript: no readable one is there as a template"


def template_rows(entries: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return the readable saved entries of conversations of this machine, the newest first."""
    fit = [r for r in entries if r["ParseState"] == "ok" and not r["IsTombstone"] and not r["IsRemote"]]
    return sorted(fit, key=lambda r: (bool(r["IsTmp"]), -_stamp(r), str(r["SessionId"])))


def _stamp(row: Row) -> float:
    time = row["LastActivityAt"] or row["TimeCreated"]
    return time.timestamp() if time is not None else 0.0
