"""Three documents, a, b and c, that match rows of the table thing, and judging a correlation of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from claude_evidence.analyzers._types import Judgement
from claude_evidence.analyzers.evaluate import judge
from claude_evidence.model import Coverage
from tests.analyzers.helpers import coverage, plain, rules, table
from tests.analyzers.oracle import Row

DTYPES = {"K": "str", "G": "category", "H": "str", "V": "str"}
NAMES = ("a", "b", "c")
BASES = [plain({"s": {"K|contains": name}, "condition": "s"}, name, generate=False) for name in NAMES]
Found = dict[str, set[int]]


def judged(rule: Any, data: Sequence[Row], cover: Sequence[Coverage] | None = None) -> Judgement:
    return judge(rules(*BASES, rule), {"thing": table(data, DTYPES)}, cover or coverage("thing", last=10**6))


def found(rule: Any, data: Sequence[Row], cover: Sequence[Coverage] | None = None) -> Found:
    judgement = judged(rule, data, cover)
    assert not judgement.not_judged
    for hit in judgement.hits:
        assert hit.count == len(hit.rows["thing"]) == len(set(hit.rows["thing"].tolist()))
        assert set(hit.rows["thing"].tolist()) == {row for part in hit.parts.values() for row in part.tolist()}
    return {hit.group.lower(): set(hit.rows["thing"].tolist()) for hit in judgement.hits}
