"""Fields of running text that hold an identity: accounts, machines, names, and who logged on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from claude_evidence.collector._path_parts import UUID
from claude_evidence.collector._types import Kind
from claude_evidence.collector._vocabulary import is_kept_name

ANCHORS = (
    "accountid", "orgid", "account_id", "org_id", "uuid:", "uuid\":", "org changed", "host name", "hostname",
    "computername", "username", "userdomain", "user name", "registered owner", "user=", "user:", "scandir", "--users-",
    "userdnsdomain", "organizations", "accounts/", "account ", "account:", "account\\", "org ", "org:", "org=", "org'",
    "organization", "-sessions", "fullname", "full_name", "realname", "accountname", "account_name", "displayname",
    "orgname", "org_name", "name:", "whoami", "owner", "azuread", "/user:", "logged", "running as", "userid", "user_id",
)  # fmt: skip
AUTHORITIES = frozenset(
    {
        "nt authority",
        "authority",
        "builtin",
        "nt service",
        "service",
        "window manager",
        "manager",
        "font driver host",
        "iis apppool",
        "apppool",
        "autorite nt",
        "nt-autorität",
    }
)
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_FIELD = re.compile(
    r"(?<![A-Za-z])(?:(?P<account>(?:(?:last_?known_?)?account_?(?:uu)?id|user_?(?:uu)?id|uuid|(?:for )?account))"
    r"|(?P<org>(?:last_?)?(?:active_?)?org(?:ani[sz]ation)?(?:_?(?:uu)?id)?|org changed from)"
    r")(?:\\{0,4}[\"'])?(?:[ ]?[:=][ ]?|[ ])(?:\\{0,4}[\"'])?(?P<first>[0-9a-f-]{36}|null|none|undefined)"
    r"(?:[ ](?:→|->|to)[ ](?P<second>[0-9a-f-]{36}))?",
    re.IGNORECASE,
)
# the app's addresses and its stores: /api/organizations/<id>/…, claude-code-sessions\<account>\<organisation>
_SLASH = r"(?:\\{1,8}|/|%(?:25)?(?:5C|2F))"
_BELOW = re.compile(
    rf"(?<![A-Za-z])(?:organi[sz]ations?{_SLASH}(?P<org>{_UUID})|accounts?{_SLASH}(?P<account>{_UUID})"
    rf"|(?:claude-code|local-agent-mode)-sessions{_SLASH}(?P<first>{_UUID})(?:{_SLASH}(?P<second>{_UUID}))?)",
    re.IGNORECASE,
)
_KIND_OF_PLACE = {"org": Kind.ORGANISATION, "account": Kind.ACCOUNT, "first": Kind.ACCOUNT, "second": Kind.ORGANISATION}
# an object as the console prints it: { fullName: 'Alice Liddell', email: … }
_PRINTED = re.compile(
    r"(?<![A-Za-z])(?:full_?name|real_?name|account_?name|display_?name|organi[sz]ation_?name|org_?name|(?P<bare>name))"
    r"(?:\\{0,4}[\"'])?[ ]{0,2}[:=][ ]{0,2}\\{0,4}(?P<quote>[\"'`])(?P<value>(?:(?!(?P=quote))[^\\\r\n]){2,128}?)"
    r"\\{0,4}(?P=quote)(?(bare),[ ]{0,2}(?:\\{0,4}[\"'])?e?mail)",
    re.IGNORECASE,
)
_DOMAIN_USER = re.compile(
    r"(?:(?:(?<![A-Za-z0-9\\/_-])|(?<= /))(?:owner|who ?am ?i|user(?:[ _]?name)?|account|identity|logon"
    r"|(?:run(?:ning)?|logged (?:in|on)) as)"
    r"(?:\\{0,4}[\"'])?(?:[ ]{0,3}[:=][ ]{0,3}|[ ]{1,3})(?:\\{0,4}[\"'])?(?P<domain>[\w.-]{1,63})|(?<![\w\\])azuread)"
    r"\\{1,4}+(?!u[0-9a-f]{4})(?P<user>[^\s\\/:*?\"<>|',;()\[\]{}]{1,64})(?![\w\\/])",
    re.IGNORECASE,
)
_WORD = r"[^\s\"',;:=(){}\[\]<>|\\/]{1,64}"
_STATE = re.compile(
    r"(?<![A-Za-z_])(?:(?P<host>host ?name|computer ?name|user(?:dns)?domain)|(?P<user>user ?name|user|log[io]n)"
    r"|(?P<name>registered owner|full name))[\"']?[ ]{0,30}[:=][ ]{0,30}[\"']?"
    rf"(?P<value>{_WORD}(?: {_WORD}){{0,3}})[\"']?[ \t\r]{{0,8}}(?:$|[,;}}])",
    re.IGNORECASE | re.MULTILINE,
)
_KIND_OF_STATE = {"host": Kind.HOST, "user": Kind.USER, "name": Kind.FULL_NAME}
NOBODY = frozenset({"null", "none", "undefined", "true", "false", "unknown", "n/a", "undef", "nil", "anonymous"})


def found(text: str) -> Iterator[tuple[Kind, str]]:
    """Yield what *text* says in such fields, each value with its kind."""
    yield from _ids(text)
    yield from _names(text)
    for match in _DOMAIN_USER.finditer(text):
        domain = match["domain"] or ""
        if domain.casefold() not in AUTHORITIES and not is_kept_name(domain):
            yield Kind.DOMAIN, domain
            yield Kind.USER, match["user"]


def _ids(text: str) -> Iterator[tuple[Kind, str]]:
    for match in _FIELD.finditer(text):
        kind = Kind.ACCOUNT if match["account"] else Kind.ORGANISATION
        yield from (
            (kind, value.lower()) for value in (match["first"], match["second"]) if value and UUID.fullmatch(value)
        )
    for match in _BELOW.finditer(text):
        yield from ((_KIND_OF_PLACE[name], value.lower()) for name, value in match.groupdict().items() if value)


def _names(text: str) -> Iterator[tuple[Kind, str]]:
    for match in _STATE.finditer(text):
        if match["value"].casefold() not in NOBODY:
            yield next(kind for name, kind in _KIND_OF_STATE.items() if match[name]), match["value"]
    for match in _PRINTED.finditer(text):
        if match["value"].casefold() not in NOBODY:
            yield Kind.FULL_NAME, match["value"]
