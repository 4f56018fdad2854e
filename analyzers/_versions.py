"""The app's version on the machine beside the versions that a pattern is known of."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from claude_evidence.analyzers._rows import records
from claude_evidence.messages import lazy_gettext
from claude_evidence.model import Manifest

LABEL = lazy_gettext("Versions")
FAMILY = "Claude_"
_NUMBER = re.compile(r"\d{1,9}")


def host_version(manifest: Manifest, packages: pd.DataFrame) -> str:
    """Return the app's version when the evidence was taken: the installed package's, else what the manifest says."""
    for row in records(packages):
        if row["Version"] and str(row["PackageFullName"] or "").startswith(FAMILY):
            return str(row["Version"])
    return str(manifest.host.get("app_version", ""))


def known_versions(versions: Mapping[str, str], host: str) -> str:
    """Return what *versions* (``first, last, fixed``) mean for *host*, one sentence; "" where they say nothing of it.

    >>> known_versions({"fixed": "1.40"}, "1.39.2")
    'Fixed in 1.40; this machine has 1.39.2, so updating the app should end it.'
    """
    if not _parts(host):
        return ""
    first, last, fixed = (versions.get(name, "") for name in ("first", "last", "fixed"))
    if fixed:
        if older(host, fixed):
            return lazy_gettext(
                "Fixed in %(fixed)s; this machine has %(host)s, so updating the app should end it.",
                fixed=fixed,
                host=host,
            )
        return lazy_gettext(
            "Fixed in %(fixed)s, and this machine has %(host)s: it happened before the update, or it is back.",
            fixed=fixed,
            host=host,
        )
    if first and older(host, first):
        return lazy_gettext(
            "Known only from %(first)s on, and this machine has %(host)s: look twice whether it is the same.",
            first=first,
            host=host,
        )
    if last and _cut(host, last) > _parts(last):
        return lazy_gettext(
            "Last reported with %(last)s, and this machine has the newer %(host)s.", last=last, host=host
        )
    return ""


def older(one: str, other: str) -> bool:
    """Return whether version *one* comes before *other*; as many numbers are compared as *other* has.

    >>> older("1.9.0", "1.10"), older("1.10.5", "1.10"), older("1", "1.10")
    (True, False, True)
    """
    return _cut(one, other) < _parts(other)


def _cut(version: str, other: str) -> tuple[int, ...]:
    """Return as many numbers of *version* as *other* has."""
    size = len(_parts(other))
    return (*_parts(version), *(0,) * size)[:size]


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in _NUMBER.findall(version)[:8])
