"""Windows' event logs: exported by ``wevtutil`` from this machine, or the files of a mounted disk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from claude_evidence.collector import _channels, _state, commands
from claude_evidence.collector._types import Artifact, Host, Item, Options, Scrub
from claude_evidence.collector.commands import Ran
from claude_evidence.collector.reading import open_shared, outcome_of
from claude_evidence.model import Acquisition, Outcome

LOGS = "Windows/System32/winevt/Logs"
"""Where the logs lie on the drive with Windows, the first one of a host."""
NEWEST_OF = ("System", "Application", "Microsoft-Windows-AppModel-Runtime/Admin")
"""Channels that are asked for their newest record: ``--since`` counts back from the newest of all."""
_SYSTEM_TIME = re.compile(r"""SystemTime=['"](\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)""")
# winerror.h: a query that this Windows does not take; a channel that it does not have; one that is switched off
_BAD_QUERY = frozenset({15001, 15016, 15017, 15018, 15019})
_CODES = {15007: Outcome.MISSING, 2: Outcome.MISSING, 15033: Outcome.MISSING}
_NO_LOG_BYTES = 4096  # the header alone


def collect(artifact: Artifact, host: Host, work: Path, options: Options) -> Iterator[Item | Acquisition]:
    """Yield one event log per channel, or why there is none."""
    if host.system != "windows":
        return
    if not host.live:
        for channel in _channels.CHANNELS:
            yield _file(artifact, host, channel)
        return
    since = newest(options) - timedelta(days=options.since_days)
    for channel in _channels.CHANNELS:
        yield _exported(artifact, host, channel, work, since, options)


def newest(options: Options) -> datetime:
    """Return when the newest event of this machine happened, at the latest now; now where nobody says."""
    now = datetime.now(UTC)
    found = [time for channel in NEWEST_OF if (time := _newest_of(channel, options)) and time <= now]
    return max(found, default=now)


def _newest_of(channel: str, options: Options) -> datetime | None:
    words = [commands.system_tool("wevtutil.exe"), "qe", channel, "/c:1", "/rd:true", "/f:xml"]
    match = _SYSTEM_TIME.search(commands.run(words, options.command_timeout_s).text)
    try:
        return datetime.fromisoformat(match[1]).replace(tzinfo=UTC) if match else None
    except ValueError:
        return None


def _exported(
    artifact: Artifact, host: Host, channel: str, work: Path, since: datetime, options: Options
) -> Item | Acquisition:
    out = work / f"{channel.replace('/', '_')}.evtx"
    note = ""
    ran = _export(channel, out, _channels.query(channel, since), options)
    if ran.returncode in _BAD_QUERY:
        note = "this Windows refused the query: everything of the period was taken, and nothing before it"
        ran = _export(channel, out, _channels.period(since), options)
    source = _source(host, channel)
    if ran.outcome is not Outcome.COLLECTED:
        return _instead(artifact, host, channel, ran)
    try:
        size = out.stat().st_size
    except OSError:
        size = 0
    if size < _NO_LOG_BYTES:
        return _state.entry(artifact, source, Outcome.FAILED, "wevtutil ended well and exported nothing")
    return Item(
        artifact, source, partial(open_shared, out), size, acquired_at=datetime.now(UTC), scrub=Scrub.EVTX, note=note
    )


def _source(host: Host, channel: str) -> str:
    return f"{next(iter(host.drives()), 'C:/')}{LOGS}/{_channels.file_name(channel)}"


def _export(channel: str, out: Path, query: str, options: Options) -> Ran:
    words = [commands.system_tool("wevtutil.exe"), "epl", channel, str(out), f"/q:{query}", "/ow:true"]
    return commands.run(words, options.command_timeout_s, silent=True, codes=_CODES)


def _instead(artifact: Artifact, host: Host, channel: str, ran: Ran) -> Item | Acquisition:
    """Return the file itself where it may be read, which takes an administrator; else why there is no export."""
    if ran.outcome is not Outcome.MISSING or ran.returncode is None:
        thing = _file(artifact, host, channel, "the whole log: wevtutil could not export it")
        if isinstance(thing, Item):
            return thing
    detail = ran.detail if ran.outcome is not Outcome.MISSING or ran.returncode is None else "no such channel"
    return _state.entry(artifact, _source(host, channel), ran.outcome, f"wevtutil: {detail}")


def _file(artifact: Artifact, host: Host, channel: str, note: str = "") -> Item | Acquisition:
    """Return the file of *channel*, whole up to the cap."""
    source = _source(host, channel)
    here = host.local(source)
    try:
        with open_shared(here):
            status = here.stat()
    except OSError as error:
        outcome, why = outcome_of(error)
        return _state.entry(artifact, source, outcome, "no such log" if outcome is Outcome.MISSING else why)
    if status.st_size > artifact.max_bytes:
        why = f"{status.st_size:,} bytes are more than the {artifact.max_bytes:,} that are taken"
        return _state.entry(artifact, source, Outcome.SKIPPED, why)
    modified = datetime.fromtimestamp(status.st_mtime, UTC)
    return Item(artifact, source, partial(open_shared, here), status.st_size, modified, scrub=Scrub.EVTX, note=note)
