"""The app's logs read the plain way, one regular expression per line: what the fast reader must agree with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

LEVEL = rb"\[(?P<level>info|warn|error|debug|silly|verbose)\]"
TAG = rb"\[(?P<tag>[^\]\n]{1,80})\] ?"
CLOCK = rb"(?P<h>[0-9]{2}):(?P<m>[0-9]{2}):(?P<s>[0-9]{2})(?:\.(?P<f>[0-9]{1,9}))?"
DAY = rb"(?P<Y>[0-9]{4})-(?P<M>[0-9]{2})-(?P<D>[0-9]{2})"
SHAPES = {
    "main": [
        rb"(?:\[MAIN_LOG\] )?" + DAY + b" " + CLOCK + b" " + LEVEL + rb"(?: (?:" + TAG + rb")?|$)",
        rb"(?:\[MAIN_LOG\] )?\[" + DAY + b" " + CLOCK + rb"\] " + LEVEL + rb"(?: (?:" + TAG + rb")?|$)",
    ],
    "mcp": [DAY + b"T" + CLOCK + b"Z " + LEVEL + rb" (?:" + TAG + rb")?"],
    "mcp_server": [DAY + b"T" + CLOCK + rb"Z \[(?P<tag>[^\]\n]{1,80})\] " + LEVEL + rb"(?: |$)"],
    "go": [DAY.replace(b"-(", b"/(") + b" " + CLOCK + rb" (?:" + TAG + rb")?"],
    "quoted": [rb"(?:[0-9]{2}:[0-9]{2}:[0-9]{2} )?" + LEVEL + rb" *(?:" + TAG + rb")?"],
}
ERRNO = re.compile(
    r"(?<![A-Za-z0-9_])(EXDEV|EPERM|EEXIST|ENOTDIR|ENOSPC|EBUSY|ENOENT)(?![A-Za-z0-9_])"
    r"|(?<![A-Za-z0-9_])(UNKNOWN)(?=: unknown error)"
)
SESSION = re.compile(r"(?<![A-Za-z0-9])(?:local_[A-Za-z0-9-]{1,64}|session_01[A-Za-z0-9]+)")
CLI = re.compile(r"(?:to CLI session |cliSessionId=)([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")


@dataclass
class Row:
    record: int
    time: datetime | None = None
    level: str = ""
    component: str = ""
    lines: list[bytes] = field(default_factory=list)
    last: int = 0

    def values(self) -> dict[str, object]:
        text = b"\n".join(self.lines).decode(errors="replace")
        session, cli, errno = SESSION.search(text), CLI.search(text), ERRNO.search(text)
        return {
            "Record": self.record,
            "Time": self.time,
            "Level": self.level,
            "Component": self.component,
            "Message": text,
            "SessionId": session and session[0],
            "CliSessionId": cli and cli[1],
            "ErrnoCode": errno and (errno[1] or errno[2]),
            "LineCount": self.last - self.record + 1,
        }


def begins(shape: str, line: bytes) -> re.Match[bytes] | None:
    return next((m for pattern in SHAPES[shape] if (m := re.match(pattern, line))), None)


def shape_of(data: bytes, service: str) -> str:
    counts = {
        name: sum(begins(name, one.rstrip(b"\r")) is not None for one in re.split(rb"[\n\0]+", data)) for name in SHAPES
    }
    usual = {"mcp": "mcp", "mcp_server": "mcp_server", "cowork_service": "go"}.get(service, "main")
    quoted = counts.pop("quoted")
    if counts[usual]:
        return usual
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else "quoted" if quoted else usual


def lines_of(data: bytes, shape: str) -> list[tuple[int, bytes]]:
    physical = data.split(b"\n")
    found = []
    for number, line in enumerate(physical, 1):
        parts = re.split(rb"\0+", line)
        logical = [parts[0]]
        for place, part in enumerate(parts[1:]):
            at_start = place == 0 and not parts[0]
            if not at_start and begins(shape, part.removesuffix(b"\r")):
                logical.append(part)
            else:
                logical[-1] += part
        if number == len(physical) and not logical[-1]:
            logical.pop()
        found += [(number, one.removesuffix(b"\r")) for one in logical]
    return found


def moment(match: re.Match[bytes]) -> datetime | None:
    groups = match.groupdict()
    if not groups.get("Y"):
        return None
    try:
        whole = datetime.strptime(" ".join(groups[unit].decode() for unit in "YMDhms"), "%Y %m %d %H %M %S")  # noqa: DTZ007
        return whole.replace(microsecond=int((groups["f"] or b"").ljust(6, b"0")[:6]))
    except ValueError:
        return None


def read(data: bytes, service: str) -> list[dict[str, object]]:
    shape, rows = shape_of(data, service), list[Row]()
    for number, line in lines_of(data, shape):
        match = begins(shape, line)
        if match:
            level, tag = match["level"] if "level" in match.groupdict() else b"", match["tag"] or b""
            rows.append(
                Row(number, moment(match), level.decode(), tag.decode(errors="replace"), [line[match.end() :]], number)
            )
        elif rows:
            rows[-1].lines.append(line)
            rows[-1].last = number
        elif line.strip():
            rows.append(Row(number, lines=[line], last=number))
    return [row.values() for row in rows]
