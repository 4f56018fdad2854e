"""Invented people, machines and identifiers for those that a redaction left as tokens, or left at all."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping

PEOPLE = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy")
HOSTS = ("DESKTOP-SAMPLE", "LAPTOP-SAMPLE", "DESKTOP-EXAMPLE", "LAPTOP-EXAMPLE", "PC-EXAMPLE")
PLACES = ("garden", "orchard", "meadow", "pond", "shed", "hedge", "lawn", "terrace", "arbour", "bower", "rockery")
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_KINDS = "user|name|host|domain|sid|email|account|org|secret|value|title|path|ip"
_SHORTEST_FORM = 4
IDS = re.compile(
    rf"(?P<sid>S-1-(?:5-21|12-1)(?:-\d{{1,10}}){{3,5}})|(?P<uuid>(?<![0-9a-z]){_UUID}(?![0-9a-z]))"
    rf"|(?<![a-z0-9])(?P<kind>{_KINDS})-(?P<digits>[0-9a-f]{{6,64}})(?![a-z0-9])"
    r"|(?<![a-z0-9])(?P<prefix>[a-z]{2,12})_(?P<own>01[a-z0-9]{10,40})(?![a-z0-9])"
    r"|(?<![0-9a-z])(?P<hex>[0-9a-f]{16,})(?![0-9a-z])",
    re.IGNORECASE,
)
"""What identifies something: SIDs, UUIDs, tokens of a redaction, the API's own ids, long runs of hex digits."""


def ids(text: str) -> set[str]:
    """Return what in *text* identifies something, in lower case."""
    return {match[0].lower() for match in IDS.finditer(text)}


class Invented:
    """Gives each value its invented one, always the same. *taken* are true values, which no invented one may be.

    *filled* makes of an invented text what a scenario will make of it (``${words}`` become UUIDs). *forms* leads from
    tokens of equal length (``redaction.json``) to the usual ones. With *plain* tokens become tokens (``user-000001``)
    and not names: for evidence that is read otherwise with those.
    """

    def __init__(
        self,
        taken: Iterable[str] = (),
        forms: Mapping[str, str] | None = None,
        *,
        filled: Callable[[str], str] = str,
        plain: bool = False,
    ) -> None:
        self._taken = {word.casefold() for word in taken}
        self._filled = filled
        self._forms = {form.lower(): token for form, token in (forms or {}).items() if len(form) >= _SHORTEST_FORM}
        self._plain = plain
        self._given: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        words = "|".join(map(re.escape, sorted(self._forms, key=len, reverse=True)))
        self._form = re.compile(rf"(?<![a-z0-9])(?:{words})(?![a-z0-9])", re.IGNORECASE) if words else None

    def text(self, text: str) -> str:
        """Return *text* with invented values."""
        text = text.replace("${", "$(")  # in a scenario that would begin a word of its own
        if self._form:
            text = self._form.sub(lambda match: self._forms[match[0].lower()], text)
        return IDS.sub(self._of, text)

    def name(self, kind: str, token: str) -> str:
        """Return the invented value of *token*, of one of the redaction's kinds."""
        return self._once(token, lambda: self._named(kind))

    def _of(self, match: re.Match[str]) -> str:
        whole = match[0].lower()
        if match["sid"]:
            return self._once(whole, self._sid)
        if match["uuid"]:
            word = "session" if match.string[: match.start()].endswith("local_") else "id"
            return self._once(whole, lambda: f"${{{word}-{self._next(word)}}}")
        if match["kind"]:
            return self.name(match["kind"].lower(), whole)
        if match["prefix"]:
            short = len(match["own"]) - 2
            return self._once(whole, lambda: f"{match['prefix']}_01{'Sample' + str(self._next('own')):0<{short}}")
        return self._once(whole, lambda: self._hex(whole))

    def _once(self, value: str, make: Callable[[], str]) -> str:
        """Return what *value* was given, else the first that *make* gives and that is no true value."""
        if value not in self._given:
            made = make()
            while self._filled(made).casefold() in self._taken:
                made = make()
            self._given[value] = made
        return self._given[value]

    def _next(self, sort: str) -> int:
        self._counts[sort] = self._counts.get(sort, 0) + 1
        return self._counts[sort]

    def _sid(self) -> str:
        return f"S-1-5-21-1111111111-2222222222-3333333333-{1000 + self._next('sid')}"

    def _hex(self, value: str) -> str:
        number = self._next("hex")
        digits = "0123456789" if value.isdigit() else "0123456789abcdef"
        raw = hashlib.shake_256(f"invented {number}".encode()).digest(len(value))
        return "".join(digits[byte % len(digits)] for byte in raw)

    def _named(self, kind: str) -> str:
        if not self._plain:
            if kind in ("account", "org"):
                number = self._next(kind)
                return f"${{{kind}}}" if number == 1 else f"${{{kind}-{number}}}"
            if kind == "sid":
                return self._sid()
            words = {"user": PEOPLE, "host": HOSTS, "path": PLACES, "domain": ("SAMPLE", "EXAMPLE")}.get(kind, ())
            free = [word for word in words if word.casefold() not in self._taken]
            if (number := self._next(kind)) <= len(free):
                return free[number - 1]
            self._counts[kind] -= 1
        return f"{kind}-{self._next(f'{kind} token'):06}"
