"""The processes of a Windows machine by its own functions: no program is started, and no administrator is needed.

Of processes of other users and of the system only name, parent and session are known. The structures are those of
tlhelp32.h and ntdef.h; the command line comes by the information class 60 of ``NtQueryInformationProcess``.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from contextlib import suppress
from ctypes import wintypes
from datetime import UTC, datetime, timedelta
from typing import Any

from claude_evidence.collector._processes import NotListedError, Process, chromium_type

_SNAPSHOT_OF_PROCESSES = 2
_LIMITED_INFORMATION = 0x1000
_INVALID = ctypes.c_void_p(-1).value
_COMMAND_LINE = 60
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_WORD = re.compile(r'[^\s"]+')


class _Entry(ctypes.Structure):
    """PROCESSENTRY32W."""

    _fields_ = (
        ("size", wintypes.DWORD),
        ("usage", wintypes.DWORD),
        ("pid", wintypes.DWORD),
        ("heap", ctypes.c_size_t),
        ("module", wintypes.DWORD),
        ("threads", wintypes.DWORD),
        ("parent_pid", wintypes.DWORD),
        ("priority", ctypes.c_long),
        ("flags", wintypes.DWORD),
        ("name", ctypes.c_wchar * 260),
    )


def listed() -> list[Process]:
    """Return every process. NotListedError where Windows gives no list."""
    kernel = _library("kernel32")
    return [_process(kernel, entry) for entry in _entries(kernel)]


def _entries(kernel: Any) -> Iterator[tuple[int, int, str]]:
    kernel.CreateToolhelp32Snapshot.restype = ctypes.c_void_p
    snapshot = kernel.CreateToolhelp32Snapshot(_SNAPSHOT_OF_PROCESSES, 0)
    if snapshot == _INVALID:
        raise NotListedError("Windows gave no list of processes")
    handle = ctypes.c_void_p(snapshot)
    try:
        entry = _Entry(size=ctypes.sizeof(_Entry))
        more = kernel.Process32FirstW(handle, ctypes.byref(entry))
        while more:
            yield entry.pid, entry.parent_pid, entry.name
            more = kernel.Process32NextW(handle, ctypes.byref(entry))
    finally:
        kernel.CloseHandle(handle)


def _process(kernel: Any, entry: tuple[int, int, str]) -> Process:
    pid, parent, name = entry
    session = wintypes.DWORD()
    known = kernel.ProcessIdToSessionId(pid, ctypes.byref(session))
    number = session.value if known else None
    kernel.OpenProcess.restype = ctypes.c_void_p
    opened = kernel.OpenProcess(_LIMITED_INFORMATION, False, pid) if pid else None
    if not opened:
        return Process(pid, parent, name, session_id=number)
    handle = ctypes.c_void_p(opened)
    try:
        path, started = _path(kernel, handle), _started(kernel, handle)
        return Process(pid, parent, name, path, started, number, _type(handle) if _is_browser(name) else "")
    finally:
        kernel.CloseHandle(handle)


def _is_browser(name: str) -> bool:
    return name.casefold().startswith("claude")


def _path(kernel: Any, handle: Any) -> str:
    size = wintypes.DWORD(32_768)
    buffer = ctypes.create_unicode_buffer(size.value)
    return buffer.value if kernel.QueryFullProcessImageNameW(handle, 0, buffer, ctypes.byref(size)) else ""


def _started(kernel: Any, handle: Any) -> datetime | None:
    times = [wintypes.FILETIME() for _ in range(4)]
    if not kernel.GetProcessTimes(handle, *map(ctypes.byref, times)):
        return None
    ticks = times[0].dwHighDateTime << 32 | times[0].dwLowDateTime
    with suppress(OverflowError):
        return (_EPOCH + timedelta(microseconds=ticks // 10)).replace(microsecond=0) if ticks else None
    return None


def _type(handle: Any) -> str:
    """Return Chromium's word for the process; nothing else of its command line is looked at."""
    buffer = ctypes.create_string_buffer(65_536)
    if _library("ntdll").NtQueryInformationProcess(handle, _COMMAND_LINE, buffer, len(buffer), None) != 0:
        return ""
    length = int.from_bytes(buffer.raw[:2], "little")
    start = 16 if ctypes.sizeof(ctypes.c_void_p) == 8 else 8  # behind the UNICODE_STRING's head
    line = buffer.raw[start : start + length].decode("utf-16-le", "replace")
    return chromium_type(word.encode("utf-8", "replace") for word in _WORD.findall(line))


def _library(name: str) -> Any:
    return getattr(ctypes, "WinDLL")(name)  # noqa: B009 - only Windows has it
