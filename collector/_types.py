"""The types that pass between the collector's modules: standard library only.

Host paths are written as the host writes them but with ``/`` (``C:/Users/alice/…``, ``/home/alice/…``); a `Path` is a
place on the machine that collects, which differs from the host's where a mounted disk is collected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol

from claude_evidence.model import Acquisition


class Store(StrEnum):
    """What of a found file enters the bundle."""

    CONTENT = "content"  # its bytes, scrubbed
    METADATA = "metadata"  # a ….meta.json that describes it: transcripts, files over their size cap
    PRESENCE = "presence"  # its acquisition only: that it is there, its size and time
    NOTHING = "nothing"  # read for the values that identify, never stored, not even named


class Scrub(StrEnum):
    """How bytes are made private: which structure the redaction may rely on."""

    TEXT = "text"  # logs and command output, in whatever encoding
    JSON = "json"  # known keys keep their (scrubbed) values, other strings become a length and a token
    EVTX = "evtx"  # binary event log, scrubbed in place
    OWN = "own"  # made by the collector out of scrubbed or harmless values: checked, replaced like text


class Kind(StrEnum):
    """What a value that identifies is; its token begins with this word (``user-3fa94c``)."""

    USER = "user"
    FULL_NAME = "name"
    HOST = "host"
    DOMAIN = "domain"
    SID = "sid"
    EMAIL = "email"
    ACCOUNT = "account"
    ORGANISATION = "org"
    SECRET = "secret"  # noqa: S105 - the name of a class
    VALUE = "value"  # MCP environment values and headers, and other free text under a key nobody knows
    TITLE = "title"
    PATH = "path"  # a part of a path that the user chose
    ADDRESS = "ip"


@dataclass(frozen=True, slots=True)
class Identity:
    """One value that identifies, as discovered. Where ``anywhere`` is False (names under 4 characters, or equal to a
    product or system word such as ``claude`` or ``admin``) it identifies only in an identity position: a profile path,
    an account field, an e-mail address, next to a SID.
    """

    kind: Kind
    value: str
    anywhere: bool = True


@dataclass(frozen=True, slots=True)
class Source:
    """One source of an artifact, as in the ForensicArtifacts format.

    ``type`` is FILE, PATH (a folder, listed whole), REGISTRY_KEY, REGISTRY_VALUE or COMMAND; ``names`` are paths, keys
    (``KEY\\value`` for a value) or the command line's words. Paths hold ``%%users.localappdata%%``-like variables, and
    ``*``, ``?`` and ``**`` as wildcards. ``systems`` are those it holds for, empty for all of its artifact's.
    """

    type: str
    names: tuple[str, ...]
    systems: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Artifact:
    """One kind of evidence with its places on a host, and how it is collected (``collect:`` in artifacts.yaml).

    ``systems`` ⊆ windows, macos, linux. Files over ``max_bytes`` are stored as metadata; files last written longer than
    ``max_age_days`` before the newest evidence are skipped. ``rank`` orders the filling of the budget: 0 first.
    ``keys`` is the allow-list of JSON paths whose values are stored at all, empty where the scrub's own list counts.
    ``probe`` names the module of ``collector`` (a `Probe`) that answers the sources, empty for plain files; ``state``
    is the name below ``data/state/`` of what it makes (``packages.txt``).
    """

    name: str
    doc: str
    systems: frozenset[str]
    sources: tuple[Source, ...]
    store: Store = Store.CONTENT
    scrub: Scrub = Scrub.TEXT
    max_bytes: int = 64 << 20
    max_age_days: int | None = None
    rank: int = 5
    keys: frozenset[str] = frozenset()
    probe: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """One profile on the host; ``profile`` is its host path, ``sid`` empty where nobody said it."""

    name: str
    profile: str
    sid: str = ""
    full_name: str = ""


class Host(Protocol):
    """The machine whose evidence is collected: this one, or a disk of another one below a folder."""

    system: str
    """windows, macos or linux."""
    live: bool
    """Whether it is this machine, so that commands and the registry answer."""

    def users(self) -> tuple[User, ...]:
        """Return the profiles that may be read: every real one (never Default or Public)."""

    def drives(self) -> tuple[str, ...]:
        """Return the roots of fixed drives, ``C:/`` … on Windows, ``/`` elsewhere."""

    def local(self, path: str) -> Path:
        """Return where host *path* lies here, without regard to case where the host has none; it need not exist."""

    def facts(self) -> Mapping[str, str]:
        """Return what the manifest's ``host`` says: name, os, build, domain … as short texts."""

    def zone(self) -> tuple[str | None, int | None]:
        """Return the IANA time zone and the UTC offset in seconds, None where nobody says."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that will be stored: its bytes come from ``open``, raw; the scrub and the bundle come later.

    ``source`` is the host path, or the command line. ``state_name`` is set for command output and other state
    (``packages.txt`` → ``data/state/packages.txt``); else the member's name comes from the scrubbed ``source``.
    ``size_bytes`` is what the raw bytes are expected to be. ``note`` goes into the acquisition's detail.
    """

    artifact: Artifact
    source: str
    open: Callable[[], BinaryIO]
    size_bytes: int
    modified_at: datetime | None = None
    acquired_at: datetime | None = None
    state_name: str = ""
    scrub: Scrub = Scrub.TEXT
    meta: bool = False
    note: str = ""


