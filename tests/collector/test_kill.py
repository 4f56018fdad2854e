"""A run that is killed at any moment: no half bundle under the final name, and the next run cleans up."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from claude_evidence.bundle import open_bundle
from tests.collector.run_helpers import environment, state, tree

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows has its own")
MOMENTS = 50
# Loads everything once, then runs the whole collection in children; each is killed after a share of a run's time.
KILLER = """
import json, os, random, signal, sys, time
from dataclasses import replace
from pathlib import Path
from claude_evidence.collector import definitions, hosts
from claude_evidence.collector._types import Options
from claude_evidence.collector.collect import collect

root, out, key, moments = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
artifacts = tuple(definitions.load())

def start(destination):
    child = os.fork()
    if child:
        return child
    try:
        collect(artifacts, hosts.image(root), destination, Options(key_path=key))
        os._exit(0)
    except BaseException as error:
        print(repr(error), file=sys.stderr)
        os._exit(9)

begun = time.monotonic()
_, status = os.waitpid(start(out / "whole.zip"), 0)
whole_s = time.monotonic() - begun
assert status == 0, status
chance, seen = random.Random(59934), []
for number in range(moments):
    destination = out / f"case{number}.zip"
    child = start(destination)
    time.sleep(chance.uniform(0.01, whole_s * 1.05))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    seen.append(sorted(path.name for path in out.iterdir() if path.name.startswith(f"case{number}.")))
print(json.dumps(seen))
"""


def test_killed_at_random_moments(tmp_path: Path) -> None:
    root, out = tree(tmp_path, "healthy"), tmp_path / "out"
    out.mkdir()
    before = state(root)
    words = [sys.executable, "-c", KILLER, str(root), str(out), str(tmp_path / "key"), str(MOMENTS)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert state(root) == before
    seen = json.loads(done.stdout)
    assert len(seen) == MOMENTS
    for number, names in enumerate(seen):
        bundle = f"case{number}.zip"
        assert set(names) <= {bundle, f"{bundle}.partial", f"case{number}.mapping.json"}
        if bundle in names:
            with open_bundle([out / bundle]) as opened:
                assert opened.verify() == ()
                assert opened.manifest.acquisitions
    partials = [names for names in seen if any(name.endswith(".partial") for name in names)]
    assert len(partials) > MOMENTS // 4, "most moments have to lie within a run"
    again(root, out, seen, tmp_path)


def again(root: Path, out: Path, seen: list[list[str]], tmp_path: Path) -> None:
    """The next run under the same name removes what the kill left, and makes the bundle."""
    number = next(n for n, names in enumerate(seen) if f"case{n}.zip.partial" in names and f"case{n}.zip" not in names)
    words = [sys.executable, "-m", "claude_evidence", "collect", "--root", str(root), "-y", "--no-analyze", "-q"]
    done = subprocess.run(
        [*words, "-o", str(out / f"case{number}.zip")], capture_output=True, text=True, env=environment(tmp_path)
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not (out / f"case{number}.zip.partial").exists()
    assert (out / f"case{number}.zip").exists()


@pytest.mark.parametrize("share", [0.05, 0.6, 0.95])
def test_ctrl_c_leaves_nothing(tmp_path: Path, share: float) -> None:
    root, out = tree(tmp_path, "healthy"), tmp_path / "out"
    out.mkdir()
    words = [sys.executable, "-m", "claude_evidence", "collect", "--root", str(root), "-y", "--no-analyze", "-q"]
    begun = time.monotonic()
    subprocess.run([*words, "-o", str(out / "whole.zip")], check=True, env=environment(tmp_path))
    whole_s = time.monotonic() - begun
    left = sorted(out.iterdir())
    with subprocess.Popen(
        [*words, "-o", str(out / "case.zip")], env=environment(tmp_path), text=True, stderr=subprocess.PIPE
    ) as process:
        _wait_for(out / "case.zip.partial", process)
        time.sleep(random.Random(share).uniform(0, share * whole_s / 2))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    made = sorted(path.name for path in set(out.iterdir()) - set(left))
    if process.returncode == 0:  # the bundle was there already
        assert made == ["case.mapping.json", "case.zip"]
        return
    assert process.returncode == 130
    assert said.strip() == "Stopped; nothing was left half written."
    assert made in ([], ["case.zip"])


def _wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    while not path.exists() and process.poll() is None:
        time.sleep(0.005)
