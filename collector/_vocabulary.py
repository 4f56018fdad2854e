"""Words that identify nobody: of systems, of the app, of everyday language. What is here is never learnt as a name.

The names of folders and files are those of Windows, macOS, Linux, git and Claude's own (see ``artifacts.yaml``).
"""

from __future__ import annotations

import re

from claude_evidence.collector._json_keys import RULES


def _listed(words: str) -> frozenset[str]:
    return frozenset(word for line in words.splitlines() for part in line.split("|") if (word := part.strip()))


SYSTEM_PROFILES = frozenset(
    ("public", "default", "default user", "all users", "defaultapppool", "shared", "guest", "desktop.ini",
     "wdagutilityaccount", "defaultaccount", "localservice", "networkservice", "systemprofile", "system",
     "local service", "network service", "nobody", "root", "lost+found", ".localized"),
)  # fmt: skip

WORDS = frozenset(
    """
    account accounts admin administrator agent alias anonymous app apps application archive arch assistant auto backup
    bash branch browser build builtin cache chat claude client cloud code config console context cowork crash data
    date debug default desktop developer device disk docker document documents domain done download downloads drive
    electron email empty enabled error errors event events exec false file files folder free git github global google
    group guest guests handler home host hosts http https info init install internal invalid item json kernel laptop
    level library linux list load local localhost logs mail main manager master message microsoft mode model module
    name network node none null object office open owner package packages panel path paths plugin plugins private
    process profile program programs project projects prompt public python query read remote render renderer repo
    report request response roaming root running save script scripts secret server service services session sessions
    setup shared shell skill skills source staging start state status stop store string sync system task team temp
    test tests text this time title token tool tools true type undefined unknown update updater user username users
    utf8 value values version video virtual warn warning watch webview window windows work worker workgroup worktree
    write yarn anthropic mcp msix appx wsl
    """.split()  # noqa: SIM905
)

# What a bundle itself says: in its bag, its manifest and metadata, and in the frame of every event.
STRUCTURE = frozenset(
    """
    accessed acquired acquisition acquisitions activityid addresses appxpackages architecture artifact attributes
    bagging bagit binary bundle bytes channel character collected collection command computer contents correlation
    counts created denied detail digest directory drive effort elfchnk elffile encoding entries entry eventdata
    eventid eventrecordid evidence execution failed finished first folders format from guid hash inventory keywords
    kind last locale manifest mapping maximum member members meta metadata missing modified newest offset opcode
    operational outcome oxum payload processid processes provider qualifiers records redacted redaction registry
    relatedactivityid security size skipped software source started systemtime tagmanifest threadid timecreated
    timezone transcript transcripts userdata userid versions volumes written xmlns
    """.split()  # noqa: SIM905
)

KEPT_FOLDERS = _listed("""
    users|home|documents and settings|windows|winnt|program files|program files (x86)|programdata|windowsapps
    wpsystem|system volume information|$recycle.bin|recovery|perflogs|intel|deleted|mutable|packages|appdata|local
    roaming|locallow|localcache|localstate|roamingstate|tempstate|settings|systemappdata|ac|inetcache|inetcookies
    inethistory|temp|tmp|programs|microsoft|system32|syswow64|winevt|logs|log|config|claude|claude-3p
    anthropicclaude|anthropic|claude code|claude desktop|claude-code|claude-code-sessions|claude-code-vm
    claude-code-releases|local-agent-mode-sessions|vm_bundles|claudevm.bundle|claude extensions
    claude extensions settings|sentry|crashpad|reports|pending|completed|attachments|cache|cache_data|code cache
    gpucache|dawncache|dawngraphitecache|dawnwebgpucache|shadercache|js|wasm|index-dir|blob_storage|indexeddb
    local storage|session storage|leveldb|network|partitions|service worker|cachestorage|scriptcache|database
    databases|webstorage|shared dictionary|dictionaries|shared_proto_db|metadata|video decode stats|trust tokens
    local state|preferences|cookies|quotamanager|.claude|projects|sessions|subagents|tool-results|todos|plans
    shell-snapshots|file-history|rpm|statsig|ide|plugins|skills|commands|agents|hooks|outputs|uploads|mnt|worktrees
    .worktrees|session-env|debug|usage-data|downloads|documents|desktop|pictures|music|videos|onedrive|dropbox
    google drive|icloud drive|library|application support|caches|source|sources|src|repos|repo|repositories|dev
    develop|development|code|coding|work|workspace|workspaces|git|github|gitlab|projekte|projets|proyectos
    progetti|bin|lib|lib64|opt|usr|etc|var|proc|sys|run|dev|private|root|volumes|media|srv|applications|system
    .config|.local|.cache|share|state|.git|.vscode|.cursor|.idea|.npm|.nvm|.bun|.ssh|.docker|node_modules|.bin
    dist|out|build|target|venv|.venv|app|resources|app.asar|app.asar.unpacked|.vite|native|locales|swiftshader
    antivirus|winget|cowork|cowork-service|hcs|vm|rootfs|scheduled-tasks|git-worktrees|bridge|backups|backup|data
    files|lock|lockfile|current|versions|releases|staging|installer|squirrel|update|appxmanifest.xml
    appxblockmap.xml|assets|nodejs|npm|git bash|powershell|v1.0|openssh|drivers|catroot|wbem
    """)  # fmt: skip

