"""How people name a Windows event when they quote it: providers, the ids each may have, and labels in many languages.

Ids collide between providers, so one without a provider is taken only where `PROVIDERS` leaves no doubt about it.
Numbers and channels: the manifests of the providers, and what public reports quote (#59934, #89992, #94241 …).
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider, the channel it writes to, how it is named in reports, and its ids that matter here.

    ``sure`` says that one of these ids with a package of Claude's beside it can be no other provider's.
    """

    name: str
    channel: str
    words: re.Pattern[str]
    ids: frozenset[int]
    sure: bool = True


def _provider(name: str, channel: str, words: str, ids: list[int], *, sure: bool = True) -> Provider:
    return Provider(name, channel, re.compile(words, re.IGNORECASE), frozenset(ids), sure)


_MS = "Microsoft-Windows-"
PROVIDERS = (
    _provider(f"{_MS}AppXDeployment-Server", f"{_MS}AppXDeploymentServer/Operational",
              r"App[Xx]\s?Deployment[- ]?Server|AppXSVC|\bAXD\b|AppXDeployment\b",
              [*range(400, 422), 465, 497, 574, 603, 605, 607, 613, 614, 618, 627, 633, 638, 649, 658, 665, 666, 678,
               717, 732, 821, 854, 855, 8104, 8107, *range(9622, 9650), 10002, 10007]),
    _provider(f"{_MS}AppModel-Runtime", f"{_MS}AppModel-Runtime/Admin", r"App\s?Model[- ]?Runtime|\bAMR\b",
              [5, 6, 7, *range(39, 43), *range(53, 63), *range(63, 72), *range(201, 220)]),
    _provider(f"{_MS}CodeIntegrity", f"{_MS}CodeIntegrity/Operational", r"Code\s?Integrity",
              [3010, 3033, 3034, 3076, 3077]),
    _provider(f"{_MS}TWinUI", f"{_MS}TWinUI/Operational", r"TWinUI|Immersive-Shell|Apps? activation",
              [5960, 5961, 1621]),
    _provider("Service Control Manager", "System", r"Service Control Manager|\bSCM\b",
              [7000, 7001, 7009, 7011, 7023, 7024, 7031, 7034, 7036, 7040, 7045]),
    _provider(f"{_MS}Kernel-Power", "System", r"Kernel-Power", [41, 109, 172], sure=False),
    _provider("EventLog", "System", r"(?<![\w-])Event\s?Log(?![\w-])", [6005, 6006, 6008, 6013], sure=False),
    _provider("User32", "System", r"User32", [1074], sure=False),
    _provider("Windows Error Reporting", "Application", r"Windows Error Reporting|\bWER\b", [1001], sure=False),
    _provider("Application Hang", "Application", r"Application Hang", [1002], sure=False),
    _provider("Application Error", "Application", r"Application Error", [1000], sure=False),
    _provider("CoworkVMService", "Application", r"(?<!\w)CoworkVMService(?=\s*[:\]])", [1], sure=False),
    _provider(f"{_MS}Hyper-V-Compute", f"{_MS}Hyper-V-Compute-Operational", r"Hyper-V-Compute", [2000, 2001]),
    _provider(f"{_MS}Hyper-V-Worker", f"{_MS}Hyper-V-Worker-Admin", r"Hyper-V-Worker", [12010, 12030, 18560]),
)  # fmt: skip

