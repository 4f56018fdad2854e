"""Invented values that identify, the forms they may be written in, and a search that knows no module of ours."""

from __future__ import annotations

import base64
import html
import unicodedata
import urllib.parse
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from claude_evidence.collector._types import Identity, Kind

SID = "S-1-5-21-3623811015-3361044348-1303820417-1013"
ACCOUNT = "7d0f1c2e-94ab-4c1d-8e21-5b7f09aa31c4"
ORG = "b81e44d0-2f6c-4e0b-9a77-0c9d2e61f8b5"
IDENTITIES = (
    Identity(Kind.USER, "quillfeather"),
    Identity(Kind.USER, "Zoë"),
    Identity(Kind.FULL_NAME, "Jürgen Brömmelhaupt"),
    Identity(Kind.FULL_NAME, "李明"),
    Identity(Kind.HOST, "LAPTOP-QX7ZK2"),
    Identity(Kind.DOMAIN, "NORTHGATE"),
    Identity(Kind.SID, SID),
    Identity(Kind.EMAIL, "j.broemmel@northgate.example"),
    Identity(Kind.ACCOUNT, ACCOUNT),
    Identity(Kind.ORGANISATION, ORG),
    Identity(Kind.SECRET, "hunter2xyZ9k4QwL"),
    Identity(Kind.VALUE, "pg-northgate-main"),
    Identity(Kind.TITLE, "How to leave a sinking ship"),
    Identity(Kind.PATH, "Geheimprojekt Möwe"),
)
CONFINED = tuple(Identity(Kind.USER, name, anywhere=False) for name in ("claude", "al", "admin", "users", "log"))

Encoder = Callable[[str], bytes]


def _units(text: str) -> list[int]:
    data = text.encode("utf-16-be")
    return [int.from_bytes(data[i : i + 2]) for i in range(0, len(data), 2)]


def _json_all(text: str) -> bytes:
    return "".join(f"\\u{unit:04x}" for unit in _units(text)).encode()


def _json_some(text: str) -> bytes:
    """Return *text* with its second letter, and all beyond ASCII, as escapes."""
    return "".join(
        "".join(f"\\u{unit:04X}" for unit in _units(c)) if i == 1 or not c.isascii() else c for i, c in enumerate(text)
    ).encode()


def _url_all(text: str) -> bytes:
    return "".join(f"%{byte:02X}" for byte in text.encode()).encode()


def _url_some(text: str) -> bytes:
    return urllib.parse.quote(text[:1]).encode() + _url_all(text[1:2]) + urllib.parse.quote(text[2:]).encode()


def _octal(text: str) -> bytes:
    return b"".join(b"\\%03o" % byte if byte > 127 else bytes([byte]) for byte in text.encode())


ENCODERS: Mapping[str, Encoder] = {
    "UTF-8": str.encode,
    "upper": lambda text: text.upper().encode(),
    "lower": lambda text: text.lower().encode(),
    "mixed": lambda text: "".join(c.upper() if i % 2 else c.lower() for i, c in enumerate(text)).encode(),
    "NFD": lambda text: unicodedata.normalize("NFD", text).encode(),
    "UTF-16LE": lambda text: text.encode("utf-16-le"),
    "UTF-16BE": lambda text: text.encode("utf-16-be"),
    "UTF-16LE upper": lambda text: text.upper().encode("utf-16-le"),
    "UTF-16 NFD": lambda text: unicodedata.normalize("NFD", text).encode("utf-16-le"),
    "UTF-16 JSON": lambda text: _json_some(text).decode().encode("utf-16-le"),
    "JSON": _json_some,
    "JSON all": _json_all,
    "JSON in JSON": lambda text: _json_some(text).replace(b"\\", b"\\\\"),
    "JSON in JSON in JSON": lambda text: _json_some(text).replace(b"\\", b"\\\\\\\\"),
    "URL": lambda text: urllib.parse.quote(text).encode(),
    "URL form": lambda text: urllib.parse.quote_plus(text).encode(),
    "URL all": _url_all,
    "URL some": _url_some,
    "URL in URL": lambda text: _url_some(text).replace(b"%", b"%25"),
    "URL 1252": lambda text: urllib.parse.quote(text, encoding="cp1252").encode(),
    "HTML": lambda text: html.escape(text).encode("ascii", "xmlcharrefreplace"),
    "octal": _octal,
    "CP1252": lambda text: text.encode("cp1252"),
    "CP437": lambda text: text.encode("cp437"),
    "CP850": lambda text: text.encode("cp850"),
    "base64": lambda text: base64.b64encode(b"run " + text.encode() + b" end"),
    "base64 UTF-16": lambda text: base64.b64encode(f"cd {text} ok".encode("utf-16-le")),
    "hex UTF-16": lambda text: text.encode("utf-16-le").hex().encode(),
    "slug": lambda text: "".join(c if c.isascii() and c.isalnum() else "-" for c in text).encode(),
}
PACKED = frozenset({"base64", "base64 UTF-16", "hex UTF-16"})
NAMES = frozenset({Kind.USER, Kind.FULL_NAME, Kind.HOST, Kind.DOMAIN, Kind.EMAIL, Kind.ORGANISATION})


def written(identity: Identity, encoding: str) -> bytes | None:
    """Return the value as *encoding* writes it; None where it cannot, or where nothing promises to find it so."""
    if encoding in PACKED and (identity.kind not in NAMES or len(identity.value) < 6):
        return None
    if encoding == "slug" and sum(c.isascii() and c.isalnum() for c in identity.value) < 3:
        return None
    try:
        return ENCODERS[encoding](identity.value)
    except UnicodeEncodeError:
        return None


def make_zip(path: Path, members: Mapping[str, bytes], *, comment: bytes = b"") -> Path:
    """Write a bundle-like zip of *members* below one base folder."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"bundle/{name}", data)
        archive.comment = comment
    return path


def every_byte(bundle: Path) -> Iterator[tuple[str, bytes]]:
    """Yield each member's name as text and its bytes, and all names together: what a brute-force search reads."""
    with zipfile.ZipFile(bundle) as archive:
        yield "(names)", "\n".join(archive.namelist()).encode() + archive.comment
        for name in archive.namelist():
            yield name, archive.read(name)
