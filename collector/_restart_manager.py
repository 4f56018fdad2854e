"""Who holds files open, as Windows' Restart Manager tells any user (learn.microsoft.com/windows/win32/rstmgr)."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterable, Sequence
from ctypes import wintypes
from pathlib import Path
from typing import Any

_MORE_DATA = 234
_KEY_CHARACTERS = 33
_MOST_FILES = 500


class _Unique(ctypes.Structure):
    """RM_UNIQUE_PROCESS."""

    _fields_ = (("pid", wintypes.DWORD), ("started", wintypes.FILETIME))


class _Info(ctypes.Structure):
    """RM_PROCESS_INFO."""

    _fields_ = (
        ("process", _Unique),
        ("application", ctypes.c_wchar * 256),
        ("service", ctypes.c_wchar * 64),
        ("type", ctypes.c_int),
        ("status", wintypes.ULONG),
        ("session", wintypes.DWORD),
        ("restartable", wintypes.BOOL),
    )


def holders(files: Iterable[Path]) -> list[int]:
    """Return the process ids of those that hold one of *files* open; OSError where Windows does not say.

    Nothing is done to anybody: the session only asks. Always empty where this is no Windows.
    """
    names = [str(path) for path, _ in zip(files, range(_MOST_FILES), strict=False)]
    if sys.platform != "win32" or not names:
        return []
    manager: Any = getattr(ctypes, "WinDLL")("rstrtmgr")  # noqa: B009 - only Windows has it
    session, key = wintypes.DWORD(), ctypes.create_unicode_buffer(_KEY_CHARACTERS)
    _check(manager.RmStartSession(ctypes.byref(session), 0, key))
    try:
        listed = (ctypes.c_wchar_p * len(names))(*names)
        _check(manager.RmRegisterResources(session, len(names), listed, 0, None, 0, None))
        return [one.process.pid for one in _told(manager, session)]
    finally:
        manager.RmEndSession(session)


def _told(manager: Any, session: wintypes.DWORD) -> Sequence[_Info]:
    needed, count, reasons = wintypes.UINT(), wintypes.UINT(16), wintypes.DWORD()
    for _ in range(5):  # others start and end meanwhile
        infos = (_Info * count.value)()
        asked = (session, ctypes.byref(needed), ctypes.byref(count), infos, ctypes.byref(reasons))
        code = manager.RmGetList(*asked)
        if code != _MORE_DATA:
            _check(code)
            return infos[: count.value]
        count.value = needed.value + 8
    return []


def _check(code: int) -> None:
    if code:
        raise OSError(code, f"the Restart Manager refused with {code}")