# «Event ID» in the languages in which Event Viewer speaks
_ID_WORDS = (
    r"Event[ _-]?ID", r"Ereignis-?\s?ID", r"ID (?:de l['’]événement|d['’]événement|evento|do [Ee]vento|del evento)",
    r"Id\.? del? evento", r"Gebeurtenis-?id", r"Identyfikator zdarzenia", r"Код события", r"ИД события",
    r"イベント\s?ID", r"이벤트\s?ID", r"事件\s?ID", r"事件識別碼", r"Olay Kimliği", r"Händelse-?ID", r"Hendelses-?ID",
    r"Hændelses-?id", r"Tapahtumatunnus", r"Identificação do [Ee]vento", r"Esemény-?azonosító",
    r"ID události", r"Ідентифікатор події",
)  # fmt: skip
EVENT_ID = re.compile(rf"(?:{'|'.join(_ID_WORDS)})\s*[:：=]?\s*#?(?P<id>\d{{1,5}})(?!\d)", re.IGNORECASE)
# keys of Event Viewer's «copy details as text», of wevtutil /f:text and of Get-WinEvent | Format-List
SOURCE_KEYS = frozenset({
    "source", "providername", "provider name", "provider", "quelle", "fuente", "origine", "origem", "bron", "źródło",
    "источник", "fonte", "ソース", "원본", "来源", "來源", "logname", "log name", "protokollname", "nom du journal",
    "nombre de registro", "nome registro", "имя журнала", "ログの名前", "로그 이름", "日志名称", "logboeknaam",
})  # fmt: skip
ID_KEYS = frozenset({"id", "eventid", "event id"})
TIME_KEYS = frozenset({
    "timecreated", "date", "datum", "fecha", "data", "дата", "日付", "날짜", "日期", "date et heure", "time created",
    "logged", "protokolliert",
})  # fmt: skip
# messages that name their event without a number: the code and the package are the same in every language, the words
# are those of the English templates
_AXD, _AMR, _CI, _WER = (PROVIDERS[index].name for index in (0, 1, 2, 8))
MESSAGES: tuple[tuple[str, int, re.Pattern[str]], ...] = (
    (_AMR, 215, re.compile(r"Desktop AppX container.{0,160}converting the job", re.DOTALL | re.IGNORECASE)),
    (_AMR, 208, re.compile(r"Cannot create the process.{0,160}configuring runtime", re.DOTALL | re.IGNORECASE)),
    (_AXD, 658, re.compile(r"Marking package .{0,160}deferred registration", re.DOTALL | re.IGNORECASE)),
    (_AXD, 404, re.compile(r"AppX Deployment operation failed for package", re.IGNORECASE)),
    (_AXD, 401, re.compile(r"Deployment \w+ operation .{0,300}failed with error 0x", re.DOTALL | re.IGNORECASE)),
    (_AXD, 400, re.compile(r"Deployment \w+ operation .{0,300}finished successfully", re.DOTALL | re.IGNORECASE)),
    (_AXD, 603, re.compile(r"Started deployment \w+ operation", re.IGNORECASE)),
    (_AXD, 638, re.compile(r"affected apps are still running", re.IGNORECASE)),
    (_AXD, 419, re.compile(r"error 0x80073D02: Unable to install", re.IGNORECASE)),
    (_AXD, 404, re.compile(r"Deployment failed with HRESULT:\s*0x", re.IGNORECASE)),
    # the same in other languages: the codes of a deployment stand behind the word in all of them
    (_AXD, 404, re.compile(r"\bHRESULT\s?[:：]\s?0x80073(?:CF|D[0-9A-F])", re.IGNORECASE)),
    (_AXD, 465, re.compile(r"Opening the package from location .{1,200}failed", re.DOTALL | re.IGNORECASE)),
    (_AXD, 618, re.compile(r"Unable to update the status for package", re.IGNORECASE)),
    (_AMR, 67, re.compile(r"modifying AppModel Runtime status", re.IGNORECASE)),
    (_CI, 3033, re.compile(r"did not meet the .{1,40}signing level requirements", re.DOTALL | re.IGNORECASE)),
    (_WER, 1001, re.compile(r"[:：]\s*(?:MoAppHang|AppHang)|P1\W{1,4}Claude_.{0,80}praid:", re.DOTALL)),
)


def named(text: str) -> Provider | None:
    """Return the provider that *text* names; where it names several, the first in it."""
    found = [(match.start(), provider) for provider in PROVIDERS if (match := provider.words.search(text))]
    return min(found, key=lambda each: each[0])[1] if found else None


def owner(number: int) -> Provider | None:
    """Return the one provider whose event *number* can be, None where that is not sure."""
    owners = [provider for provider in PROVIDERS if number in provider.ids]
    return owners[0] if len(owners) == 1 and owners[0].sure else None
