"""What many rules cost: ``python tests/benchmarks/bench_rules.py [RULES [MEGABYTES]]``, CPU seconds after parsing.

A log of `make_main_log` (46 MB are 500,000 records) is parsed once; then the package's own rules, and these filled up
to RULES with generated ones that look for one text each, make the report of it.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from make_main_log import session, write

from claude_evidence.analyzers.report import analyze
from claude_evidence.analyzers.rules import load_rules
from claude_evidence.bundle import open_bundle
from claude_evidence.model import Evidence
from claude_evidence.parsers import parse

RUNS = 5
RULE = """title: Generated {0}
name: generated_{0}
id: 00000000-0000-4000-8000-{0:012d}
status: test
description: Looks for one text.
logsource:
  product: claude_desktop
  category: app_log
detection:
  selection:
    Message|contains: '{1}'
  condition: selection
level: low
"""
ABSENT = ("failure {0} of the service", "ERR_GENERATED_{0}", "worker {0} stopped", "code 0x8007{0:04x}")


def generate(folder: Path, count: int) -> list[Path]:
    """Write *count* rule files; every fifth looks for a session of the log, the others for what is not in it."""
    folder.mkdir()
    for number in range(count):
        text = ABSENT[number % 5 - 1].format(number) if number % 5 else str(session(number // 5))
        (folder / f"generated_{number}.yml").write_text(RULE.format(number, text), "utf-8")
    return [folder] if count else []


def measure(label: str, evidence: Evidence, folders: list[Path]) -> None:
    """Print the median CPU seconds that the report takes under the package's rules and those in *folders*."""
    rules, seconds = load_rules(folders), []
    for _ in range(RUNS):
        start = time.process_time()
        report = analyze(evidence, rules)
        seconds.append(time.process_time() - start)
    found = len(report.findings)
    print(f"{label:<34} {statistics.median(seconds):6.3f} s CPU  (min {min(seconds):.3f}), {found} findings")


def main() -> None:
    """Print the figures for the package's rules alone, and for all."""
    given = [int(word) for word in sys.argv[1:]]
    count, megabytes = (given + [200, 46][len(given) :])[:2]
    own = len({document.stem for document in load_rules([]).documents})
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "main.log"
        write(log, megabytes * 1_000_000, megabytes * 50, "\r\n")
        with open_bundle([log]) as bundle:
            evidence = parse(bundle, load_rules([]).fields, zone="Europe/Berlin")
        print(f"{len(evidence.tables['app_log']):,} rows (promised for 200 rules over 500,000 rows: under 2.5 s)")
        measure(f"the package's {own} rules", evidence, [])
        measure(f"and generated ones, {count} in all", evidence, generate(Path(folder) / "rules", count - own))


if __name__ == "__main__":
    main()
