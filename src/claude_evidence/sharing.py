"""A second process for jobs that have nothing to do with one another: Python keeps one core busy, and most have two.

Both processes take what nobody has yet, in order; what comes of the jobs is handed out in their order, whoever did
them. The other process is asked through pipes and ends with this one, however this one ends. What it does not answer
(it cannot be started, it is killed, a job cannot be sent to it) is done here, and nobody need know.
"""

from __future__ import annotations

import pickle
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from typing import IO, Any, Generic, Protocol, TypeVar

from claude_evidence import second as another

J = TypeVar("J")
R = TypeVar("R")
J_in = TypeVar("J_in", contravariant=True)
R_out = TypeVar("R_out", covariant=True)
ENOUGH_BYTES = 32 << 20
"""Less is done before another process has got ready."""
_SHARE_BYTES = 4 << 20
# The other process has its next share at hand while its answer waits here for its turn.
_AHEAD = 2
# On Windows nothing wakes who waits without an end, not even Ctrl-C.
_WAIT_S = 0.5
# what sending, receiving, and making sense of what was sent can raise
_TROUBLE = (OSError, EOFError, ValueError, TypeError, AttributeError, ImportError, pickle.PickleError)


class Work(Protocol[J_in, R_out]):
    """Does a job and tells meanwhile how many bytes it read. Each process has its own: it is pickled at the beginning.

    It may remember what it met, as long as the results are the same for all who take their jobs in order.
    """

    def __call__(self, job: J_in, read: Callable[[int], None], /) -> R_out:
        """Return what comes of *job*."""


def shared(
    work: Work[J, R],
    jobs: Sequence[J],
    size: Callable[[J], int],
    read: Callable[[J, int], None] = lambda job, count: None,
) -> Generator[R]:
    """Yield what *work* makes of each of *jobs*, in their order; where they are large, two processes do it.

    *size* is about how many bytes a job takes to read, *read* hears how many were. Jobs and results are picklable, or
    all is done here. Close what is returned, or read it to its end: then the other process is gone.
    """
    is_much = len(jobs) > 1 and sum(map(size, jobs)) >= ENOUGH_BYTES
    second = another.started() if is_much else None
    if second is None:
        for job in jobs:
            yield work(job, lambda count, job=job: read(job, count))  # type: ignore[misc]
        return
    shares = _Shares(work, list(_cut(jobs, size)), read)
    helping = threading.Thread(target=shares.give, args=(second,), daemon=True)
    with second:
        helping.start()
        try:
            for number in range(len(shares)):
                yield from shares.results(number)
        finally:
            another.stop(second)
            helping.join()


def _cut(jobs: Sequence[J], size: Callable[[J], int]) -> Iterator[list[J]]:
    """Yield *jobs* in shares that are worth sending."""
    share: list[J] = []
    held = 0
    for job in jobs:
        if share and held + size(job) > _SHARE_BYTES:
            yield share
            share, held = [], 0
        share.append(job)
        held += size(job)
    if share:
        yield share


class _Shares(Generic[J, R]):
    """Who does which share of the jobs, and what came of it."""

    def __init__(self, work: Work[J, R], shares: Sequence[list[J]], read: Callable[[J, int], None]) -> None:
        self._packed = pickle.dumps(work)
        self._work, self._shares, self._read = work, shares, read
        self._next = 0
        self._done: dict[int, list[R]] = {}
        self._heard: list[tuple[J, int]] = []
        self._is_alone = False
        self._news = threading.Condition()

    def __len__(self) -> int:
        return len(self._shares)

    def give(self, second: subprocess.Popen[bytes]) -> None:
        """Let the process *second* do shares until there are no more, or until something is wrong with it."""
        assert second.stdin and second.stdout
        try:
            with suppress(*_TROUBLE):
                second.stdin.write(self._packed)
                asked: deque[int] = deque()
                while True:
                    while len(asked) < _AHEAD and (number := self._taken()) is not None:
                        pickle.dump(self._shares[number], second.stdin)
                        second.stdin.flush()
                        asked.append(number)
                    if not asked:
                        break
                    self._answered(asked.popleft(), second.stdout)
        finally:
            with self._news:
                self._is_alone = True
                self._news.notify()

    def _answered(self, number: int, stdout: IO[bytes]) -> None:
        share = self._shares[number]
        answer: Any = ()
        while not isinstance(answer, list):
            answer = pickle.load(stdout)  # noqa: S301 - from our own process
            with self._news:
                if isinstance(answer, list):
                    self._done[number] = answer
                else:
                    place, count = answer
                    self._heard.append((share[place], count))
                self._news.notify()

    def results(self, number: int) -> list[R]:
        """Return what came of share *number*; while the other process has it, others are done here."""
        while True:
            with self._news:
                heard, self._heard = self._heard, []
                is_done, is_lost = number in self._done, self._is_alone and number < self._next
            for job, count in heard:
                self._read(job, count)
            if is_done:
                return self._done.pop(number)
            if is_lost:  # by work that met nothing yet, as in order it would have
                return self._here(pickle.loads(self._packed), number)  # noqa: S301 - packed here
            if (mine := self._taken()) is not None:
                self._done[mine] = self._here(self._work, mine)
                continue
            with self._news:
                self._news.wait_for(lambda: number in self._done or self._heard or self._is_alone, _WAIT_S)

    def _here(self, work: Work[J, R], number: int) -> list[R]:
        return [work(job, lambda count, job=job: self._read(job, count)) for job in self._shares[number]]  # type: ignore[misc]

    def _taken(self) -> int | None:
        """Return the number of the next share that nobody has, which is now the caller's."""
        with self._news:
            number = self._next
            self._next = min(number + 1, len(self._shares))
        return number if number < len(self._shares) else None
