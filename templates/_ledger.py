"""The ledger's sums in words, the same in every format: each adds up to the conversations that were seen."""

from __future__ import annotations

from collections.abc import Sequence

from claude_evidence.messages import gettext, ngettext, translated
from claude_evidence.model import Conversation
from claude_evidence.tally import tally
from claude_evidence.templates._visible import clip
from claude_evidence.templates._words import SEEN_IN

MOST = 20


def sums(conversations: Sequence[Conversation]) -> str:
    """Return how many conversations were seen, in which states, where, and how many can be saved."""
    return " ".join(filter(None, (seen(conversations), counted(conversations), savings(conversations))))


def seen(conversations: Sequence[Conversation]) -> str:
    """Return ``42 conversations were seen: 30 healthy, 12 CLI only.``"""
    told = tally(conversations)
    states = ", ".join(f"{count:,} {clip(translated(state), 40)}" for state, count in [*told.states.items()][:MOST])
    if not states:
        return ngettext("%(num)s conversation was seen.", "%(num)s conversations were seen.", told.seen)
    return ngettext(
        "%(num)s conversation was seen: %(states)s.",
        "%(num)s conversations were seen: %(states)s.",
        told.seen,
        states=states,
    )


def counted(conversations: Sequence[Conversation]) -> str:
    """Return ``Counted where each was seen first: 30 in the registry, 12 more as transcripts.``"""
    counts = tally(conversations).counted_in
    order = {word: place for place, word in enumerate(SEEN_IN)}
    names = sorted(counts, key=lambda name: (order.get(name, len(order)), name))[:MOST]
    parts: list[str] = []
    for name in names:
        place = translated(SEEN_IN[name]) if name in SEEN_IN else clip(name, 40)
        part = gettext("%(num)s more %(place)s", num=counts[name], place=place)
        parts.append(part if parts else f"{counts[name]:,} {place}")
    return gettext("Counted where each was seen first: %(parts)s.", parts=", ".join(parts)) if parts else ""


def savings(conversations: Sequence[Conversation]) -> str:
    """Return one line on how many conversations can be saved."""
    counts = tally(conversations).recoverable
    told = (
        ("yes", gettext("%(num)s wholly", num=counts.get("yes", 0))),
        ("partly", gettext("%(num)s partly", num=counts.get("partly", 0))),
        ("no", gettext("%(num)s not from this evidence", num=counts.get("no", 0))),
        ("unknown", gettext("%(num)s of which too little is known", num=counts.get("unknown", 0))),
    )
    said = [text for word, text in told if counts.get(word)]
    if not said:
        return gettext("None of them needs to be saved.")
    return ngettext(
        "Can be saved: %(parts)s; %(num)s needs nothing.",
        "Can be saved: %(parts)s; %(num)s need nothing.",
        counts.get("nothing to do", 0),
        parts=", ".join(said),
    )


def saving(one: Conversation) -> str:
    """Return whether a conversation can be saved, and how: ``yes: rename its temporary copy``."""
    answer = translated(one.recoverable)
    return gettext("%(answer)s: %(how)s", answer=answer, how=one.how) if one.how else answer
