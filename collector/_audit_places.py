"""Names that identify only where an identity stands: under four characters, or words of the product or the system.

The places: a profile's path (``\\Users\\al``, ``/home/al``, ``C--Users-al``), an account field (``user=al``,
``"userName": "al"``), behind a domain (``host-3fa94c\\al``), before an e-mail's ``@``, beside a SID or its token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from claude_evidence.collector._audit_bytes import LOWER, NUL, SHAPE
from claude_evidence.collector._audit_forms import TEXT_CODECS, WIDE_CODECS
from claude_evidence.collector._types import Identity, Kind

_TOKEN_DIGITS = rb"[0-9a-f]{6,12}"
_END = rb"(?![a-z0-9\x80-\xff]|-" + _TOKEN_DIGITS + rb")"
_WHOLE = rb"(?![a-z0-9\x80-\xff]|[-_.][a-z0-9])"
_NEAR = rb"[\s\"'\\=:,;()\[\]>]{1,8}"
_USER_FIELD = re.compile(
    rb"(?:^|[^a-z0-9])(?:(?:subject|target|account|local|login|os|current|run ?as|logged ?on|windows)?[_ -]?"
    rb"(?:user|owner|account|login|logon)(?:[_ -]?(?:name|id))?|logname|userprofile)[\"'\\ ]{0,8}$"
)
_HOST_FIELD = re.compile(
    rb"(?:^|[^a-z0-9])(?:(?:computer|host|machine|node|workstation|device|server)(?:[_ -]?name)?)[\"'\\ ]{0,8}$"
)
_DOMAIN_FIELD = re.compile(
    rb"(?:^|[^a-z0-9])(?:subject|target|user|logon|account|dns)?[_ -]?domain(?:[_ -]?name)?[\"'\\ ]{0,8}$"
)
_LOOK_BACK = 48


@dataclass(frozen=True, slots=True)
class Places:
    """The names of one kind with the patterns that find them: *suspect* in text in `SHAPE`, *exact* in lower case.

    The group ``n`` is the name, ``field`` its sign where a field's name has to stand before it.
    """

    names: dict[bytes, Identity]
    suspect: re.Pattern[bytes]
    exact: re.Pattern[bytes]
    field: re.Pattern[bytes]


def places(identities: Iterable[Identity]) -> tuple[Places, ...]:
    """Return what finds the names among *identities* that identify only in their place."""
    confined = [identity for identity in identities if not identity.anywhere]
    domains = {form for i in identities if i.kind in (Kind.HOST, Kind.DOMAIN) for form in _forms(i.value)}
    users = _named(confined, {Kind.USER, Kind.FULL_NAME})
    hosts, names = _named(confined, {Kind.HOST}), _named(confined, {Kind.DOMAIN})
    made = [
        _places(users, lambda name: _user_pattern(name, domains), _USER_FIELD),
        _places(hosts, _host_pattern, _HOST_FIELD),
        _places(names, _domain_pattern, _DOMAIN_FIELD),
    ]
    return tuple(entry for entry in made if entry)


def _named(identities: Iterable[Identity], kinds: set[Kind]) -> dict[bytes, Identity]:
    return {form: identity for identity in identities if identity.kind in kinds for form in _forms(identity.value)}


def _forms(value: str) -> set[bytes]:
    """Return *value* in every encoding as it stands in a view without NULs."""
    texts = {value, value.lower(), value.upper()}
    return {
        text.encode(codec, "ignore").translate(LOWER, NUL) for text in texts for codec in (*TEXT_CODECS, *WIDE_CODECS)
    } - {b""}


def _places(names: dict[bytes, Identity], pattern: Callable[[bytes], bytes], field: re.Pattern[bytes]) -> Places | None:
    if not names:
        return None
    exact = pattern(b"|".join(re.escape(name) for name in names))
    suspect = pattern(b"|".join(re.escape(name.translate(SHAPE)) for name in names))
    return Places(names, re.compile(_in_shape(suspect)), re.compile(exact), field)


def _in_shape(pattern: bytes) -> bytes:
    return pattern.replace(b"[0-9a-f]", b"[0a-f]").replace(b"a-z0-9", b"a-z0").replace(b"1-5-21-", b"0-0-00-")


def _user_pattern(names: bytes, domains: set[bytes]) -> bytes:
    known = b"|".join(
        [re.escape(d) for d in sorted(domains, key=len, reverse=True)] + [rb"azuread", rb"microsoftaccount"]
    )
    domain = rb"(?:(?:host|domain)-" + _TOKEN_DIGITS + rb"|" + known + rb")"
    return (
        rb"(?:(?<=users)|(?<=home)|(?<=settings))[\\/-]{1,8}(?P<a>" + names + rb")" + _END
        + rb"|(?<![a-z0-9._-])" + domain + rb"[\\/]{1,8}(?P<b>" + names + rb")" + _END
        + rb"|(?<![a-z0-9._%+-])(?P<c>" + names + rb")@(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,24}(?![a-z0-9])"
        + rb"|(?:s-1-5-21-[0-9-]{1,64}|sid-" + _TOKEN_DIGITS + rb")" + _NEAR + rb"(?P<d>" + names + rb")" + _WHOLE
        + rb"|(?<![a-z0-9\\/._-])(?P<e>" + names + rb")" + _NEAR + rb"(?:s-1-5-21-|sid-" + _TOKEN_DIGITS + rb")"
        + rb"|[=:][\s\"'\\]{0,8}(?P<f>" + names + rb")" + _WHOLE
    )  # fmt: skip


def _host_pattern(names: bytes) -> bytes:
    return (
        rb"[=:][\s\"'\\]{0,8}(?P<f>" + names + rb")" + _WHOLE
        + rb"|(?<![a-z0-9:\\/])[\\]{2,8}(?P<a>" + names + rb")\\{1,8}(?=[a-z0-9])"
        + rb"|(?<![a-z0-9\\/._-])(?P<b>" + names + rb")\\{1,8}user-" + _TOKEN_DIGITS
    )  # fmt: skip


def _domain_pattern(names: bytes) -> bytes:
    return (
        rb"[=:][\s\"'\\]{0,8}(?P<f>" + names + rb")" + _WHOLE
        + rb"|(?<![a-z0-9\\/._-])(?P<b>" + names + rb")\\{1,8}user-" + _TOKEN_DIGITS
    )  # fmt: skip


def found(place: Places, lower: bytes) -> Iterator[tuple[Identity, int]]:
    """Yield each name that stands in its place in *lower*, and where."""
    for match in place.exact.finditer(lower):
        group = match.lastgroup or ""
        before = lower[max(0, match.start() - _LOOK_BACK) : match.start()]
        if group == "f" and not place.field.search(before):
            continue
        yield place.names[match[group]], match.start(group)
