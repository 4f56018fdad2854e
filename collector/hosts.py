"""The machine whose evidence is collected: this one, or a mounted disk or extracted tree of another one."""

from __future__ import annotations

import sys
from pathlib import Path

from claude_evidence.collector._host_image import Tree, layout
from claude_evidence.collector._host_posix import LivePosix, PosixImage
from claude_evidence.collector._types import Host


def live() -> Host:
    """Return this machine."""
    if sys.platform == "win32":
        from claude_evidence.collector._host_windows import LiveWindows

        return LiveWindows()
    return LivePosix("macos" if sys.platform == "darwin" else "linux")


def image(root: Path) -> Host:
    """Return the host whose disk or tree lies at *root*; its system is told by what is there.

    Known shapes: ``C/Users/…`` with a folder for each drive, the content of one drive (``Users/``, ``Windows/``), the
    root of a macOS or Linux system, and that below ``root/``. UsageError where *root* is none of them.
    """
    system, drives = layout(root)
    tree = Tree(root, drives, folds=system != "linux", drives=system == "windows")
    if system == "windows":
        from claude_evidence.collector._host_windows import WindowsImage

        return WindowsImage(tree)
    return PosixImage(system, tree)
