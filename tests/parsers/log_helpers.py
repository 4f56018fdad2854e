"""Logs given to the parser, and what came of them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from claude_evidence.model import Manifest
from claude_evidence.parsers._contract import Parsed
from tests.parsers.conftest import Read

BERLIN = Manifest(timezone="Europe/Berlin")
HEAD = b"2026-05-17 07:27:12 [info] "


def table(read: Read, data: bytes, name: str = "main.log", manifest: Manifest = BERLIN) -> pd.DataFrame:
    return rows(read("app_log", data, f"C:/Users/alice/AppData/Local/Claude/Logs/{name}", manifest=manifest))


def rows(parsed: Parsed) -> pd.DataFrame:
    return parsed.frames()["app_log"]


def row(read: Read, data: bytes, name: str = "main.log") -> dict[str, Any]:
    frame = table(read, data, name)
    assert len(frame) == 1
    return dict(frame.iloc[0])


def problems(read: Read, data: bytes, name: str = "main.log") -> list[tuple[str, int | None]]:
    return [(p.message, p.record) for p in read("app_log", data, name).problems]
