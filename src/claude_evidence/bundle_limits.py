"""What opening a bundle may cost, the account that holds it to that, and the list of what went wrong."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from claude_evidence.model import Problem

MIB = 1024 * 1024
GIB = 1024 * MIB
SHOWN_ALIKE = 100
_SORT = re.compile(r"[^:0-9]*")


class MemberError(Exception):
    """A member cannot be read: one clear line, for a `Problem`."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What compressed input may unfold to; bytes are counted as they come out, whatever the headers say.

    ``total_bytes`` for all members together, ``member_bytes`` for one, ``ratio`` output to input, asked of a member and
    of the whole only above ``free_bytes`` (an all-null file or a storm of equal lines rightly shrinks a thousandfold),
    ``members`` how many are listed, ``nested_bytes`` the largest zip inside a zip that is opened: it is held in memory.
    """

    total_bytes: int = 16 * GIB
    member_bytes: int = 4 * GIB
    ratio: float = 200
    free_bytes: int = 256 * MIB
    members: int = 250_000
    nested_bytes: int = 256 * MIB

    def raised(self, factor: float) -> Limits:
        """Return these limits, each times *factor*."""
        return Limits(
            int(self.total_bytes * factor),
            int(self.member_bytes * factor),
            self.ratio * factor,
            int(self.free_bytes * factor),
            int(self.members * factor),
            int(self.nested_bytes * factor),
        )


@dataclass(slots=True)
class Budget:
    """The account of one bundle.

    ``given`` bytes came in as zips, ``unfolded`` came out (this bounds the work), ``kept`` of them were not refused
    (this is held against ``given``), and ``listed`` members were found.
    """

    limits: Limits
    given: int = 0
    unfolded: int = 0
    kept: int = 0
    listed: int = 0

    def room(self) -> int:
        """Return how many members may still be listed."""
        return max(0, self.limits.members - self.listed)

    def check_member(self, size_bytes: int, compressed_bytes: int) -> None:
        """Raise MemberError where a member of *size_bytes* out of *compressed_bytes* passes a limit."""
        limits = self.limits
        if size_bytes > limits.member_bytes:
            raise MemberError(f"is larger than {limits.member_bytes:,} bytes, the limit for one member")
        if size_bytes > max(limits.free_bytes, limits.ratio * compressed_bytes):
            raise MemberError(f"unfolds to more than {limits.ratio:g} times its size in the zip: taken for a zip bomb")

    def charge(self, size_bytes: int) -> None:
        """Count *size_bytes* of fresh output, or raise MemberError where the whole passes a limit."""
        self.unfolded += size_bytes
        self.kept += size_bytes
        if self.unfolded > self.limits.total_bytes:
            raise MemberError(f"all members together pass {self.limits.total_bytes:,} bytes, the limit for the whole")
        if self.kept > max(self.limits.free_bytes, self.limits.ratio * self.given):
            ratio = f"{self.limits.ratio:g} times"
            raise MemberError(f"the whole unfolds to more than {ratio} its size: taken for a zip bomb")

    def forget(self, size_bytes: int) -> None:
        """Take *size_bytes* of a refused member back: one bomb must not cost the members behind it."""
        self.kept -= size_bytes


@dataclass(slots=True)
class ProblemLog:
    """Problems of stage ``bundle``, each said once; of many alike the first hundred and how many more there were."""

    _said: dict[Problem, None] = field(default_factory=dict)
    _alike: Counter[str] = field(default_factory=Counter)

    def add(self, where: str, message: str) -> None:
        """Note *message* about *where*; messages alike share what comes before the first colon or figure."""
        problem = Problem("bundle", where, message)
        if problem in self._said:
            return
        alike = _SORT.match(message)[0].strip()  # type: ignore[index]
        self._alike[alike] += 1
        if self._alike[alike] <= SHOWN_ALIKE:
            self._said[problem] = None

    def all(self) -> tuple[Problem, ...]:
        """Return what was noted, in order."""
        more = ((alike, count - SHOWN_ALIKE) for alike, count in self._alike.items())
        rest = (Problem("bundle", "", f"{count:,} more of these: {alike}") for alike, count in more if count > 0)
        return (*self._said, *rest)
