"""Discovered values looked for in text: literally, in every spelling, in any case; short names only in their places."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from claude_evidence.collector._index import Index
from claude_evidence.collector._pieces import Spans
from claude_evidence.collector._spellings import LETTERS, NAMES, needles, normal, spellings
from claude_evidence.collector._types import Identity, Kind

_LEFT = (
    rf"(?:(?-i:(?<![{LETTERS}]))|(?<=%[0-9A-Fa-f]{{2}})|(?<=%25[0-9A-Fa-f]{{2}})|(?<=\\u[0-9A-Fa-f]{{4}})"
    r"|(?<=\\[nrtbf]))"
)
_RIGHT = rf"(?-i:(?![{LETTERS}]))"
_LETTER = re.compile(f"[{LETTERS}]")
_BOUNDED = NAMES | {Kind.SID, Kind.ACCOUNT, Kind.ORGANISATION, Kind.EMAIL, Kind.PATH}
_SPACE = r"(?:[ ]|%(?:25)?20|\+)"
_QUOTE = r"(?:\\{0,8}[\"']|%(?:25)?2[27])"
_SIGN = rf"(?:{_SPACE}{{0,3}}(?:=>|[:=]|%(?:25)?3[AD]){_SPACE}{{0,3}})"
_BESIDE = rf"(?:{_SPACE}{{0,2}}(?:[(:,=]|%(?:25)?(?:28|3A|2C|3D))?{_SPACE}{{0,2}}{_QUOTE}?)"
_NOT_OURS = r"(?!-[0-9a-f]{6,64}(?![A-Za-z0-9]))"
Put = Callable[[Identity, str], str]
"""Gives what stands for a value, in place of a text."""
_FIELDS = (
    r"user(?:[ _-]?name|[ _-]?id)?", r"account[ _-]?name", r"logon[ _-]?name", "owner", "log[io]n", r"login[ _-]?as",
    r"run[ _-]?as", "profile", r"host(?:[ _-]?name)?", r"computer(?:[ _-]?name)?", r"machine(?:[ _-]?name)?", "domain",
    "benutzer(?:name)?", "utilisateur", "usuario",
)  # fmt: skip
_SUSPECT = re.compile(r"%|\\u", re.IGNORECASE)


@dataclass(slots=True)
class Literal:
    """One value and its spellings. ``needles`` are folded bytes of which a text holds one where the value is in it."""

    identity: Identity
    texts: tuple[str, ...]
    needles: tuple[bytes, ...]
    _pattern: re.Pattern[str] | None = field(default=None)
    _escaped: re.Pattern[str] | None = field(default=None)

    @classmethod
    def of(cls, identity: Identity) -> Literal:
        """Return *identity* as what is looked for."""
        texts = spellings(identity.kind, identity.value)
        return cls(identity, texts, tuple(dict.fromkeys(needles(texts))))

    def spans(self, text: str, put: Put) -> Spans:
        """Yield where the value stands in *text*, plainly spelt."""
        if self._pattern is None:
            self._pattern = self._compiled("|".join(map(re.escape, self.texts)))
        for match in self._pattern.finditer(text):
            yield match.start(), match.end(), put(self.identity, match[0])

    def escaped_spans(self, text: str, put: Put) -> Spans:
        """Yield where the value stands in *text* with any of its characters escaped."""
        if self._escaped is None:
            self._escaped = self._compiled("".join(map(_any_spelling, self.identity.value)))
        for match in self._escaped.finditer(text):
            yield match.start(), match.end(), put(self.identity, match[0])

    def _compiled(self, pattern: str) -> re.Pattern[str]:
        if self.identity.kind in _BOUNDED:
            value = self.identity.value
            left, right = (_LETTER.match(edge) is not None for edge in (value[0], value[-1]))
            pattern = f"{_LEFT if left else ''}(?:{pattern}){_RIGHT if right else ''}"
        return re.compile(pattern, re.IGNORECASE)


class Literals:
    """All values to look for, the longest first."""

    def __init__(self, identities: Iterable[Identity]) -> None:
        everywhere = sorted((i for i in identities if i.anywhere), key=lambda i: len(i.value), reverse=True)
        self.all: tuple[Literal, ...] = tuple(map(Literal.of, everywhere))
        small = [(literal, {t.lower() for t in _small(literal)}) for literal in self.all]
        self._index = Index(word for _, words in small for word in words)
        self._by_word: dict[str, list[int]] = {}
        for number, (_, words) in enumerate(small):
            for word in words:
                self._by_word.setdefault(word, []).append(number)
        self._plain = Index(normal(literal.identity.value) for literal in self.all)
        self._by_plain: dict[str, list[int]] = {}
        for number, literal in enumerate(self.all):
            self._by_plain.setdefault(normal(literal.identity.value), []).append(number)

    def in_text(self, text: str, put: Put) -> Iterator[Callable[[str], Spans]]:
        """Yield, for each value that *text* may hold, what finds it."""
        low = text.lower()
        for literal in self._of(self._index.found(low), self._by_word):
            yield lambda piece, literal=literal: literal.spans(piece, put)  # type: ignore[misc]
        if _SUSPECT.search(text):
            for literal in self._of(self._plain.found(normal(text)), self._by_plain):
                yield lambda piece, literal=literal: literal.escaped_spans(piece, put)  # type: ignore[misc]

    def _of(self, words: Iterable[str], numbers: Mapping[str, list[int]]) -> Iterator[Literal]:
        """Yield the values that *words* spell, the longest first."""
        for number in sorted({number for word in words for number in numbers[word]}):
            yield self.all[number]


class Positions:
    """Names that identify only in an identity position; paths, e-mail addresses and account fields are not its work."""

    def __init__(self, identities: Sequence[Identity]) -> None:
        names = [i for i in identities if not i.anywhere and i.kind in NAMES]
        by_text = {text: i for i in names for text in spellings(i.kind, i.value)}
        self._by_name = {normal(text): i for text, i in by_text.items()}
        texts = sorted(map(re.escape, by_text), key=len, reverse=True)
        texts += ["".join(map(_any_spelling, i.value)) for i in names]
        hosts = {normal(i.value) for i in identities if i.kind in (Kind.HOST, Kind.DOMAIN)} | {
            "azuread",
            "microsoftaccount",
        }
        pattern = _positions("|".join(texts), "|".join(map(re.escape, sorted(hosts, key=len, reverse=True))))
        self._pattern = re.compile(pattern, re.IGNORECASE) if texts else None
        self.needles = tuple(dict.fromkeys(needles(f"{host}\\" for host in hosts))) if names else ()

    def spans(self, text: str, put: Put) -> Spans:
        """Yield where such a name stands in its place in *text*."""
        if self._pattern is None:
            return
        for match in self._pattern.finditer(text):
            start, end = match.span(match.lastgroup or 0)
            identity = self._by_name.get(normal(text[start:end]))
            if identity:
                yield start, end, put(identity, text[start:end])


def _positions(names: str, domains: str) -> str:
    """Return a pattern of *names* after a field that holds one, after a domain, and beside a SID."""
    fields = "|".join(_FIELDS)
    name, sid = rf"(?:{names}){_RIGHT}{_NOT_OURS}", r"(?:S-1-5-21-|S-1-12-1-|sid-[0-9a-f]{6})"
    return (
        rf"(?:(?<![^\W_])|(?<=%22)|(?<=%2522))(?:{fields}){_QUOTE}?{_SIGN}{_QUOTE}?(?P<field>{name})"
        rf"|(?<![^\W_])(?:{domains})(?:\\{{1,8}}|%(?:25)?5C)(?P<domain>{name})(?![\w\\/.-])"
        rf"|(?:(?<![^\W_])|(?<=%2[278]))(?P<sid>{name})(?={_BESIDE}{sid})"
        rf"|{sid}[0-9-]{{0,40}}(?:[)]|%(?:25)?29)?{_BESIDE}(?P<beside>{name})"
    )


def _any_spelling(character: str) -> str:
    forms = {character, character.upper(), character.lower()}
    quoted = {"".join(f"%(?:25)?{byte:02x}" for byte in form.encode("utf-8", "surrogatepass")) for form in forms}
    quoted |= {f"%{ord(form):02x}" for form in forms if "\xa0" <= form <= "\xff"}
    units = {
        "".join(rf"\\{{1,4}}u{u:04x}" for u in memoryview(form.encode("utf-16-le", "surrogatepass")).cast("H"))
        for form in forms
    }
    return f"(?:{'|'.join([re.escape(character), *sorted(quoted), *sorted(units)])})"


def _small(literal: Literal) -> set[str]:
    return {cased for text in literal.texts for cased in (text, text.upper(), text.casefold())}
