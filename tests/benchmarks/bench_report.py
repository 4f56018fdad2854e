"""How large the page is, how soon its first screen is there, and how long a frame takes while the timeline is zoomed.

    python tests/benchmarks/bench_report.py [REPORT.html]...

Without a file: the report of the largest sample, and one of a log with 100,000 errors and warnings. Every figure is the
browser's own: paint times from its performance timeline, the frames' main-thread work from its trace.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from tests.templates.browsing import prefer, started  # noqa: E402 - the folder of the tests is no package of ours

ENTRIES, ZOOMS, TASK = 100_000, 60, "ThreadControllerImpl::RunTask"
PAINT = "return performance.getEntriesByType('paint').map(one => one.startTime).at(-1) ?? null"
ZOOM = """
const done = arguments[1]; let left = arguments[0];
document.documentElement.style.scrollBehavior = 'auto';
document.querySelector('.chart').scrollIntoView();
const over = document.querySelectorAll('.u-over')[2], box = over.getBoundingClientRect();
const frame = () => {
  const options = {deltaY: left % 30 < 15 ? -120 : 120, ctrlKey: true, bubbles: true, cancelable: true};
  over.dispatchEvent(new WheelEvent('wheel', {...options, clientX: box.left + box.width * .6, clientY: box.top + 9}));
  if (--left) requestAnimationFrame(frame); else setTimeout(done, 500);
};
console.timeStamp('zoom');
requestAnimationFrame(frame);
"""


def storm(folder: Path) -> Path:
    """Write a log of `ENTRIES` errors and warnings over some weeks, and return the report on it."""
    moment, chance = datetime(2026, 3, 1, 8, tzinfo=UTC), random.Random(1)
    with (folder / "main.log").open("w", encoding="utf-8") as log:
        for number in range(ENTRIES):
            moment += timedelta(seconds=chance.choice((1, 1, 2, 3, 5, 40, 90)))
            level = chance.choice(("error", "warn"))
            log.write(
                f"{moment:%Y-%m-%d %H:%M:%S} [{level}] [CCD] request {number} failed with {chance.randint(400, 599)}\n"
            )
    return analysed(folder / "main.log", folder)


def analysed(path: Path, folder: Path) -> Path:
    target = folder / f"{path.stem}.html"
    command = [sys.executable, "-m", "claude_evidence", "analyze", str(path), "--tz", "UTC", "-q", "-o", str(target)]
    subprocess.run(command, check=True, cwd=folder)
    return target


def traced(driver: Any) -> list[float]:
    """Return the milliseconds of each task of the page's main thread since it said that the zooming began."""
    logged = (json.loads(entry["message"])["message"] for entry in driver.get_log("performance"))
    events = [one["params"] for one in logged if one["method"] == "Tracing.dataCollected"]
    (began,) = [one for one in events if one["name"] == "TimeStamp" and one["args"]["data"]["message"] == "zoom"]
    page = began["pid"], began["tid"]
    tasks = [one for one in events if one["name"] == TASK and (one["pid"], one["tid"]) == page]
    return [one.get("dur", 0) / 1000 for one in tasks if one["ts"] >= began["ts"]]


def measure(page: Path, profile: Path) -> str:
    driver = started(profile, "devtools.timeline,toplevel")  # a new one for each page: a trace can be read once
    prefer(driver, "light")
    paints = []
    for _ in range(5):
        driver.get(page.as_uri())
        time.sleep(0.5)
        if (paint := driver.execute_script(PAINT)) is not None:
            paints.append(paint)
    driver.set_script_timeout(120)
    driver.execute_async_script(ZOOM, ZOOMS)
    frames = sorted(traced(driver), reverse=True)
    driver.quit()
    typical = statistics.median(frames[:ZOOMS])
    size, first = page.stat().st_size, statistics.median(paints)
    return (
        f"{page.name}: {size:,} bytes, first screen {first:.0f} ms (median of {len(paints)}), "
        f"zooming {typical:.1f} ms a frame, at most {frames[0]:.1f} ms"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = [Path(one).resolve() for one in sys.argv[1:]]
        samples = sorted((ROOT / "samples").glob("*.zip"))
        reports = given or [
            max((analysed(one, folder) for one in samples), key=lambda one: one.stat().st_size),
            storm(folder),
        ]
        for number, page in enumerate(reports):
            print(measure(page, folder / f"profile{number}"), flush=True)


if __name__ == "__main__":
    main()
