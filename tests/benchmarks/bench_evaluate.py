"""How much time and memory judging takes: ``python tests/benchmarks/bench_evaluate.py [ROWS…]``.

An app log of so many rows (a storm of saves that fail among ordinary lines), judged by fifteen rules and a correlation.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sigma.correlations import SigmaCorrelationRule
from sigma.rule import SigmaRule

from claude_evidence.analyzers._rule_forms import form
from claude_evidence.analyzers._types import RuleDocument, RuleSet
from claude_evidence.analyzers.evaluate import judge
from claude_evidence.model import Coverage, Level

WORDS = ["session", "started", "config", "path", "window", "focused", "update", "check", "request", "worker", "exit"]
STORM = (
    "Failed to save session local_{0:08d}: EXDEV: cross-device link not permitted, "
    "rename 'C:\\Users\\alice\\AppData\\Roaming\\Claude\\claude-code-sessions\\local_{0:08d}.json.tmp'"
)
MESSAGES: list[dict[str, Any]] = [
    {"Message|startswith": "Failed to save session", "Message|contains": ".json.tmp"},
    {"Message|contains": "Failed to read sessions directory"},
    {"Message|contains": ["Refusing non-directory at private dir", "PlantDetectedError", "planted symlink"]},
    {"Message|contains|all": ["EXDEV", "cross-device"]},
    {"Message|startswith": ["Starting local session ", "Mapping internal session "]},
    {"Message|contains": "Killing"},
    {"Message|endswith": "going down for update"},
    {"Message|contains": "GPU process gone", "Level": "error"},
    {"Message|contains": "Loaded 0 persisted sessions"},
    {"Message": "Cannot save session: storage path*"},
    {"Component": "CCD", "Message|startswith": "LocalSessions.setFocusedSession"},
    {"Message|contains": "VM service not running"},
    {"Message|contains": "JavaScript heap out of memory"},
    {"Level": "error", "Message|re": "exit(ed)? with code [1-9]"},
    {"Message|contains": "server transport closed unexpectedly"},
]


def app_log(rows: int) -> pd.DataFrame:
    """Return a log of *rows* lines of about ninety bytes, one in 231 of them part of the storm."""
    random = np.random.default_rng(1)
    ordinary = np.array([" ".join(random.choice(WORDS, 10)) + f" local_{n:08x}" for n in range(50_000)], dtype=object)
    storm = np.array([STORM.format(n) for n in range(1_000)], dtype=object)
    failing = np.arange(rows) % 231 == 0
    chosen = np.where(failing, random.integers(50_000, 51_000, rows), random.integers(0, 50_000, rows))
    message = pa.array(np.concatenate([ordinary, storm]), pa.large_string()).take(pa.array(chosen))
    start = np.datetime64("2026-05-17T07:27:00", "us")
    times = pd.Series(start + np.arange(rows) * np.timedelta64(40, "ms")).dt.as_unit("us").dt.tz_localize("UTC")
    category: Any = pd.Categorical.from_codes
    return pd.DataFrame(
        {
            "TimeCreated": times,
            "Member": category(np.zeros(rows, np.int8), ["main.log"]),
            "Record": np.arange(1, rows + 1),
            "Service": category((np.arange(rows) % 97 == 1).astype(np.int8), ["main", "mcp"]),
            "Level": category((~failing).astype(np.int8), ["error", "info"]),
            "Component": category((np.arange(rows) % 5).astype(np.int8), ["", "CCD", "VM", "mcp", "ui"]),
            "Message": pd.Series(pd.array(pa.chunked_array([message]), dtype="str")),
        }
    )


def documents() -> RuleSet:
    """Return the fifteen rules, and a correlation of the first with the tenth."""
    source = {"product": "claude_desktop", "category": "app_log", "service": "main"}
    result = []
    for number, selection in enumerate(MESSAGES):
        name = f"rule{number}"
        detection = {"selection": selection, "condition": "selection"}
        sigma = SigmaRule.from_dict({"title": name, "name": name, "logsource": source, "detection": detection})
        result.append(RuleDocument(name, name, Path(name), 1, form(sigma), name, Level.MEDIUM))
    body = {"type": "event_count", "rules": ["rule0"], "timespan": "10m", "condition": {"gte": 10}}
    storm = SigmaCorrelationRule.from_dict({"title": "storm", "name": "storm", "correlation": body})
    result.append(RuleDocument("storm", "storm", Path("storm"), 1, form(storm), "storm", Level.HIGH))
    return RuleSet(tuple(result))


def main() -> None:
    """Print CPU seconds (best of three) and the growth of the peak of memory for each number of rows."""
    for rows in map(int, sys.argv[1:] or ["10000", "100000", "1000000"]):
        table, given = app_log(rows), documents()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            judgement = judge(given, {"app_log": table}, [Coverage("app_log", "main", "main.log")])
            best = min(best, time.process_time() - start)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        size = table["Message"].array.nbytes / 1e6
        counts = ", ".join(f"{hit.document.name} {hit.count}" for hit in judgement.hits)
        print(f"{rows:>9} rows, {size:6.1f} MB: {best:.3f} s, peak + {grown:.0f} MiB ({counts})")


if __name__ == "__main__":
    main()
