"""What can be saved of each conversation, and from which members: the plan of a recovery, made from tables alone."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from claude_evidence.analyzers._app_history import AppHistory
from claude_evidence.analyzers._ledger_listed import Row
from claude_evidence.analyzers._ledger_seen import Known, conversations
from claude_evidence.analyzers._ledger_states import (
    NOTHING,
    PARTLY,
    YES,
    best_entry,
    best_transcript,
    relinkable,
    spare,
    state_of,
    template_rows,
)
from claude_evidence.analyzers._rows import lower, records
from claude_evidence.analyzers.ledger import conversation
from claude_evidence.model import Conversation
from claude_evidence.recovery_types import Repair, Way

CODE = "claude-code-sessions"
# As the app itself knows its entries: what bears another name is no entry to it.
_SESSION = re.compile(r"local_[A-Za-z0-9-]{1,64}")
_COWORK = re.compile(r"(?P<folder>(?:.*/)?local-agent-mode-sessions/[^/]+/[^/]+)/(?P<id>local_[A-Za-z0-9-]{1,64})/")
_PROFILE = re.compile(r"(?P<parent>(?:.*?/)?(?:users|home|documents and settings))/(?P<name>[^/]+)/", re.IGNORECASE)
_NAMESPACE = uuid.UUID("6f1c0a52-6a0c-4b0c-9c57-6a3a4f2f7d10")


@dataclass(frozen=True, slots=True)
class _Field:
    """What all conversations of the evidence share."""

    templates: Sequence[Row]
    entries: Sequence[Row]
    leases: Mapping[str, Row]
    named: Mapping[str, str]


def repairs(tables: Mapping[str, pd.DataFrame], history: AppHistory) -> tuple[tuple[Repair, ...], int]:
    """Return what is to be done per lost conversation of the joined *tables*, and how many need nothing."""
    # what only a listing names is no file that anything could be taken from
    tables = {**tables, "file_inventory": tables["file_inventory"].iloc[:0]}
    seen = conversations(tables, history)
    entries = [row for known in seen for row in known.entries]
    leases = {lower(row["LeasedBy"]): row for row in records(tables["worktree"]) if row["LeasedBy"]}
    shared = _Field(template_rows(entries), entries, leases, _named(entries))
    told = [(known, conversation(known, shared.templates, {})) for known in seen]
    lost = [(known, row) for known, row in told if row.recoverable != NOTHING]
    found = [_repair(known, row, shared) for known, row in sorted(lost, key=_order)]
    return tuple(_each_once(found)), len(told) - len(lost)


def _order(one: tuple[Known, Conversation]) -> tuple[int, str, str]:
    row = one[1]
    return (
        (YES, PARTLY).index(row.recoverable) if row.recoverable in (YES, PARTLY) else 2,
        row.session_id,
        row.cli_session_id,
    )


def _named(entries: Iterable[Row]) -> dict[str, str]:
    """Return which conversation's readable entry names a transcript, by the transcript's id."""
    live = (row for row in entries if row["ParseState"] == "ok" and row["CliSessionId"])
    return {lower(row["CliSessionId"]): lower(row["SessionId"]) for row in sorted(live, key=lambda r: not r["IsTmp"])}


def _each_once(found: Iterable[Repair]) -> Iterable[Repair]:
    """Yield the repairs, of several that would write one place or take one transcript only the first as it is."""
    places: dict[str, str] = {}
    transcripts: dict[str, str] = {}
    for repair in found:
        cli = repair.cli_session_id.lower()
        if (
            repair.way is not Way.NOTHING
            and repair.target
            and places.setdefault(repair.target.lower(), repair.session_id) != repair.session_id
        ):
            yield _none(repair, f"its entry would take the place of {places[repair.target.lower()]}'s")
        elif (repair.relink or repair.way in (Way.REBUILD, Way.RELINK)) and transcripts.setdefault(
            cli, repair.session_id
        ) != repair.session_id:
            yield _none(repair, f"its transcript is given to {transcripts[cli]}, which may be the same conversation")
        else:
            yield repair


def _none(repair: Repair, reason: str) -> Repair:
    return replace(repair, way=Way.NOTHING, reason=reason, recoverable="no")


def _repair(known: Known, row: Conversation, shared: _Field) -> Repair:
    said = state_of(known)
    entry, transcript = best_entry(known), best_transcript(known, said.cli_id)
    repair = Repair(
        row.session_id, row.cli_session_id, row.state, row.proof, row.recoverable, row.how, Way.NOTHING,
        entry=_member(entry), transcript=_member(transcript), mend=_damaged(transcript),
    )  # fmt: skip
    if row.recoverable not in (YES, PARTLY):
        return replace(repair, reason=row.how or "nothing to save is in the evidence")
    if entry is not None and (entry["IsTmp"] or entry["ParseState"] != "ok") and (source := _readable(known, entry)):
        if source["InnerSessionId"] or transcript is None or not transcript["HasMessages"]:
            return _from_copy(repair, source, entry, known, shared)
    elif entry is not None and entry["ParseState"] == "ok":
        return _relink(repair, entry, transcript, shared)
    if row.state == "CLI only":
        return replace(repair, way=Way.MEND)
    return _rebuild(repair, known, entry, transcript, shared)


def _damaged(transcript: Row | None) -> bool:
    return transcript is not None and bool(transcript["NulLineCount"] or transcript["BadLineCount"])


def _member(row: Row | None) -> str:
    return str(row["Member"]) if row else ""


def _place(folder: str, session: str) -> str:
    return f"{folder}/{session}.json" if folder else f"{session}.json"


def _folder(row: Row) -> str:
    return str(row["Member"]).rpartition("/")[0]


def _stuck(known: Known) -> tuple[str, ...]:
    return tuple(str(row["Member"]) for row in known.entries if row["IsTmp"] and not row["IsQuarantined"])


def _readable(known: Known, entry: Row) -> Row | None:
    """Return what can take the entry's place: itself under its temporary name, its .tmp, a copy in another folder."""
    return entry if entry["ParseState"] == "ok" else spare(known)


