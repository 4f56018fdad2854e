"""Secrets that their own shape gives away, known beforehand or not: keys, tokens, passwords in URLs, cookies.

Every pattern begins at a literal, every repetition is bounded or possessive, so that no text makes it slow. Published
shapes: Anthropic ``sk-ant-<kind>``, OpenAI, GitHub, AWS, Slack, Google, GitLab, npm, Hugging Face; JWT (RFC 7519).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from claude_evidence.collector._types import Kind

ANCHORS = (
    "sk-", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "akia", "asia", "eyj", "bearer", "basic",
    "private key", "xox", "xapp-", "aiza", "authorization", "cookie", "passw",
    "secret", "token", "api_key", "apikey", "api-key",
    "glpat-", "npm_", "hf_", "sig=", "code=", "access_key", "accesskey", "accountkey", "privatekey", "private_key",
    "_key", "_pat", "pwd", "magic-link",
)  # fmt: skip

_EDGE = r"(?<![A-Za-z0-9])"
_KNOWN = re.compile(
    _EDGE
    + r"(?:sk-ant-[A-Za-z0-9_-]{8,512}+|sk-(?:proj-|svcacct-|admin-|or-v1-|live-|test-)?[A-Za-z0-9_-]{20,512}+"
    r"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,256}+"
    r"|gh[pousr]_[A-Za-z0-9]{20,512}+|github_pat_[A-Za-z0-9_]{20,512}+|glpat-[A-Za-z0-9_-]{16,128}+"
    r"|(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,124}+(?![a-z])|AIza[A-Za-z0-9_-]{30,128}+|npm_[A-Za-z0-9]{30,128}+"
    r"|hf_[A-Za-z0-9]{30,128}+|xox[a-z]-[A-Za-z0-9-]{10,512}+|xapp-[A-Za-z0-9-]{10,512}+"
    r"|eyJ[A-Za-z0-9_-]{8,8192}+(?:\.[A-Za-z0-9_-]{1,8192}+){0,4}+)",
    re.IGNORECASE,
)  # fmt: skip
# a value after its name: ``Authorization: …``, ``"x-api-key": "…"``, ``password=…``, ``--token …``
_NAMED = re.compile(
    _EDGE + r"(?:authorization|proxy-authorization|set-cookie|cookie|x-api-key|api[_-]?key|access[_-]?key(?:[_-]?id)?"
    r"|secret[_-]?(?:access[_-]?)?key|(?:account|shared[_-]?access|private|signing|encryption)[_-]?key|(?:client|app|shared)[_-]?secret|secret"
    r"|[a-z0-9]{0,24}passw(?:or)?d|passphrase|pwd(?!\W{0,4}(?:[/~]|[a-z]:))|(?:access|refresh|api|bearer|bot)[_-]?token"
    r"|id[_-]?token|auth[_-]?token|session[_-]?key|[a-z0-9]{1,24}_(?:token|secret|key|password|pat)|token|(?<=[?&])(?:sig|code))"
    r"[\"']{0,2}(?P<sign>[ ]?(?:=>|[:=]|%3D)[ ]?"
    r"|(?<=-token)[ ]|(?<=-key)[ ]|(?<=-secret)[ ]|(?<=-password)[ ])(?:\\{0,4}[\"'])?"
    r"(?:(?:bearer|basic|digest|token)(?:[ ]|%20){1,4})?",
    re.IGNORECASE,
)  # fmt: skip
_LONG_NAMES = ("authorization", "cookie")
_NAMED_VALUE = re.compile(r"[^\s\"'\\,;&<>(){}\[\]|]{6,8192}+")
_HEADER_VALUE = re.compile(r"[^\r\n\"'\\}]{4,8192}+")
_SCHEME = re.compile(
    _EDGE + r"(?:bearer|basic)(?:[ ]|%20|\+){1,4}(?P<value>[A-Za-z0-9_.~+/=-]{8,8192}+)", re.IGNORECASE
)
_URL_USER = re.compile(r"://(?P<value>[^\s/@:\"'<>\\]{0,128}+:[^\s/@\"'<>\\]{1,256}+)@")
# what a link for logging in bears: https://claude.ai/magic-link#<code>:<the address in base64>
_LOGIN = re.compile(r"magic-link[/?#](?P<value>[A-Za-z0-9+/=:_%.-]{4,2048}+)", re.IGNORECASE)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,32}PRIVATE KEY(?: BLOCK)?-----"
    r"(?P<value>(?:[A-Za-z0-9+/=\s:,.]|-(?!----)|\\[nr]){1,16384})"
)
_PLAIN = re.compile(r"[A-Za-z]{1,24}|[0-9.]{1,12}|true|false|null|undefined|none|\*{3,}", re.IGNORECASE)
_OURS = re.compile(rf"(?:{'|'.join(kind.value for kind in Kind)})-[0-9a-f]{{2,70}}\.*(?: \(\d{{1,9}}\))?[.:?!]?")
# a line of a key's body; one of hexadecimal digits alone is a hash
_PEM_PART = re.compile(r"\A\s*(?![0-9a-fA-F]+\s*\Z)(?P<value>[A-Za-z0-9+/]{60,76}={0,2})\s*\Z")


def find(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of every secret in *text*, in order and without overlap."""
    end = 0
    for start, stop in sorted(_all(text)):
        if start >= end:
            yield start, stop
            end = stop
        elif stop > end:
            yield end, stop
            end = stop


def _all(text: str) -> Iterator[tuple[int, int]]:
    for match in _KNOWN.finditer(text):
        if _is_secret_shape(match[0]):
            yield match.span()
    for pattern in (_SCHEME, _URL_USER, _LOGIN, _PRIVATE_KEY, _PEM_PART):
        for match in pattern.finditer(text):
            yield match.span("value")
    yield from _named(text)


def _named(text: str) -> Iterator[tuple[int, int]]:
    ends = {True: 0, False: 0}
    for match in _NAMED.finditer(text):
        name = match[0].casefold()
        long = any(word in name for word in _LONG_NAMES)
        if match.end() < ends[long]:  # within a value: its own would end there as well
            continue
        value = (_HEADER_VALUE if long else _NAMED_VALUE).match(text, match.end())
        ends[long] = value.end() if value else 0
        if value and not _OURS.fullmatch(value[0]) and (long or not _PLAIN.fullmatch(value[0])):
            yield value.span()


def _is_secret_shape(text: str) -> bool:
    """Return whether *text* is no word of everyday life that merely begins alike, such as ``sk-learn-…``."""
    folded = text.casefold()
    if folded.startswith(("sk-ant", "eyj", "gh", "akia", "asia", "aiza", "xox", "xapp", "glpat", "npm_", "hf_")):
        return folded[:3] != "eyj" or text.startswith("eyJ")
    return any(c.isdigit() for c in text)
