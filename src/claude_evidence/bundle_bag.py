"""BagIt (RFC 8493): where a bag begins, what it promises of its files, and whether that is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from claude_evidence.bundle_entry import Entry
from claude_evidence.bundle_paths import is_tame, safe_name
from claude_evidence.model import Acquisition, Manifest

DECLARATION = "bagit.txt"
COLLECTION = "data/collection.json"
PAYLOAD_MANIFEST = "manifest-sha256.txt"
INFO = "bag-info.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
_BEGINNINGS = {DECLARATION, COLLECTION}
META_SUFFIX = ".meta.json"
_LINE = re.compile(r"([0-9A-Fa-f]{64})[ \t]+\*?(.+)\Z")
_ESCAPES = {"%0a": "\n", "%0d": "\r", "%25": "%"}
_TAG_FILE = re.compile(r"(?:bagit|bag-info|fetch|(?:tag)?manifest-[a-z0-9]+)\.txt\Z")
_OWN_FILE = re.compile(r"(?:data/)?(?:collection\.json|redaction\.json|collect(?:ion|or)?\.log)\Z")


@dataclass(slots=True)
class Bag:
    """A bag below ``base`` (empty or ending in ``/``), its files by their path in it, and what it promises of them.

    ``manifest`` is set only for our own bundles; ``sources`` are its acquisitions by member; ``info`` is bag-info.txt;
    ``flaws`` are (path, message) of what was found wrong when it was opened.
    """

    base: str
    files: dict[str, list[Entry]]
    manifest: Manifest | None = None
    info: str = ""
    payload: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    sources: dict[str, Acquisition] = field(default_factory=dict)
    flaws: list[tuple[str, str]] = field(default_factory=list)

    def promised(self, path: str) -> set[str]:
        """Return the hashes that the bag promises for *path*; empty where it promises none."""
        hashes = {self.payload.get(path, ""), self.tags.get(path, "")}
        source = self.sources.get(path)
        if source and source.sha256 and not path.endswith(META_SUFFIX):
            hashes.add(source.sha256)
        return hashes - {""}

    def is_bookkeeping(self, path: str) -> bool:
        """Return whether the file at *path* describes the bag and is no evidence itself."""
        return bool(_TAG_FILE.match(path) or (self.manifest and _OWN_FILE.match(path)))


def by_base(entries: Iterable[Entry]) -> dict[str, dict[str, list[Entry]]]:
    """Return the files of what may be bags, by base and path: one at the top, else those one folder down."""
    by_folder: dict[str, dict[str, list[Entry]]] = {}
    whole: dict[str, list[Entry]] = {}
    for entry in entries:
        whole.setdefault(entry.name, []).append(entry)
        folder, slash, path = entry.name.partition("/")
        by_folder.setdefault(folder + slash, {}).setdefault(path, []).append(entry)
    if _BEGINNINGS & whole.keys():
        return {"": whole}
    return {base: files for base, files in sorted(by_folder.items()) if _BEGINNINGS & files.keys()}


def promises(text: str) -> tuple[dict[str, str], list[str]]:
    """Return hash by path out of a manifest's *text*, and what is wrong with its lines."""
    found: dict[str, str] = {}
    wrong = []
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text.removeprefix("\ufeff")), 1):
        match = _LINE.match(line)
        if not match:
            if line.strip():
                wrong.append(f"no hash and path: line {number}")
            continue
        path = re.sub("%(?:0[AaDd]|25)", lambda escape: _ESCAPES[escape[0].lower()], match[2]).removeprefix("./")
        if not is_tame(path):
            wrong.append(f"an unsafe path: line {number}")
            path = safe_name(path)
        if found.setdefault(path, match[1].lower()) != match[1].lower():
            wrong.append(f"another hash for a path named before: line {number}")
    return found, wrong


def differences(bag: Bag) -> Iterator[tuple[str, str]]:
    """Yield (path, message) for what a bag's lists say against what is there; hashes are compared elsewhere."""
    yield from bag.flaws
    for name in (DECLARATION, PAYLOAD_MANIFEST):
        if name not in bag.files:
            yield name, "is missing: the bag is not complete"
    if bag.manifest and TAG_MANIFEST not in bag.files:
        yield TAG_MANIFEST, "is missing: nothing vouches for the bag's own lists"
    for path in sorted((bag.payload.keys() | bag.tags.keys()) - bag.files.keys()):
        yield path, "is missing: the bag promises it"
    for path in sorted(bag.sources.keys() - bag.files.keys() - bag.payload.keys()):
        yield path, "is missing: the collection names it"
    for path, entries in bag.files.items():
        if len(entries) > 1:
            yield path, f"is there {len(entries)} times"
        if extra := _extra(bag, path):
            yield path, extra


def _extra(bag: Bag, path: str) -> str:
    if path == "fetch.txt":
        return "names files that lie elsewhere: they are not fetched"
    if path.startswith("data/"):
        promised = path in bag.payload or PAYLOAD_MANIFEST not in bag.files  # no list at all is said once
        return "" if promised else "is extra: the bag does not promise it"
    if not bag.tags or path in bag.tags or path.startswith("tagmanifest-"):
        return ""
    return "is extra: the bag's tag manifest does not promise it"


def oxum_difference(bag: Bag) -> str:
    """Return how the payload, read already, differs from the bag's Payload-Oxum; empty where it does not."""
    stated = re.search(r"(?im)^Payload-Oxum:\s*(\d{1,20})\.(\d{1,20})\s*$", bag.info)
    payload = [entry for path, entries in bag.files.items() if path.startswith("data/") for entry in entries]
    size, count = sum(entry.read_bytes for entry in payload), len(payload)
    if not stated or (int(stated[1]), int(stated[2])) == (size, count):
        return ""
    return f"promises {int(stated[1]):,} bytes in {int(stated[2]):,} files, and {size:,} bytes in {count:,} are there"
