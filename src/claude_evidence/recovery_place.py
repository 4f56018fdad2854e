"""Places that scripts may write to: plain relative paths, and what a place is on its own machine."""

from __future__ import annotations

import re

_NOT_PLAIN = re.compile(r"[\\:*?\"<>|\x00-\x1f\x7f]|(?:\A|/)\.{0,2}(?:/|\Z)|[. ](?:/|\Z)")
_DEVICE = re.compile(r"(?:\A|/)(?:con|prn|aux|nul|com\d|lpt\d)(?:\.[^/]*)?(?:/|\Z)", re.IGNORECASE)
_DRIVE = re.compile(r"([A-Za-z])/")
LONGEST = 4096


def is_plain(place: str) -> bool:
    r"""Return whether *place* is a relative path that means the same to every system and leads nowhere else.

    >>> is_plain("C/Users/alice/a.json"), is_plain("../a"), is_plain("a\\b"), is_plain("a/nul.json"), is_plain("a. /b")
    (True, False, False, False, False)
    """
    return len(place) <= LONGEST and not _NOT_PLAIN.search(place) and not _DEVICE.search(place)


def of_machine(place: str, system: str) -> str:
    """Return the host path of a place below a machine's root, nothing where it has none.

    >>> of_machine("C/Users/alice/a.json", "windows"), of_machine("home/alice/a", "linux")
    ('C:/Users/alice/a.json', '/home/alice/a')
    """
    if system != "windows":
        return f"/{place}" if system else ""
    drive = _DRIVE.match(place)
    return f"{drive[1].upper()}:/{place[2:]}" if drive else ""
