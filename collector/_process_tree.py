"""A program with everything that it started: ended together. A job object on Windows, a process group elsewhere."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from contextlib import suppress
from types import TracebackType
from typing import Any

_EXTENDED_LIMITS = 9  # JobObjectExtendedLimitInformation, winnt.h
_KILL_ON_CLOSE = 0x2000  # JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
_LIMITS_BYTES = 144 if ctypes.sizeof(ctypes.c_void_p) == 8 else 112
_FLAGS_AT = 16  # LimitFlags, behind two times of eight bytes


class Tree:
    """Everything that *process* starts from now on; ended at the latest when the block is left, Ctrl-C included."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._job: Any = _job(process) if os.name == "nt" else None
        self._ended = False

    def __enter__(self) -> Tree:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        if error is not None:
            self._process.wait()

    def end(self) -> None:
        """End what still runs."""
        if self._ended:
            return
        self._ended = True
        if os.name == "nt":
            self._end_job()
        else:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(OSError):
            self._process.kill()

    def _end_job(self) -> None:
        if self._job:
            kernel = _kernel()
            kernel.TerminateJobObject(self._job, 1)
            kernel.CloseHandle(self._job)


def _kernel() -> Any:
    kernel = getattr(ctypes, "WinDLL")("kernel32", use_last_error=True)  # noqa: B009 - only Windows has it
    handle = ctypes.c_void_p
    kernel.CreateJobObjectW.restype = handle
    kernel.CreateJobObjectW.argtypes = [handle, ctypes.c_wchar_p]
    kernel.SetInformationJobObject.argtypes = [handle, ctypes.c_int, handle, ctypes.c_uint32]
    kernel.AssignProcessToJobObject.argtypes = [handle, handle]
    kernel.TerminateJobObject.argtypes = [handle, ctypes.c_uint32]
    kernel.CloseHandle.argtypes = [handle]
    return kernel


def _job(process: subprocess.Popen[bytes]) -> Any:
    """Return a job that *process* is in; nothing where it ended already or where Windows refuses."""
    kernel = _kernel()
    job = kernel.CreateJobObjectW(None, None)
    if not job:
        return None
    limits = ctypes.create_string_buffer(_LIMITS_BYTES)
    ctypes.c_uint32.from_buffer(limits, _FLAGS_AT).value = _KILL_ON_CLOSE
    kernel.SetInformationJobObject(job, _EXTENDED_LIMITS, limits, _LIMITS_BYTES)
    if not kernel.AssignProcessToJobObject(job, int(getattr(process, "_handle"))):  # noqa: B009 - only Windows has it
        kernel.CloseHandle(job)
        return None
    return job
