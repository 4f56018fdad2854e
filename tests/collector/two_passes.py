"""Both passes of the redaction over a host in memory, packed into a plain zip: what a whole run does, and no more."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path

from claude_evidence.collector._types import Artifact, Item, Kind, Scrub, User
from claude_evidence.collector.discovery import Discovering
from claude_evidence.collector.redactor import Redacting
from claude_evidence.transcript import read_transcript
from tests.collector.planted_person import HostFile, Person

ARTIFACT = Artifact("Planted", "", frozenset({"windows"}), ())
KEY = bytes(range(32))


def make_bundle(who: Person, host: Iterable[HostFile], path: Path) -> Redacting:
    """Write the private bundle of *host* to *path*; return what made it private."""
    discovery = Discovering([User(who.user, f"C:/Users/{who.user}", who.sid, who.full_name)], KEY)
    discovery.fact(Kind.HOST, who.host)
    discovery.fact(Kind.DOMAIN, who.domain)
    items = [_item(file) for file in host]
    for item in items:
        discovery.path(item.source)
        discovery.stream(item, item.open())
    redactor = discovery.redactor()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for item in items:
            name = f"bundle/data/files/{redactor.path(item.source).replace(':', '')}"
            archive.writestr(name, b"".join(redactor.stream(item, item.open())))
        archive.writestr("bundle/data/redaction.json", json.dumps(redactor.report()))
        archive.writestr("bundle/data/collection.json", _manifest(who, items, redactor))
    return redactor


def _item(file: HostFile) -> Item:
    data, scrub = file.data, Scrub(file.scrub) if file.scrub != "transcript" else Scrub.OWN
    if file.scrub == "transcript":
        facts = read_transcript(io.BytesIO(data)).as_json()
        data = json.dumps({"source": file.path.replace("/", "\\"), "transcript": facts}).encode()
    return Item(ARTIFACT, file.path, lambda: io.BytesIO(data), len(data), scrub=scrub, meta=file.scrub == "transcript")


def _manifest(who: Person, items: Iterable[Item], redactor: Redacting) -> str:
    """Return what our own list of acquisitions and our own messages say."""
    sources = [redactor.path(item.source) for item in items]
    notes = [
        rf"C:\Users\{who.user}\AppData: access is denied", f"wevtutil epl System failed for {who.domain}\\{who.user}",
        f"Get-Process as {who.email} on {who.host}: {who.full_name}", f"powershell.exe -Command token={who.secret}",
    ]  # fmt: skip
    return json.dumps({"sources": sources, "details": [redactor.text(note) for note in notes]})
