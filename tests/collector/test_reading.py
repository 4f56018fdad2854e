"""Files read beside whoever writes, moves or removes them, and what their errors are called."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from claude_evidence.collector import reading
from claude_evidence.collector.reading import Digests, Watched, ends_sha256, open_shared, outcome_of
from claude_evidence.model import Outcome

posix = pytest.mark.skipif(os.name == "nt", reason="pipes and permissions as POSIX has them")
unprivileged = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is denied to root")


def windows_error(code: int) -> OSError:
    error = OSError(errno.EACCES, "no")
    error.winerror = code  # type: ignore[attr-defined, unused-ignore]
    return error


@pytest.mark.parametrize(
    ("error", "outcome", "said"),
    [
        (windows_error(32), Outcome.FAILED, "held by another process"),
        (windows_error(33), Outcome.FAILED, "locked by another process"),
        (windows_error(5), Outcome.DENIED, "access denied"),
        (windows_error(2), Outcome.MISSING, "vanished"),
        (windows_error(3), Outcome.MISSING, "vanished"),
        (windows_error(362), Outcome.FAILED, "in the cloud"),
        (PermissionError(errno.EACCES, "no"), Outcome.DENIED, "access denied"),
        (PermissionError(errno.EPERM, "no"), Outcome.DENIED, "access denied"),
        (FileNotFoundError(errno.ENOENT, "no"), Outcome.MISSING, "vanished"),
        (NotADirectoryError(errno.ENOTDIR, "no"), Outcome.MISSING, "vanished"),
        (OSError(errno.ELOOP, "no"), Outcome.FAILED, "a loop of links"),
        (OSError(errno.EIO, "no"), Outcome.FAILED, "the disk cannot read it"),
        (OSError(errno.ENAMETOOLONG, "no"), Outcome.FAILED, "its name is too long"),
        (OSError(errno.EBUSY, "the device is busy"), Outcome.FAILED, "the device is busy"),
        (OSError(), Outcome.FAILED, "OSError"),
    ],
)
def test_errors_are_outcomes(error: OSError, outcome: Outcome, said: str) -> None:
    told, why = outcome_of(error)
    assert told is outcome
    assert said in why


@posix
def test_a_pipe_is_never_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="no regular file") as caught:
        open_shared(pipe)
    assert outcome_of(caught.value) == (Outcome.SKIPPED, "is no regular file")
    with pytest.raises(OSError):
        open_shared(Path("/dev/null"))
    with pytest.raises(OSError):
        open_shared(tmp_path)


@posix
@unprivileged
def test_what_is_denied_is_an_error_that_has_a_name(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(OSError) as caught:
        open_shared(path)
    assert outcome_of(caught.value)[0] is Outcome.DENIED


@posix
def test_reading_leaves_every_time_alone_where_the_file_is_ours(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"x")
    os.utime(path, ns=(10**9, 2 * 10**9))
    before = path.stat()
    with open_shared(path) as file:
        assert file.read() == b"x"
    after = path.stat()
    assert (after.st_mtime_ns, after.st_ctime_ns) == (before.st_mtime_ns, before.st_ctime_ns)
    if hasattr(os, "O_NOATIME"):
        assert after.st_atime_ns == before.st_atime_ns


def test_a_file_that_grows_ends_where_it_ended_when_it_was_opened(tmp_path: Path) -> None:
    path = tmp_path / "main.log"
    path.write_bytes(b"a" * 1000)
    with Watched(path) as file, path.open("ab") as writer:
        total = 0
        while piece := file.stream.read(100):
            total += len(piece)
            writer.write(b"b" * 200)
            writer.flush()
        assert total == file.size_bytes == 1000
        assert file.changed()
    assert not Digests().of(path).changed


def test_a_file_that_stays_is_not_said_to_change(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a" * 3_000_000)
    with Watched(path) as file:
        assert len(file.stream.read()) == 3_000_000
        assert not file.changed()


def test_a_file_that_is_cut_or_replaced_is_said_to_change(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a" * 3_000_000)
    with Watched(path) as file:
        file.stream.read(10)
        os.truncate(path, 100)
        assert len(file.stream.read()) < 3_000_000
        assert file.changed()


@posix
def test_a_file_that_is_removed_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a" * 100)
    with Watched(path) as file:
        path.unlink()
        assert len(file.stream.read()) == 100
    with pytest.raises(OSError) as caught:
        Watched(path)
    assert outcome_of(caught.value)[0] is Outcome.MISSING


@pytest.mark.parametrize(
    ("data", "first"),
    [(b"", None), (b"\0" * 10, None), (b"\0\0x\0", 2), (b"x", 0), (b"\0" * ((1 << 20) + 5) + b"x\0", (1 << 20) + 5)],
)
def test_a_digest_says_hash_and_first_byte_that_is_not_null(tmp_path: Path, data: bytes, first: int | None) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    digest = Digests().of(path)
    assert digest.sha256 == hashlib.sha256(data).hexdigest()
    assert (digest.size_bytes, digest.first_non_null, digest.changed) == (len(data), first, False)


def test_a_known_file_is_not_read_again_and_a_changed_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"one")
    digests = Digests()
    first = digests.of(path)
    reads: list[int] = []
    own = reading.Hashing.readinto

    def readinto(self: reading.Hashing, buffer: bytearray) -> int:
        reads.append(len(buffer))
        return own(self, buffer)

    monkeypatch.setattr(reading.Hashing, "readinto", readinto)
    assert digests.of(path) is first
    assert not reads
    path.write_bytes(b"other")
    assert digests.of(path).sha256 == hashlib.sha256(b"other").hexdigest()
    assert reads


@pytest.mark.parametrize("size", [0, 10, 100, 150])
def test_the_two_ends_of_a_file(tmp_path: Path, size: int) -> None:
    path = tmp_path / "x"
    data = bytes(range(size))
    path.write_bytes(data)
    ends = tuple(hashlib.sha256(part).hexdigest() for part in (data[:100], data[-100:]))
    assert ends_sha256(path, 100) == ends


def test_writers_and_readers_elsewhere_do_not_disturb(tmp_path: Path) -> None:
    """A process of its own holds the file open for writing, as the app does."""
    path = tmp_path / "main.log"
    code = "import sys; f = open(sys.argv[1], 'wb', 0); f.write(b'held'); print('here', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as held:
        assert held.stdout and held.stdout.readline().strip() == b"here"
        with open_shared(path) as file:
            assert file.read() == b"held"
        held.communicate()