def _from_copy(repair: Repair, source: Row, entry: Row, known: Known, shared: _Field) -> Repair:
    session = str(entry["SessionId"])
    if not _SESSION.fullmatch(session):
        return _none(repair, "the app takes no entry of this name")
    inner = source["InnerSessionId"]
    if not inner:
        return _none(repair, "its copy does not say which conversation it is: look at it by hand")
    if lower(inner) != session.lower():
        return _none(repair, f"its temporary copy names another conversation, {inner}: look at it by hand")
    owner = shared.named.get(lower(source["CliSessionId"]), session.lower())
    if owner != session.lower():
        return _none(repair, f"its transcript belongs to {owner}, whose entry can be read")
    target = _place(_folder(entry), session)
    way = Way.FROM_TMP if source["IsTmp"] else Way.FROM_COPY
    repair = replace(repair, way=way, target=target, source=_member(source), aside=_beside(known, target))
    other = _other_transcript(known, source)
    if other is None or shared.named.get(lower(other["CliSessionId"]), session.lower()) != session.lower():
        return repair
    cli = str(other["CliSessionId"])
    return replace(repair, relink=True, cli_session_id=cli, transcript=_member(other), mend=_damaged(other))


def _other_transcript(known: Known, entry: Row) -> Row | None:
    """Return the transcript that the log knows where *entry*'s own is not there or lost its messages."""
    cli = lower(entry["CliSessionId"])
    own = next((row for row in known.transcripts if lower(row["CliSessionId"]) == cli), None)
    emptied = own is not None and own["HasMessages"] is False and bool(entry["CompletedTurns"])
    return relinkable(known, cli) if (own is None or emptied) and not entry["IsRemote"] else None


def _beside(known: Known, target: str) -> tuple[str, ...]:
    return tuple(name for name in _stuck(known) if name.lower() == f"{target}.tmp".lower())


def _relink(repair: Repair, entry: Row, transcript: Row | None, shared: _Field) -> Repair:
    if repair.state != "orphaned":
        return replace(repair, way=Way.MEND)
    if transcript is None or not _SESSION.fullmatch(str(entry["SessionId"])):
        return _none(repair, "the app takes no entry of this name")
    owner = shared.named.get(lower(transcript["CliSessionId"]))
    if owner is not None:
        return _none(repair, f"its transcript belongs to {owner}, whose entry can be read")
    return replace(repair, way=Way.RELINK, target=_member(entry), cli_session_id=str(transcript["CliSessionId"]))


