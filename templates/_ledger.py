"""The ledger's sums in words, the same in every format: each adds up to the conversations that were seen."""

from __future__ import annotations

from collections.abc import Sequence

from claude_evidence.model import Conversation
from claude_evidence.tally import tally
from claude_evidence.templates._visible import clip
from claude_evidence.templates._words import SEEN_IN, many

MOST = 20


def sums(conversations: Sequence[Conversation]) -> str:
    """Return how many conversations were seen, in which states, where, and how many can be saved."""
    return " ".join(filter(None, (seen(conversations), counted(conversations), savings(conversations))))


def seen(conversations: Sequence[Conversation]) -> str:
    """Return ``42 conversations were seen: 30 healthy, 12 CLI only.``"""
    told = tally(conversations)
    verb = "was" if told.seen == 1 else "were"
    parts = ", ".join(f"{count:,} {clip(state, 40)}" for state, count in [*told.states.items()][:MOST])
    return f"{many(told.seen, 'conversation')} {verb} seen{': ' if parts else ''}{parts}."


def counted(conversations: Sequence[Conversation]) -> str:
    """Return ``Counted where each was seen first: 30 in the registry, 12 more as transcripts.``"""
    counts = tally(conversations).counted_in
    order = {word: place for place, word in enumerate(SEEN_IN)}
    names = sorted(counts, key=lambda name: (order.get(name, len(order)), name))[:MOST]
    parts = [
        f"{counts[name]:,}{' more' if number else ''} {SEEN_IN.get(name, clip(name, 40))}"
        for number, name in enumerate(names)
    ]
    return f"Counted where each was seen first: {', '.join(parts)}." if parts else ""


def savings(conversations: Sequence[Conversation]) -> str:
    """Return one line on how many conversations can be saved."""
    counts = tally(conversations).recoverable
    told = (("yes", "wholly"), ("partly", "partly"), ("no", "not at all"))
    said = [f"{counts[word]:,} {how}" for word, how in told if counts.get(word)]
    if not said:
        return "None of them needs to be saved."
    rest = counts.get("nothing to do", 0)
    return f"Can be saved: {', '.join(said)}; {rest:,} {'needs' if rest == 1 else 'need'} nothing."
