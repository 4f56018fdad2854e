"""Places that scripts may write to: plain relative paths, and what a place is on its own machine."""

from __future__ import annotations

import re

_NOT_PLAIN = re.compile(r"[\\:*?\"<>|\x00-\x1f\x7f]|(?:\A|/)\.{0,2}(?:/|\Z)|[. ](?:/|\Z)")
_DEVICE = re.compile(r"(?:\A|/)(?:con|prn|aux|nul|com\d|lpt\d)(?:\.[^/]*)?(?:/|\Z)", re.IGNORECASE)
_DRIVE = re.compile(r"([A-Za-z])/")
_SHARES = "UNC/"
LONGEST = 4096


def is_plain(place: str) -> bool:
    r"""Return whether *place* is a relative path that means the same to every system and leads nowhere else.

    >>> is_plain("C/Users/alice/a.json"), is_plain("../a"), is_plain("a\\b"), is_plain("a/nul.json"), is_plain("a. /b")
    (True, False, False, False, False)
    """
    return len(place) <= LONGEST and not _NOT_PLAIN.search(place) and not _DEVICE.search(place)


def on_machine(path: str, system: str) -> str:
    """Return the place of a host path (POSIX slashes): each drive is a folder, and so is UNC for network shares.

    >>> on_machine("c:/Users/a.json", "windows"), on_machine("//s/share/a", "windows"), on_machine("/home/a", "linux")
    ('C/Users/a.json', 'UNC/s/share/a', 'home/a')
    """
    if system == "windows" and path.startswith("//"):
        return f"{_SHARES}{path[2:]}"
    return f"{path[0].upper()}{path[2:]}" if path[1:3] == ":/" else path.lstrip("/")


def of_machine(place: str, system: str) -> str:
    """Return the host path of a place below a machine's root, nothing where it has none.

    >>> of_machine("C/Users/alice/a.json", "windows"), of_machine("home/alice/a", "linux")
    ('C:/Users/alice/a.json', '/home/alice/a')
    >>> of_machine("UNC/server/share/a", "windows")
    '//server/share/a'
    """
    if system != "windows":
        return f"/{place}" if system else ""
    if place.startswith(_SHARES):
        return f"//{place.removeprefix(_SHARES)}"
    drive = _DRIVE.match(place)
    return f"{drive[1].upper()}:/{place[2:]}" if drive else ""
