"""What can be saved of one conversation in its state, and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from claude_evidence.analyzers._ledger_listed import Row
from claude_evidence.analyzers._ledger_proofs import State as State
from claude_evidence.analyzers._ledger_proofs import best_entry as best_entry
from claude_evidence.analyzers._ledger_proofs import best_transcript as best_transcript
from claude_evidence.analyzers._ledger_proofs import relinkable as relinkable
from claude_evidence.analyzers._ledger_proofs import state_of as state_of
from claude_evidence.analyzers._ledger_seen import Known
from claude_evidence.analyzers._rows import lower
from claude_evidence.messages import gettext_noop, joined, lazy_gettext

YES, PARTLY, NO = gettext_noop("yes"), gettext_noop("partly"), gettext_noop("no")
NOTHING = gettext_noop("nothing to do")
UNKNOWN = gettext_noop("unknown")
FRESH_S = 60
NUL_LINES = lazy_gettext("take the lines of null bytes out of its transcript; what stood there is lost")
NO_MESSAGES = lazy_gettext("no transcript with messages is in the evidence")
NOT_ALL = lazy_gettext("not all of its files are in the evidence")
NOTHING_HERE = lazy_gettext("nothing to save is in the evidence")


def saving(known: Known, said: State, templates: Iterable[Row]) -> tuple[str, str]:
    """Return what can be saved of a conversation (`YES`, `PARTLY`, `NO`, `UNKNOWN`, `NOTHING`), and how."""
    row = best_transcript(known, said.cli_id)
    spoken = row is not None and bool(row["HasMessages"])
    if said.state == "unsaved (.tmp only)":
        return _temporary(known)
    if said.state in ("null-filled", "truncated") and _hurt(known):
        if _fresh(known):
            return NOTHING, lazy_gettext("written within the last minute: the app may still be saving it")
        return _in_its_place(known) or _rebuilding(known, row, templates)
    if said.state == "orphaned":
        return _rebuilding(known, row, templates)
    if row is not None and row["NulLineCount"] and said.state in ("null-filled", "CLI only"):
        return (
            (PARTLY, NUL_LINES) if spoken else (NO, lazy_gettext("its transcript holds no message beside null bytes"))
        )
    if said.state == "transcript missing":
        return (
            (NOTHING, lazy_gettext("its transcript is there: resume it in a terminal"))
            if spoken
            else (NO, NOTHING_HERE)
        )
    if said.state == "empty stub":
        return _stub(known)
    if said.state == "unknown":
        return _unknown(known, row)
    return NOTHING, lazy_gettext("sign in with its account") if said.state == "other account" else ""


def _hurt(known: Known) -> bool:
    entry = best_entry(known)
    return bool(entry and entry["ParseState"] != "ok")


def _temporary(known: Known) -> tuple[str, str]:
    entry = best_entry(known)
    if _fresh(known):
        return NOTHING, lazy_gettext("written within the last minute: the app may still be saving it")
    if entry is None or entry["ParseState"] != "ok":
        return PARTLY, lazy_gettext("if its .tmp is complete, give it the name that the app reads")
    if not _own(entry):
        return NO, lazy_gettext("its .tmp names another conversation: look at it by hand")
    return YES, lazy_gettext("give its complete .tmp the name that the app reads")


def _fresh(known: Known) -> bool:
    """Return whether its newest file was written in the minute before the evidence was taken: a save under way."""
    ages = [row["AgeSeconds"] for row in known.entries if row["AgeSeconds"] is not None]
    return bool(ages) and 0 <= min(ages) < FRESH_S


def spare(known: Known) -> Row | None:
    """Return the newest readable copy of a damaged entry, temporary or in another folder, that names no other."""
    fit = (row for row in known.entries if row["ParseState"] == "ok" and not row["IsTombstone"] and _own(row))
    return max(fit, key=lambda row: (_stamp(row), bool(row["IsTmp"])), default=None)


def _own(row: Row) -> bool:
    return lower(row["InnerSessionId"]) in ("", lower(row["SessionId"]))


def _in_its_place(known: Known) -> tuple[str, str] | None:
    copy = spare(known)
    if copy is None:
        return None
    if copy["IsTmp"]:
        return YES, lazy_gettext("its .tmp is complete: put it in the place of the damaged entry")
    return YES, lazy_gettext("a readable copy lies in another folder: put it in the place of the damaged entry")


def _rebuilding(known: Known, transcript: Row | None, templates: Iterable[Row]) -> tuple[str, str]:
    if transcript is None or not transcript["HasMessages"]:
        listing = transcript is not None and transcript["HasMessages"] is None
        return (
            (PARTLY, lazy_gettext("if its transcript has messages, rebuild its entry from it"))
            if listing
            else (NO, NO_MESSAGES)
        )
    whole, how = _entry_of(known, templates)
    if transcript["NulLineCount"]:
        return PARTLY, joined([how, NUL_LINES], "; ")
    return whole, how


def _entry_of(known: Known, templates: Iterable[Row]) -> tuple[str, str]:
    entry = best_entry(known)
    if entry is not None and entry["ParseState"] == "ok":
        return YES, lazy_gettext("point the cliSessionId of its entry to the transcript that has its messages")
    if any(True for _ in templates):
        return YES, lazy_gettext("rebuild its entry from the newest readable one and from its transcript")
    return PARTLY, lazy_gettext("rebuild a bare entry from its transcript: no readable one is there as a template")


def _stub(known: Known) -> tuple[str, str]:
    """Return what can be saved where a transcript is empty: nothing was lost unless the entry counts turns."""
    entry = best_entry(known)
    if entry is None or not entry["CompletedTurns"]:
        return NOTHING, ""
    return NO, lazy_gettext("what its transcript held is not in the evidence; a backup may have it")


def _unknown(known: Known, transcript: Row | None) -> tuple[str, str]:
    entry = best_entry(known)
    if entry is not None and entry["CleanedUp"]:
        return NO, lazy_gettext("the CLI has deleted its transcript; a backup may have it")
    if entry is not None:
        return UNKNOWN, NOT_ALL
    if transcript is None:
        return NO, NOTHING_HERE
    if transcript["OwnedByDesktop"] and transcript["HasMessages"] and transcript["HasRegistryEntry"] is None:
        return PARTLY, lazy_gettext("if no list has it, rebuild a bare entry from its transcript")
    return UNKNOWN, NOT_ALL


def template_rows(entries: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return the readable saved entries of conversations of this machine, the newest first."""
    fit = [r for r in entries if r["ParseState"] == "ok" and not r["IsTombstone"] and not r["IsRemote"]]
    return sorted(fit, key=lambda r: (bool(r["IsTmp"]), -_stamp(r), str(r["SessionId"])))


def _stamp(row: Row) -> float:
    time = row["LastActivityAt"] or row["TimeCreated"]
    return time.timestamp() if time is not None else 0.0
