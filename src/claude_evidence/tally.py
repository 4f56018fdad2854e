"""The sums of the ledger: how many conversations were seen, in which states, and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from claude_evidence.model import Conversation, Tally

NOWHERE = "unknown"


def tally(conversations: Sequence[Conversation]) -> Tally:
    """Return the sums of *conversations*, the most frequent state and source first."""
    return Tally(
        len(conversations),
        _counts(one.state for one in conversations),
        _counts(one.recoverable for one in conversations),
        _counts(source for one in conversations for source in one.seen_in or (NOWHERE,)),
        _counts((one.seen_in or (NOWHERE,))[0] for one in conversations),
    )


def _counts(words: Iterable[str]) -> Mapping[str, int]:
    return dict(sorted(Counter(words).items(), key=lambda item: (-item[1], item[0])))