# A project of this name is the person's own wherever it lies below their folder.
HOME_FOLDERS = _listed("""
    appdata|documents|desktop|downloads|pictures|music|videos|onedrive|dropbox|google drive|icloud drive|library
    source|src|repos|projects|dev|code|work|workspace|git|github|.claude|.config|.local|.cache|.ssh|.vscode
    .cursor|.git|.npm|.nvm|.bun|.docker|bin|tmp|temp|packages|scoop|go|.cargo|.rustup|miniconda3|anaconda3|.conda
    .gitconfig|.bashrc|.zshrc|.claude.json|projekte|contacts|favorites|links|saved games|searches|3d objects
    ntuser.dat|applications|.wsl|.nuget|application data|local settings
    """)  # fmt: skip

EXTENSIONS = frozenset(
    """
    json jsonl log txt tmp exe dll evtx md js mjs cjs ts tsx jsx py html css yml yaml toml xml zip gz vhdx vhd img
    msix appx bak ini cfg db sqlite ldb node asar bat cmd ps1 sh lnk png jpg pdf docx xlsx pptx csv dmp sys pid lock
    unreadable map cs java go rs rb php c h cpp sql
    """.split()  # noqa: SIM905
)

_KEPT_NAMES = re.compile(
    r"(?:main|mcp|ssh|window|main-window|unknown-window|claude\.ai-web|cowork_vm_[a-z]{1,10}|cowork-service|coworkd|swift"
    r"|vzgvisor|claudesetup|setup|update|console)(?:\*|\d{0,3}|\.old)\.log(?:\.meta\.json)?"
    r"|mcp-server-[a-z0-9_. @()-]{1,80}\.log"
    r"|(?:local_|deleted_|session_|agent-|cse_)[a-z0-9_-]{1,80}(?:\.[a-z]{1,10}){0,3}"
    r"|claude(?:_|\.|-|~)[a-z0-9_.~!-]{1,100}|claude|cowork-svc\.exe|chrome-native-host\.exe"
    r"|(?:config|claude_desktop_config|git-worktrees|manifest|scheduled-tasks|sessions-index|ssh_configs"
    r"|bridge-state"
    r"|buddy-tokens|window-state|plan-usage-history|settings|settings\.local"
    r"|extensions-installations|package)\.json"
    r"(?:\.meta\.json)?|scope_v[\d*]{1,3}\.json|session(?:_v\d{1,3}|\*)?\.json|\.credentials\.json|audit\.jsonl|history\.jsonl"
    r"|(?:microsoft-windows-[a-z0-9%_. -]{1,120}|system|application|security)\.evtx(?:\.meta\.json)?"
    r"|index\.js|preload\.js"
    r"|v?\d{1,10}(?:[._-]\d{1,10}){0,6}(?:\.[a-z]{1,10})?(?:\.meta\.json)?"
    r"|\.{1,3}|\*{1,2}\d?|(?:local_|deleted_)?\*(?:\.[a-z*-]{1,20}){0,2}"
    r"|-sessions-[a-z0-9-]{1,60}",
    re.IGNORECASE,
)  # fmt: skip
# how the app names storage that it put aside: IndexedDB.bak.20260731-080001 (#67850)
_PUT_ASIDE = re.compile(r"\.bak\.\d{8}-\d{6}\Z")
_UUID_NAME = re.compile(
    r"(?:\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?|[0-9a-f]{32,64})(?:\.[a-z-]{1,20}){0,3}", re.IGNORECASE
)

# What the app writes at the beginning of its messages; a conversation that bears such a title stays readable there.
MESSAGES = """
starting app not main instance, returning early from app ready second-instance: suppressing duplicate argv beforequit:
handler fired, going down running onquitcleanup: local-session-stop-all beforequitforupdate handler fired windows
session ending (close-app) - quitting the app killing pty process tree(s) on quit stopping active session(s) on quit
account details not yet available, waiting for ipc user logged out during ipc wait, stopping early identity changed
clearing oauth cache initialization succeeded cannot initialize sessions keeping existing sessions org changed from
null to session storage directory does not exist yet, skipping load no persisted sessions found loaded 0 persisted
sessions from failed to read sessions directory unknown: unknown error, scandir failed to load persisted sessions
loadsessions failed during account transition cannot save session: storage path not available failed to save session
exdev: cross-device link not permitted, rename refusing non-directory at private dir path create-path redirected
through a planted symlink falling back to direct write initialized with version starting local session using claude
code binary at mapping internal session to cli session sending message to session claude code process exited with code
unhealthy cycle binary preflight: .verified marker missing but binary exists at warming session deleted session
updated session filesystem virtualization active filesystem not virtualized checking for updates found an update,
downloading update downloaded and ready to install deferring auto-restart triggering stealth update after idle timeout
failed to connect transport request failed with status code 404 enabling remote control for session reaping idle
worktree removing worktree removed worktree pruning orphaned store entry mcp server connection requested for skipped
invalid mcp server config entries gpu process gone main webview render process gone failed to copy native host binary
config file written blocked permission check configuring windows vm service startup failed vm boot failed hcs
operation failed connection timeout, last completed step skipping auto-reinstall claude vm service stopped
"""
_MESSAGES = " ".join(MESSAGES.split())


def is_word(name: str) -> bool:
    """Return whether *name* is too short, too common or too numeric to identify outside an identity position."""
    folded = name.casefold()
    if len(name) < 4 or not any(c.isalpha() for c in name):
        return True
    return folded in WORDS or folded in STRUCTURE or folded in SYSTEM_PROFILES or folded in RULES


def is_message(text: str) -> bool:
    """Return whether *text* is part of what the app itself logs."""
    return " ".join(text.casefold().split()) in _MESSAGES


def is_kept_name(part: str) -> bool:
    """Return whether *part* of a path is a name of the system or of the app, or an id that is no account's."""
    part = _PUT_ASIDE.sub("", part)
    folded = part.casefold()
    return folded in KEPT_FOLDERS or bool(_KEPT_NAMES.fullmatch(part) or _UUID_NAME.fullmatch(part))
