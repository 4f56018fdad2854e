"""Which keys of Claude's JSON files keep their values, and what the values of the others are.

Known are the keys that a parser reads and those that say nothing of a person: of the app's session registry, its
settings, git-worktrees.json, the CLI's live registry, our own metadata. Other texts become a length and a token.
"""

from __future__ import annotations

import re
from enum import StrEnum

from claude_evidence.collector._types import Kind


class Rule(StrEnum):
    """What becomes of a text under a key."""

    KEEP = "keep"  # kept, scrubbed like any text
    PATH = "path"  # a path: scrubbed part by part
    BRANCH = "branch"  # a git branch: kept where git or the app chose it
    TITLE = "title"
    HIDE = "hide"  # hidden, whatever it looks like: numbers and ids that are somebody's own
    SECRET = "secret"  # noqa: S105 - the name of a rule: hidden, and so is all below, keys too
    ACCOUNT = "account"
    ORGANISATION = "org"
    EMAIL = "email"
    NAME = "name"
    USER = "user"
    HOST = "host"
    ERROR = "error"  # kept within what tells of an error, else hidden
    HIDE_ALL = "hide_all"  # what a person or a tool said: hidden, and all below it, whatever its keys are
    OPEN = "open"  # holds entries under names: the names are kept, scrubbed


KINDS = {
    Rule.TITLE: Kind.TITLE, Rule.SECRET: Kind.SECRET, Rule.ACCOUNT: Kind.ACCOUNT, Rule.ORGANISATION: Kind.ORGANISATION,
    Rule.EMAIL: Kind.EMAIL, Rule.NAME: Kind.FULL_NAME, Rule.USER: Kind.USER, Rule.HOST: Kind.HOST,
}  # fmt: skip

