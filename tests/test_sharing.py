"""Jobs shared with a second process: the same results in the same order, whatever becomes of that process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from claude_evidence import second, sharing
from claude_evidence.sharing import ENOUGH_BYTES, shared

JOBS = list(range(40))
Count = Callable[[int], None]
two_cores = pytest.mark.skipif(second.cores() < 2, reason="one core: there is never a second process")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The second processes of a test, all of which are gone after it."""
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[1]))  # what is sent is found there
    processes: list[subprocess.Popen[bytes]] = []
    start = second.started

    def noted() -> subprocess.Popen[bytes] | None:
        if process := start():
            processes.append(process)
        return process

    monkeypatch.setattr(second, "started", noted)
    yield processes
    assert all(process.poll() is not None for process in processes)


def large(job: object) -> int:
    return ENOUGH_BYTES


@dataclass
class Doubling:
    """Doubles numbers; whoever is in process *here* does not go on before the other one has done something.

    The other one does *elsewhere* with it: nothing, dying, or failing.
    """

    here: int
    met: Path
    elsewhere: str = ""

    def __call__(self, job: int, read: Count) -> tuple[int, int]:
        read(3_000_000)
        if os.getpid() == self.here:
            _wait_for(self.met)
        else:
            self.met.touch()
            self._elsewhere()
        return 2 * job, os.getpid()

    def _elsewhere(self) -> None:
        if self.elsewhere == "dies":
            os._exit(3)
        if self.elsewhere == "fails":
            raise ZeroDivisionError
        if self.elsewhere == "says nonsense":
            sys.stdout.buffer.write(b"\x80nonsense\n")
            sys.stdout.buffer.flush()


def _wait_for(path: Path) -> None:
    end = time.monotonic() + 30
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.005)


@two_cores
def test_both_do_their_share_and_the_order_stays(tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    heard: dict[int, int] = dict.fromkeys(JOBS, 0)

    def read(job: int, count: int) -> None:
        heard[job] += count

    found = list(shared(Doubling(os.getpid(), tmp_path / "met"), JOBS, large, read))
    assert [number for number, _ in found] == [2 * job for job in JOBS]
    assert {process for _, process in found} == {os.getpid(), started[0].pid}
    assert heard == dict.fromkeys(JOBS, 3_000_000)


@two_cores
@pytest.mark.parametrize("elsewhere", ["dies", "fails", "says nonsense"])
def test_what_goes_wrong_elsewhere_is_done_here(
    tmp_path: Path, started: list[subprocess.Popen[bytes]], elsewhere: str
) -> None:
    found = list(shared(Doubling(os.getpid(), tmp_path / "met", elsewhere), JOBS, large))
    assert found == [(2 * job, os.getpid()) for job in JOBS]
    assert len(started) == 1


def test_jobs_that_cannot_be_sent_are_done_here(started: list[subprocess.Popen[bytes]]) -> None:
    jobs = [lambda number=number: number for number in JOBS]
    assert list(shared(_call, jobs, large)) == JOBS


def _call(job: Callable[[], int], read: Count) -> int:
    return job()


def _fail(job: int, read: Count) -> int:
    return 1 // (20 - job)


def test_what_fails_everywhere_fails_here(started: list[subprocess.Popen[bytes]]) -> None:
    with pytest.raises(ZeroDivisionError):
        list(shared(_fail, JOBS, large))


def test_little_is_done_here(started: list[subprocess.Popen[bytes]]) -> None:
    assert len(list(shared(_fail, JOBS[:20], lambda job: 1))) == 20
    assert started == []


@pytest.mark.parametrize("change", [("executable", ""), ("executable", "/no/such/program")])
def test_no_python_to_start(monkeypatch: pytest.MonkeyPatch, change: tuple[str, str]) -> None:
    monkeypatch.setattr(sys, *change)
    assert second.started() is None


@two_cores
@pytest.mark.parametrize("flag", ["-I", "-E"])
def test_who_trusts_no_environment_starts_nobody_who_does(tmp_path: Path, flag: str) -> None:
    (tmp_path / "pickle.py").write_text(f"open({str(tmp_path / 'met')!r}, 'w').close()")
    code = (
        f"import sys; sys.path[:] = {sys.path!r}; from claude_evidence import second; process = second.started();"
        "process.stdin.close(); process.wait()"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    subprocess.run([sys.executable, flag, "-c", code], env=environment, check=True)
    assert not (tmp_path / "met").exists()


def test_one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second, "cores", lambda: 1)
    assert second.started() is None
    assert len(list(shared(_fail, JOBS[:20], large))) == 20


@two_cores
def test_nothing_is_left_where_the_results_are_not_read(tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    with closing(shared(Doubling(os.getpid(), tmp_path / "met"), JOBS, large)) as found:
        assert next(found)[0] == 0
    assert started[0].poll() is not None


@dataclass
class Endless:
    """Never comes to an end where it is not in process *here*, and says which process that is."""

    here: int
    met: Path

    def __call__(self, job: int, read: Count) -> int:
        if os.getpid() != self.here:
            partial = self.met.with_suffix(".partial")
            partial.write_text(str(os.getpid()))
            partial.rename(self.met)
            time.sleep(600)
        _wait_for(self.met)
        return job


# a program that was started in the background of a shell may have been told to ignore Ctrl-C
PARENT = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from claude_evidence.sharing import shared
from tests.test_sharing import Endless, large
list(shared(Endless(os.getpid(), Path(sys.argv[1])), [1, 2, 3], large))
"""


@two_cores
@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM] if os.name == "posix" else [])
def test_the_second_process_ends_with_the_first(tmp_path: Path, sign: signal.Signals) -> None:
    met = tmp_path / "met"
    root = Path(__file__).resolve().parents[1]
    with subprocess.Popen([sys.executable, "-c", PARENT, str(met)], cwd=root, stderr=subprocess.DEVNULL) as parent:
        _wait_for(met)
        other = int(met.read_text())
        parent.send_signal(sign)
        parent.wait(60)
    end = time.monotonic() + 60
    while _is_alive(other) and time.monotonic() < end:
        time.sleep(0.01)
    assert not _is_alive(other)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")  # one that is dead and not yet waited for is gone as well
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_shares_hold_all_jobs_in_order() -> None:
    sizes = [1, 5 << 20, 1, 1, 4 << 20, 3 << 20, 1 << 20, 9]
    shares = list(sharing._cut(range(len(sizes)), lambda job: sizes[job]))
    assert [job for share in shares for job in share] == list(range(len(sizes)))
    assert shares == [[0], [1], [2, 3], [4], [5, 6], [7]]
