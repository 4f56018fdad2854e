"""One file of the evidence, wherever its bytes lie: on disk or in a zip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from claude_evidence.bundle_limits import Budget, MemberError
from claude_evidence.bundle_paths import safe_name

if TYPE_CHECKING:
    from claude_evidence.bundle_bytes import Bytes


@dataclass(slots=True, eq=False, kw_only=True)
class Entry:
    """A file and what is known of it; ``text`` is the name it came with, ``name`` the same made safe.

    ``sha256`` and ``read_bytes`` are known once it was read to the end; ``refused`` is why it will not be read again.
    """

    text: str
    size_bytes: int
    modified_at: datetime | None
    name: str = field(init=False)
    sha256: str = ""
    read_bytes: int = 0
    refused: str = ""

    def __post_init__(self) -> None:
        self.name = safe_name(self.text)

    def stream(self, budget: Budget, note: Callable[[str], None]) -> BinaryIO:
        """Return the bytes from the start; raise MemberError where they cannot be had; *note* hears of damage."""
        raise NotImplementedError


@dataclass(slots=True, eq=False, kw_only=True)
class FileEntry(Entry):
    """A file on disk."""

    path: Path

    def stream(self, budget: Budget, note: Callable[[str], None]) -> BinaryIO:
        """Return the open file."""
        try:
            return self.path.open("rb")
        except OSError as error:
            raise MemberError(f"cannot be opened: {error.strerror or type(error).__name__}") from error


@dataclass(slots=True, eq=False, kw_only=True)
class ZipEntry(Entry):
    """An entry of a zip as its directory tells it; ``crc`` is None where nothing tells it.

    ``charged`` is how many bytes of it the budget has paid for: reading again is free.
    """

    raw_name: bytes
    data: Bytes
    offset: int
    packed_bytes: int
    flags: int
    method: int
    crc: int | None
    is_link: bool = False
    charged: int = 0

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder and holds nothing."""
        return self.text.endswith(("/", "\\")) and self.size_bytes == 0

    def stream(self, budget: Budget, note: Callable[[str], None]) -> BinaryIO:
        """Return the unfolded bytes, held to the limits of *budget*."""
        from claude_evidence.bundle_stream import open_entry

        return open_entry(self, budget, note)
