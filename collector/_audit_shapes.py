"""Secrets that give themselves away by their shape, whether or not anybody knew them; and IP addresses on request.

Each shape comes twice: a fast one for text in `SHAPE` (lower case, 0 for every digit) that only raises suspicion, and
the exact one. Every repetition is bounded, every pattern begins with a literal or a bounded run.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

from claude_evidence.collector._types import Kind


@dataclass(frozen=True, slots=True)
class Secret:
    """A shape: ``suspect`` for text in `SHAPE`, ``exact`` for the bytes as they stand; its group ``v`` is the value."""

    name: str
    suspect: re.Pattern[bytes]
    exact: re.Pattern[bytes]


_TOKEN = re.compile(
    rb"(?:%s)-[0-9a-f]{6,64}(?![0-9a-z_])" % b"|".join(kind.value.encode() for kind in Kind), re.IGNORECASE
)
"""What the redaction puts in a value's place."""
_EMPTY = re.compile(rb"[*x.\s]{1,512}|[<$%{\[].{0,512}", re.IGNORECASE | re.DOTALL)
"""A value that somebody else has made unreadable, or a placeholder."""


def _shape(name: str, suspect: bytes, exact: bytes, flags: int = 0) -> Secret:
    return Secret(name, re.compile(suspect), re.compile(exact, flags))


SECRETS = (
    _shape("Anthropic key", rb"sk-ant-", rb"sk-ant-(?P<v>[a-z0-9]{2,16}-[\w-]{16,})", re.IGNORECASE),
    _shape("OpenAI key", rb"sk-proj-", rb"sk-proj-(?P<v>[\w-]{20,})"),
    _shape("GitHub token", rb"gh[pousr]_[a-z0]{20}|github_pat_", rb"(?:gh[pousr]_|github_pat_)(?P<v>\w{20,})"),
    _shape("GitLab token", rb"glpat-", rb"glpat-(?P<v>[\w-]{16,})"),
    _shape("npm token", rb"npm_[a-z0]{30}", rb"npm_(?P<v>[A-Za-z0-9]{30,})"),
    _shape("Slack token", rb"xox[abposr]-", rb"xox[abposr]-(?P<v>[\w-]{20,})"),
    _shape("Google key", rb"aiza[\w-]{35}", rb"AIza(?P<v>[\w-]{35})"),
    _shape("AWS key", rb"a[ks]ia[a-z0]{16}", rb"(?<![A-Za-z0-9])A[KS]IA(?P<v>[A-Z0-9]{16})(?![A-Za-z0-9])"),
    _shape("JWT", rb"eyj[\w-]{10,4096}\.", rb"eyJ(?P<v>[\w-]{10,4096}\.[\w-]{4,4096})"),
    _shape("bearer token", rb"bearer(?: |%00|\+)", rb"bearer(?: |%20|\+)(?P<v>[\w.~+/-]{16,})", re.IGNORECASE),
    _shape("private key", rb"private key-----",
           rb"-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----(?P<v>(?:\s|\\[rn]){0,8}[A-Za-z0-9+/]{16,})"),
    _shape("password in a URL", rb"://[^\s/@:\"'<>\\]{0,128}:[^\s/@\"'<>\\]{1,256}@",
           rb"://[^\s/@:\"'<>\\]{0,128}:(?P<v>[^\s/@\"'<>\\]{1,256})@"),
)  # fmt: skip
_ADDRESS = _shape(
    "IP address",
    rb"0{1,3}\.0{1,3}\.0{1,3}\.0{1,3}|[0a-f]{1,4}:[0a-f:]{2,40}",
    rb"(?<![\w.:])(?P<v>\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\w|\.\d)|[0-9a-f]{0,4}:[0-9a-f:]{2,40}(?![\w:]))",
    re.IGNORECASE,
)


def shapes(redact_ips: bool) -> tuple[Secret, ...]:
    """Return what has to be looked for."""
    return (*SECRETS, _ADDRESS) if redact_ips else SECRETS


def found(secret: Secret, text: bytes) -> Iterator[int]:
    """Yield where *text* holds a secret of this shape, tokens and placeholders left out."""
    for match in secret.exact.finditer(text):
        value = match["v"]
        if _TOKEN.match(value) or _EMPTY.fullmatch(value) or (secret is _ADDRESS and not _identifies(value)):
            continue
        yield match.start()


def _identifies(text: bytes) -> bool:
    """Return whether *text* is an address that tells something: not a loopback, a mask or four parts of a version."""
    try:
        address = ipaddress.ip_address(text.decode("ascii"))
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or address.is_multicast or address.is_reserved)