_WORDS: dict[Rule, str] = {
    Rule.KEEP: """
        sessionid clisessionid priorclisessionids preclearclisessionid unarchivedclisessionid historyonlyclisessionid
        model effort titlesource permissionmode chromepermissionmode createdat lastactivityat lastfocusedat indexedat
        completedturns isarchived isstarred worktreename lastassistantuuid chrometabgroupid forkedfromsessionid
        bridgesessionids remotecontroluserenabled transcriptunavailable sessiontype spaceid hostloopmode processname
        memoryenabled skillsenabled pluginsenabled taskid leasedby locale userthememode sidebarmode type subtype
        status version entrypoint pid uuid parentuuid timestamp requestid messageid toolusebytes isenabled format kind
        sha256 size_bytes modified_at created_at acquired_at collected_at first_time last_time versions session_ids
        attributes first_non_null_offset is_directory artifact outcome member level logger method jsonrpc id state
        reason code errno syscall hresult eventid eventids provider operation severity protocolversion appversion
        platform arch os release channel build environment sdk runtime processtype isoutofprocess exitcode signal
        phase step stage source packagefullname packagefamilyname publisherid publisher architecture signaturekind
        nonremovable isframework installdate starttype servicetype starttime displaystate filesystem drivetype reparse
        mode theme event key_count bundle_id tool timezone started_at finished_at mimetype compression encoding
        default schemaversion starttimeout stoptimeout major minor owner_kind controllertype computername_kind
        updatedat fetchedat releasename releasenotesid feature spawnedfrom taskids hresulttext errorcode error_code
        category facility tag tags servicename
        """,
    Rule.PATH: """
        cwd origincwd worktreepath path root baserepo userselectedfolders originalpath fullpath projectpath
        coworkuserfilespath installlocation binarypath executable exe imagepath file filename folder directory dir
        reparse_target target command_path profile home pathname binarypathname location mountpoint filepath abs_path
        source_path folders uri url
        """,
    Rule.BRANCH: "branch sourcebranch writtenbranches gitbranch headbranch basebranch",
    Rule.TITLE: "title customtitle aititle summary displaytitle conversationtitle agentname windowtitle",
    Rule.SECRET: """
        env headers oauth oauth:tokencache oauth:tokencachev2 tokencache token tokens accesstoken refreshtoken apikey
        api_key authorization auth cookie cookies password passwd secret secrets credentials credential access_token
        refresh_token id_token client_secret clientsecret sessionkey privatekey buddytokens
        """,
    Rule.ACCOUNT: """
        account accountid account_id accountuuid account_uuid lastknownaccountuuid useruuid user_uuid userid user_id
        accounts ownerid
        """,
    Rule.ORGANISATION: """
        org orgid org_id orguuid organizationid organization_id organizationuuid organization_uuid lastknownorguuid
        organisationid
        """,
    Rule.EMAIL: "email emailaddress email_address useremail mail",
    Rule.NAME: """
        accountname fullname full_name displayname display_name organizationname orgname realname registeredowner
        accountdisplayname
        """,
    Rule.USER: "username user_name login logonname owner user",
    Rule.HOST: "hostname host_name computername computer machinename devicename remotetoolsdevicename server_name host",
    Rule.ERROR: "message errormessage error errors stack cause description value detail details data",
    Rule.HIDE: """
        did deviceid device_id machineid machine_id installationid installation_id anonymousid anonymous_id tenantid
        tenant_id objectid object_id serialnumber serial_number phone phonenumber phone_number mobile hardwareid
        ipaddress ip_address
        """,
    Rule.HIDE_ALL: """
        prompt firstprompt initialmessage systemprompt arguments args input inputs output result results content
        contents text query body parameters payload lastprompt completion instructions notes
        """,
    Rule.OPEN: """
        mcpservers enabledmcptools bypasspermissionsgatebyaccount worktrees preferences worktreelazy spawnedfrom
        epitaxyprefs dframe-local-slice entries transcript acquisitions host_facts sessions params serverinfo
        clientinfo capabilities sessionsettings remotemcpserversconfig prs errorevents attribution virtualmachine
        """,
}  # fmt: skip
RULES: dict[str, Rule] = {word: rule for rule, words in _WORDS.items() for word in words.split()}
ACCOUNTS = "accounts"
NAMED: dict[str, str] = {
    "bypasspermissionsgatebyaccount": ACCOUNTS,
    **dict.fromkeys(("mcpservers", "enabledmcptools", "worktrees", "alwaysallowedreasons"), "entries"),
}
"""Objects whose keys are the names of entries."""
_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$:.-]{0,47}")
_OWN_BRANCH = re.compile(
    r"(?:main|master|develop|dev|trunk|head|release|staging|production|gh-pages|stable|next)"
    r"|(?:claude|worktree|wt)[/-][a-z0-9]+(?:-[a-z0-9]+){0,5}", re.IGNORECASE
)  # fmt: skip
_PLAIN_VALUE = re.compile(
    r"(?:local_|session_|msg_|req_|toolu_|cse_)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?:local_|session_01|req_01|msg_01|toolu_01)[A-Za-z0-9_-]{1,64}|[0-9a-f]{64}"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)|v?\d{1,6}(?:\.\d{1,8}){1,4}"
    r"|claude-(?:opus|sonnet|haiku|fable|mythos|instant)?[a-z0-9.-]{0,40}(?:\[1m\])?|0x[0-9a-f]{1,16}|-?\d{1,20}|true|false|null|",
    re.IGNORECASE,
)  # fmt: skip


def rule_of(key: str) -> Rule | None:
    """Return the rule of *key*, None where nobody knows it."""
    folded = key.casefold()
    rule = RULES.get(folded)
    if rule is None and folded.startswith("oauth"):
        return Rule.SECRET
    return rule


def is_identifier(key: str) -> bool:
    """Return whether *key* looks like a program's own word."""
    return bool(_IDENTIFIER.fullmatch(key))


def is_plain(value: str) -> bool:
    """Return whether *value* tells nothing under any key: an id, a time, a version, a hash, a number."""
    return bool(_PLAIN_VALUE.fullmatch(value))


def is_own_branch(value: str) -> bool:
    """Return whether git or the app chose the name of this branch."""
    return bool(_OWN_BRANCH.fullmatch(value))