def _rebuild(repair: Repair, known: Known, entry: Row | None, transcript: Row | None, shared: _Field) -> Repair:
    if transcript is None:
        return _none(repair, "no transcript with messages is in the evidence")
    folder, session, doubt = _home(known, entry, transcript, shared)
    others = (row["InnerSessionId"] for row in known.entries if not row["IsTombstone"])
    other = next((name for name in others if lower(name) not in ("", session.lower())), None)
    if other is not None:
        return _none(repair, f"what is left of its entry names another conversation, {other}: look at it by hand")
    cli = str(transcript["CliSessionId"])
    owner = shared.named.get(cli.lower(), session.lower())
    if not _SESSION.fullmatch(session):
        return _none(repair, "the app takes no entry of this name")
    if owner != session.lower():
        return _none(repair, f"its transcript belongs to {owner}, whose entry can be read")
    if folder is None:
        return _none(repair, f"{doubt}: sign in, start one new conversation, quit the app, and recover again")
    target = _place(folder, session)
    lease = shared.leases.get(session.lower())
    return replace(
        repair, way=Way.REBUILD, session_id=session, cli_session_id=cli, target=target,
        template=_member(_template(shared.templates, folder, session)), aside=_beside(known, target),
        rests=_rests(known, entry), named_by=_named_by(known, entry, str(transcript["Member"]), session), doubt=doubt,
        worktree={k: str(lease[k]) for k in ("Name", "Path", "Branch", "SourceBranch") if lease[k]} if lease else {},
    )  # fmt: skip


def _named_by(known: Known, entry: Row | None, transcript: str, session: str) -> str:
    """Return where the id of a rebuilt entry comes from."""
    if entry is not None:
        return "its file's name"
    if _COWORK.match(transcript):
        return "the name of its folder"
    return "what else names it, as the app's log" if lower(known.session_id) == session.lower() else "made for it"


def _rests(known: Known, entry: Row | None) -> tuple[str, ...]:
    """Return the damaged entries that may still say something, *entry* first, then the last written."""
    hurt = [row for row in known.entries if row["ParseState"] != "ok" and not row["IsTombstone"]]
    return tuple(_member(row) for row in sorted(hurt, key=lambda row: (row is not entry, -_written(row))))


def _written(row: Row) -> float:
    return row["TimeCreated"].timestamp() if row["TimeCreated"] is not None else 0.0


def _home(known: Known, entry: Row | None, transcript: Row, shared: _Field) -> tuple[str | None, str, str]:
    """Return the folder that the entry belongs into, the conversation's id, and what is not sure about the folder.

    The folder is None where nobody knows it.
    """
    if entry is not None:
        return _folder(entry), str(entry["SessionId"]), ""
    if cowork := _COWORK.match(str(transcript["Member"])):
        return cowork["folder"], cowork["id"], ""
    session = known.session_id or f"local_{uuid.uuid5(_NAMESPACE, lower(transcript['CliSessionId']))}"
    live = [row for row in (*shared.templates, *shared.entries) if row["Area"] == CODE]
    rows = [row for row in live if row["AccountActive"] is not False and not _strangers(row, transcript)]
    if not rows and any(_strangers(row, transcript) for row in live):
        return None, session, "it lies in the profile of a person for whom the app has no list here"
    if not rows:
        return None, session, "no folder of the app's list is known to put its entry into"
    if len({lower(row["Account"]) for row in rows}) > 1:
        return None, session, "several accounts have a list here, and nothing says which of them is signed in"
    return _folder(rows[0]), session, _which_list(rows)


def _strangers(one: Row, other: Row) -> bool:
    """Return whether two files lie in the profiles of two people of one machine."""
    mine, theirs = (_PROFILE.match(str(row["Member"]).lower()) for row in (one, other))
    return bool(mine and theirs and mine["parent"] == theirs["parent"] and mine["name"] != theirs["name"])


def _which_list(rows: Sequence[Row]) -> str:
    """Return what is not sure where the account has several lists, one for each organisation."""
    if len({_folder(row).rpartition("/")[2].lower() for row in rows}) < 2:
        return ""
    return (
        "Nothing says which organisation of the account it was held in: "
        f"it is put into the list that was used last ({_folder(rows[0]).rpartition('/')[2]})."
    )


def _template(templates: Sequence[Row], folder: str, session: str) -> Row | None:
    """Return the newest readable entry of *folder*, else of the same account's list; never of the conversation itself.

    Of another account never: its entries name its servers, its person and its settings.
    """
    others = [row for row in templates if lower(row["SessionId"]) != session.lower()]
    near: list[Any] = [row for row in others if _folder(row).lower() == folder.lower()]
    return next(iter([*near, *(row for row in others if _list(_folder(row)) == _list(folder) != "")]), None)


def _list(folder: str) -> str:
    """Return which account's list lies in *folder*: its area and account, nothing where the path does not tell."""
    *_, area, account, _ = ["", "", *folder.lower().split("/")]
    return f"{area}/{account}" if area.endswith("-sessions") else ""
