"""How one value can be spelt in bytes and text: Unicode forms, escapes, code pages, slugs and short names.

Text that is no UTF-8 is held as Python holds it with ``surrogateescape``, so that a name in an old code page is a
spelling like any other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import product
from urllib.parse import quote

from claude_evidence.collector._types import Kind

CODE_PAGES = ("cp1252", "cp437", "cp850")
NAMES = frozenset({Kind.USER, Kind.FULL_NAME, Kind.HOST, Kind.DOMAIN})
_FOLD = bytes(48 if chr(c) in "0123456789abcdefABCDEF" else bytes([c]).lower()[0] for c in range(256))
_ESCAPE = re.compile(r"\\{1,4}u([0-9A-Fa-f]{4})|((?:%[0-9A-Fa-f]{2})+)")
_SLUG = re.compile(r"[^A-Za-z0-9]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_HTML = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "'": "\\u0027"}
_MANY = 64
_SIGMAS = dict.fromkeys("σςΣ", tuple("σςΣ"))
_ROUNDS = 3
LETTERS = (
    "0-9A-Za-z\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u0300-\u036f\u0370-\u052f\u0531-\u0587"
    "\u10a0-\u10ff\u13a0-\u13ff\u1e00-\u1fff"
)
"""A character class of digits and of the letters of scripts that put spaces between words. Beside a Chinese or Arabic
letter a name ends as it does beside a comma.
"""


def fold(data: bytes) -> bytes:
    """Return *data* with hex digits as ``0`` and other letters small: lines that differ in numbers and ids are one."""
    return data.translate(_FOLD)


def normal(text: str) -> str:
    """Return what all spellings of one name share: without escapes, composed, and small letters alone."""
    return plain(text).casefold()


def plain(text: str) -> str:
    """Return *text* without escapes and composed: what is remembered as the value."""
    for _ in range(_ROUNDS if "\\u" in text or "%" in text else 0):
        text, count = _ESCAPE.subn(_unescaped, text)
        if not count:
            break
    return text if text.isascii() else unicodedata.normalize("NFC", _readable(text))


def slug(path: str) -> str:
    """Return the folder name that the CLI makes of *path*: everything but letters and digits is a dash."""
    return _SLUG.sub("-", path)


def spellings(kind: Kind, value: str) -> tuple[str, ...]:
    """Return the ways in which *value* can be written, the longest first; case is not among them."""
    cases = [value, *(cased for cased in _cased(value) if cased.lower() != value.lower() or len(cased) != len(value))]
    forms = {unicodedata.normalize(form, cased) for form in ("NFC", "NFD") for cased in cases}
    found: dict[str, None] = {}
    for form in forms:
        found |= dict.fromkeys(_written(form))
    if kind in NAMES:
        found |= dict.fromkeys(short_names(value))
    if not value.isascii():
        for cased in (value, value.upper(), value.lower()):  # no rule of Unicode knows the cases of bytes
            found |= dict.fromkeys(filter(None, (_in_code_page(cased, page) for page in CODE_PAGES)))
    return tuple(sorted(found, key=len, reverse=True))


def short_names(name: str) -> Iterator[str]:
    """Yield the 8.3 names that Windows gives to a folder called *name*."""
    stem = "".join(c for c in name.upper().split(".")[0] if c.isascii() and (c.isalnum() or c in "_-~!#$%&'(){}@^`"))
    if (len(name) > 8 or stem != name.upper()) and len(stem) >= 2:
        yield from (f"{stem[:6]}~{number}" for number in range(1, 5))


def needles(texts: Iterable[str]) -> Iterator[bytes]:
    """Yield the bytes, ASCII in small letters, of which a block holds one where any of *texts* is in it."""
    for text in texts:
        for cased in _cases(text):
            yield cased.encode("utf-8", "surrogateescape" if _escaped(cased) else "surrogatepass").lower()


def _written(form: str) -> Iterator[str]:
    yield form
    if not form.isascii() or any(c in form for c in _HTML):
        yield "".join(c if c.isascii() else _json(c) for c in form)
        yield "".join(_HTML.get(c, c) if c.isascii() else _json(c) for c in form)
    if not form.isascii():
        yield "".join(c if c.isascii() else f"&#{ord(c)};" for c in form)
        yield "".join(c if c.isascii() else f"&#x{ord(c):x};" for c in form)
        yield "".join(c if c.isascii() else _octal(c) for c in form)
    if "\\" in form:
        yield form.replace("\\", "\\\\")
        yield form.replace("\\", "\\\\\\\\")
    if '"' in form:
        yield form.replace("\\", "\\\\").replace('"', '\\"')
    if "'" in form:
        yield form.replace("'", "\\'")
        yield form.replace("'", "\\\\'")
        yield form.replace("'", "''")
    if "/" in form:
        yield form.replace("/", "\\/")
    encoded = quote(form, safe="", errors="surrogatepass")
    if encoded != form:
        yield encoded
        yield quote(form, safe="/:@", errors="surrogatepass")
        yield encoded.replace("%20", "+")
        yield quote(encoded, safe="")
        yield slug(form)


def _json(character: str) -> str:
    return "".join(f"\\u{unit:04x}" for unit in memoryview(character.encode("utf-16-le", "surrogatepass")).cast("H"))


def _octal(character: str) -> str:
    """Return *character* as git quotes it in a path."""
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogatepass"))


def _in_code_page(value: str, page: str) -> str:
    try:
        return value.encode(page).decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return ""


def _cases(text: str) -> Iterator[str]:
    """Yield what one of which is in every way to write *text* in small and large letters; ASCII is folded in the bytes.

    That is *text* itself or, where the letters beyond ASCII are many, its longest part in which they are few.
    """
    yield from dict.fromkeys(map("".join, product(*_few([_cases_of(character) for character in text]))))


def _cases_of(character: str) -> tuple[str, ...]:
    if character.isascii():
        return (character,)
    return tuple(dict.fromkeys((character, *_SIGMAS.get(character, ()), *_cased(character))))


def _cased(text: str) -> tuple[str, str, str]:
    return text.lower(), text.upper(), text.title()


def _few(choices: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the longest part of *choices* that can be made in no more than `_MANY` ways."""
    best, start, ways = (0, 0), 0, 1
    for end, choice in enumerate(choices, 1):
        ways *= len(choice)
        while ways > _MANY:
            ways //= len(choices[start])
            start += 1
        best = max(best, (end - start, start))
    return choices[best[1] : best[1] + best[0]]


def _escaped(text: str) -> bool:
    return any("\udc80" <= c <= "\udcff" for c in text)


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    data = bytes.fromhex(match[2].replace("%", ""))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")  # as JavaScript's escape() writes it


def _readable(text: str) -> str:
    """Return *text* with bytes of an old code page read as Western European, surrogate pairs joined."""
    if not any("\ud800" <= c <= "\udfff" for c in text):
        return text
    text = _PAIR.sub(lambda pair: pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"), text)
    try:
        return text.encode("utf-8", "surrogateescape").decode("cp850", "replace") if _escaped(text) else text
    except UnicodeEncodeError:  # half a pair
        return text
