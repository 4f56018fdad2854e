"""What passes between the parts of a recovery: what is to be done, what came of it, and the plan that scripts follow.

Paths are POSIX. A *place* is a path below the root of what was read (``C/Users/…`` for a machine, a drive a folder);
``host`` is the same file on its own machine (``C:/Users/…``), empty where nobody knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

PLAN_FORMAT = "claude-evidence/recovery-plan/1"


class Way(StrEnum):
    """How a conversation is saved."""

    FROM_TMP = "its complete temporary copy takes the entry's name"
    FROM_COPY = "a readable copy in another folder takes the place of its damaged entry"
    RELINK = "its entry is pointed to the transcript that it lost"
    REBUILD = "its entry is built anew"
    MEND = "its transcript is mended; its entry stays as it is"
    NOTHING = "nothing can be done"


class Action(StrEnum):
    """What is done to one file: written anew (in whatever place there was none, too), or moved into the backup."""

    WRITE = "write"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class Repair:
    """One conversation that is lost, and what it can be saved from: names of members, empty where there is none.

    ``relink`` is whether a copy is pointed to ``cli_session_id`` as well, its own transcript not being there.
    ``target`` is the place of its entry. ``aside`` are stuck temporary files of it, which would keep the app from
    saving it again (#83584). ``rests`` are its damaged entries, the one that counts most first. ``worktree`` is the
    lease of a worktree that names it. ``named_by`` says where its id comes from. ``doubt`` is what is not sure about
    its place, in a sentence. ``reason`` says why `Way.NOTHING`.
    """

    session_id: str
    cli_session_id: str
    state: str
    proof: str
    recoverable: str
    how: str
    way: Way
    target: str = ""
    entry: str = ""
    source: str = ""
    transcript: str = ""
    template: str = ""
    mend: bool = False
    relink: bool = False
    aside: tuple[str, ...] = ()
    rests: tuple[str, ...] = ()
    worktree: Mapping[str, str] = field(default_factory=dict)
    named_by: str = ""
    doubt: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One file that the scripts change; ``before`` and ``after`` are SHA-256, None where there is no file.

    ``new`` is the file of the kit that takes its place; ``modified_ms`` the time of last write that it gets.
    """

    number: int
    conversation: int
    action: Action
    place: str
    host: str = ""
    new: str = ""
    before: str | None = None
    before_bytes: int | None = None
    after: str | None = None
    after_bytes: int | None = None
    modified_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """What became of one value of an entry, and what it came from."""

    name: str
    came_from: str


@dataclass(frozen=True, slots=True)
class Saved:
    """What the kit holds of one conversation; ``lost`` says in sentences what cannot be had again."""

    number: int
    repair: Repair
    title: str = ""
    folder: str = ""
    last_activity_at: datetime | None = None
    pieces: tuple[Piece, ...] = ()
    lost: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a kit says. ``system`` is windows, macos, linux or empty; ``live`` whether it is of this machine.

    ``kit_id`` marks its temporary files.
    """

    kit_id: str
    tool: str
    source: str
    system: str = ""
    live: bool = False
    saved: tuple[Saved, ...] = ()
    calm: int = 0
    notes: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """Every change, in order."""
        return tuple(change for one in self.saved for change in one.changes)
