"""Names that identify only where an identity stands: under four characters, or words of the product or the system.

The places: a profile's path (``\\Users\\al``, ``/home/al``, ``C--Users-al``), an account field (``user=al``,
``"userName": "al"``), behind a domain (``host-3fa94c\\al``), before an e-mail's ``@``, beside a SID or its token.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from claude_evidence.collector._audit_bytes import LOWER, NUL, SHAPE
from claude_evidence.collector._audit_forms import TEXT_CODECS, WIDE_CODECS
from claude_evidence.collector._types import Identity, Kind

_DIGITS = rb"[0-9a-f]{6,12}"
_END = rb"(?![a-z0-9\x80-\xff]|-" + _DIGITS + rb")"
_WHOLE = rb"(?![a-z0-9\x80-\xff]|[-_.][a-z0-9])"
_NEAR = rb"[\s\"'\\=:,;()\[\]>]{1,8}"
_USER_FIELD = (
    rb"(?:^|[^a-z0-9])(?:(?:subject|target|account|local|login|os|current|run ?as|logged ?on|windows)?[_ -]?"
    rb"(?:user|owner|account|login|logon)(?:[_ -]?(?:name|id))?|logname|userprofile)[\"'\\ ]{0,8}$"
)
_HOST_FIELD = (
    rb"(?:^|[^a-z0-9])(?:(?:computer|host|machine|node|workstation|device|server)(?:[_ -]?name)?)[\"'\\ ]{0,8}$"
)
_DOMAIN_FIELD = rb"(?:^|[^a-z0-9])(?:subject|target|user|logon|account|dns)?[_ -]?domain(?:[_ -]?name)?[\"'\\ ]{0,8}$"
_LOOK_BACK = 48
_SHAPED = ((b"[0-9a-f]", b"[0a-f]"), (b"[0-9-]", b"[0-]"), (b"a-z0-9", b"a-z0"), (b"1-5-21-", b"0-0-00-"))
"""What patterns say of digits, and the same of text in `SHAPE`."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place where names identify. ``suspect`` finds it in text in `SHAPE`, ``exact`` in lower case; each begins
    with a literal, which is fast. ``before``, where set, has to end there; the group ``n`` of either is the name.
    """

    names: dict[bytes, Identity]
    suspect: re.Pattern[bytes]
    exact: re.Pattern[bytes]
    before: re.Pattern[bytes] | None


def places(identities: Iterable[Identity]) -> tuple[Place, ...]:
    """Return what finds the names among *identities* that identify only in their place."""
    known = tuple(identities)
    confined = [identity for identity in known if not identity.anywhere]
    domains = {form for i in known if i.kind in (Kind.HOST, Kind.DOMAIN) for form in _forms(i.value)}
    users = _named(confined, {Kind.USER, Kind.FULL_NAME})
    hosts, names = _named(confined, {Kind.HOST}), _named(confined, {Kind.DOMAIN})
    return (
        *_user_places(users, sorted(domains)),
        *_field_places(users, _USER_FIELD),
        *_field_places(hosts, _HOST_FIELD),
        *_field_places(names, _DOMAIN_FIELD),
        *_before_user({**hosts, **names}),
    )


def _named(identities: Iterable[Identity], kinds: set[Kind]) -> dict[bytes, Identity]:
    return {form: identity for identity in identities if identity.kind in kinds for form in _forms(identity.value)}


def _forms(value: str) -> set[bytes]:
    """Return *value* in every encoding as it stands in a view without NULs."""
    texts = {value, value.lower(), value.upper()}
    return {
        text.encode(codec, "ignore").translate(LOWER, NUL) for text in texts for codec in (*TEXT_CODECS, *WIDE_CODECS)
    } - {b""}


def _user_places(names: dict[bytes, Identity], domains: list[bytes]) -> Iterator[Place]:
    if not names:
        return
    for folder in (b"users", b"home", b"settings"):
        yield _place(names, folder + rb"[\\/-]{1,8}NAME" + _END)
    for domain in (b"host-" + _DIGITS, b"domain-" + _DIGITS, b"azuread", b"microsoftaccount"):
        yield _place(names, domain + rb"[\\/]{1,8}NAME" + _END)
    for domain in domains:
        yield _place(names, rb"DOMAIN[\\/]{1,8}NAME" + _END, domain=domain)
    yield _place(names, rb"@(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,24}", rb"(?:^|[^a-z0-9._%+-])NAME$")
    for sid in (rb"s-1-5-21-[0-9-]{1,64}", b"sid-" + _DIGITS):
        yield _place(names, sid + _NEAR + b"NAME" + _WHOLE)
        yield _place(names, sid, rb"(?:^|[^a-z0-9\\/._-])NAME" + _NEAR + b"$")


def _field_places(names: dict[bytes, Identity], field: bytes) -> Iterator[Place]:
    for sign in (b"=", b":"):
        if names:
            yield _place(names, sign + rb"[\s\"'\\]{0,8}NAME" + _WHOLE, field)


def _before_user(names: dict[bytes, Identity]) -> Iterator[Place]:
    """Yield where a host or a domain stands before a user's token, or begins a network path."""
    if names:
        yield _place(names, rb"\\{1,8}user-" + _DIGITS, rb"(?:^|[^a-z0-9\\/._-])NAME$")
        yield _place(names, rb"\\\\{1,7}NAME\\{1,4}(?=[a-z0-9$])", rb"(?:^|[^a-z0-9:\\/.%])$")


def _place(names: dict[bytes, Identity], pattern: bytes, before: bytes = b"", *, domain: bytes = b"") -> Place:
    """Return the place that *pattern* describes: NAME stands for any of *names*, DOMAIN for *domain*."""
    exact = b"(?P<n>" + b"|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)) + b")"
    shape = b"|".join({re.escape(name.translate(SHAPE)) for name in names})
    suspect = pattern.replace(b"NAME", b"(?:" + shape + b")").replace(b"DOMAIN", re.escape(domain.translate(SHAPE)))
    for digits, shaped in _SHAPED:
        suspect = suspect.replace(digits, shaped)
    ends = re.compile(before.replace(b"NAME", exact)) if before else None
    whole = pattern.replace(b"NAME", exact).replace(b"DOMAIN", re.escape(domain))
    return Place(names, re.compile(suspect), re.compile(whole), ends)


def found(place: Place, lower: bytes) -> Iterator[tuple[Identity, int]]:
    """Yield each name that stands in its place in *lower*, and where."""
    for match in place.exact.finditer(lower):
        named = match
        if place.before:
            before = place.before.search(lower[max(0, match.start() - _LOOK_BACK) : match.start()])
            if not before:
                continue
            named = match if "n" in match.re.groupindex else before
        yield place.names[named["n"]], match.start()