class Discovery(Protocol):
    """The first pass: it sees everything, stored or not, before a byte is scrubbed."""

    def fact(self, kind: Kind, value: str) -> None:
        """Note a value that somebody knows to identify (a user's name, a SID, the host's name)."""

    def path(self, path: str) -> None:
        """Note what a host *path* tells (the name of a profile, the parts below it)."""

    def stream(self, item: Item, source: BinaryIO) -> None:
        """Read the raw bytes of *item* to their end and note every value that identifies."""

    def redactor(self) -> Redactor:
        """Return what replaces everything noted so far."""


class Redactor(Protocol):
    """Makes everything that is stored private; made once the discovery has seen everything."""

    identities: tuple[Identity, ...]
    """What was discovered: the audit looks for each of them."""
    mapping: Mapping[str, str]
    """Token to value, of every value replaced so far; it never enters a bundle."""
    counts: Mapping[str, int]
    """How many values were replaced, by kind."""

    def text(self, text: str) -> str:
        """Return a short *text* (path, command line, detail, fact) with every identifying value replaced."""

    def path(self, path: str) -> str:
        """Return a host *path* scrubbed part by part; the same path gives the same result."""

    def fact(self, kind: Kind, value: str) -> str:
        """Return the token of *value*, of which somebody knows that it identifies: nothing needs to be found in it."""

    def stream(self, item: Item, source: BinaryIO) -> Iterator[bytes]:
        """Yield the scrubbed bytes of *item*, read from *source*, in pieces; memory stays bounded for logs."""


class Probe(Protocol):
    """The shape of a module of ``collector`` named ``probe_*``: state that is asked for, not copied."""

    def collect(self, artifact: Artifact, host: Host, work: Path, options: Options) -> Iterator[Item | Acquisition]:
        """Yield what came of *artifact*: items to store, and an acquisition for each thing that could not be had.

        *work* is an empty private folder for exports; nothing else is written. Never raises for what the host does.
        """


@dataclass(frozen=True, slots=True)
class Options:
    """What the person asked of one run. ``since_days`` counts back from the newest record on the host."""

    since_days: int = 90
    max_size_bytes: int = 25 * 1000 * 1000
    redact: bool = True
    redact_ips: bool = False
    command_timeout_s: float = 60.0
    key_path: Path | None = None
    progress: Callable[[str, int, int], None] = field(default=lambda item, done, total: None)
