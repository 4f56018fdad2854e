"""How large a bundle may become: room for its lists is kept, and items enter in their order."""

from __future__ import annotations

import io
import os
import random
import uuid
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from claude_evidence.bundle_writer import BundleWriter, TooLargeError
from claude_evidence.collector._compressor import best_compressor
from claude_evidence.collector._types import Artifact, Item, Scrub, Source
from claude_evidence.collector.budget import Budget, family, in_order, may_be_cut
from claude_evidence.model import Acquisition, Manifest, Outcome

WHEN = datetime(2026, 5, 17, 8, 30, tzinfo=UTC)


def item(source: str, *, rank: int = 5, age_h: int = 0, scrub: Scrub = Scrub.TEXT, state: str = "") -> Item:
    artifact = Artifact("Logs", "", frozenset({"windows"}), (Source("FILE", ("x",)),), rank=rank)
    return Item(artifact, source, io.BytesIO, 0, WHEN - timedelta(hours=age_h), state_name=state, scrub=scrub)


def test_rank_comes_first_then_state_then_the_newest() -> None:
    items = [
        item("old.log", rank=1, age_h=9),
        item("new.log", rank=1),
        item("Get-AppxPackage", rank=1, state="packages.txt"),
        item("later", rank=2),
        item("first", rank=0, age_h=99),
    ]
    assert [i.source for i in in_order(items)] == ["first", "Get-AppxPackage", "new.log", "old.log", "later"]


def test_rotated_siblings_are_one_family() -> None:
    names = ["C:/L/main.log", "C:/L/main1.log", "C:/L/Main12.log", "C:/L/main.old.log"]
    assert {family(item(name)) for name in names} == {"c:/l/main.log"}
    assert family(item("D:/L/main.log")) != family(item("C:/L/main.log"))
    assert family(item("C:/L/main.json")) == family(item("C:/L/x.log", scrub=Scrub.EVTX)) == ""
    assert not may_be_cut(item("packages.log", state="packages.log"))


@given(st.lists(st.integers(0, 400), max_size=60), st.integers(0, 40), st.integers(300, 900), st.integers(0, 2**32))
def test_a_bundle_filled_to_the_brim_is_no_larger_than_allowed(
    sizes: list[int], missing: int, each: int, seed: int
) -> None:
    """Names, sources and details that do not compress at all are the worst case."""
    chance = random.Random(seed)
    most = 4096 + each * (len(sizes) + missing)
    budget = Budget(most, len(sizes) + missing)
    file = io.BytesIO()
    writer = BundleWriter(file, "claude-evidence-host-000000-20260517T083000Z", WHEN, compressor=best_compressor())
    entries = [entry(chance, None) for _ in range(missing)]
    for size in sizes:
        name = f"data/files/C/Users/user-3fa94c/AppData/{uuid.UUID(int=chance.getrandbits(128))}.json"
        if budget.left(name) < size + 150:
            continue
        try:
            stored = writer.add(name, [os.urandom(size)], limit_bytes=budget.left(name))
        except TooLargeError:
            continue  # taken back: the bundle is as it was
        budget.take(name, stored.packed_bytes)
        entries.append(entry(chance, name))
    writer.finish(Manifest(acquisitions=tuple(entries)))
    assert len(file.getvalue()) <= max(most, 4096)


def entry(chance: random.Random, member: str | None) -> Acquisition:
    source = member or f"C:\\Users\\user-3fa94c\\AppData\\Local\\{uuid.UUID(int=chance.getrandbits(128))}"
    at = WHEN + timedelta(microseconds=chance.getrandbits(30))
    outcome = Outcome.COLLECTED if member else Outcome.MISSING
    return Acquisition("ClaudeSessions", source, outcome, at, at, member)
