from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.backends.sqlite.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from sigma.policy.profiles import TrustedPolicy

from claude_evidence.analyzers.evaluate import judge
from claude_evidence.model import Reason
from tests.analyzers.helpers import OWN, coverage, plain, rules, small_is_large, table
from tests.analyzers.oracle import Row, holds, written

TEXT = "str"
DTYPES = {"A": TEXT, "B": "category", "N": "Int64", "F": "boolean"}
LETTERS = "aAbk*?\\.-é É İKſ\u212a\n\u3042"
texts = st.text(LETTERS, max_size=8) | st.sampled_from(
    ["session saved", "Session SAVED again", "", "12", "0x10", "-3.5", "true"]
)
rows = st.lists(
    st.fixed_dictionaries({}, optional={"A": texts, "B": texts, "N": st.integers(-5, 30), "F": st.booleans()}),
    max_size=12,
)


def matched(detection: Mapping[str, Any], data: Sequence[Row], dtypes: Mapping[str, str] = DTYPES) -> list[int]:
    judgement = judge(rules(plain(detection)), {"thing": table(data, dtypes)}, coverage("thing"))
    assert not judgement.not_judged, judgement.not_judged
    return sorted(int(row) for hit in judgement.hits for row in hit.rows["thing"])


def both_ways(detection: Mapping[str, Any], data: Sequence[Row], dtypes: Mapping[str, str] = DTYPES) -> list[int]:
    result = matched(detection, data, dtypes)
    with small_is_large():
        assert matched(detection, data, dtypes) == result
    return result


def patterns() -> st.SearchStrategy[str]:
    return texts | st.builds("{}*{}".format, texts, texts) | st.builds("*{}?{}*".format, texts, texts)


string_keys = st.builds(
    "{}{}{}".format,
    st.sampled_from("AB"),
    st.sampled_from(["", "|contains", "|startswith", "|endswith"]),
    st.sampled_from(["", "|cased"]),
)
items = st.one_of(
    st.tuples(string_keys, patterns() | st.lists(patterns(), min_size=1, max_size=3)),
    st.tuples(st.builds("{}|all".format, string_keys), st.lists(patterns(), min_size=2, max_size=3)),
    st.tuples(
        st.sampled_from(["A", "B", "N", "F", "Absent"]).map(lambda f: f.replace("Absent", "A")),
        st.none() | st.booleans() | st.integers(-5, 30) | st.just(""),
    ),
    st.tuples(st.builds("{}|exists".format, st.sampled_from("ABNF")), st.booleans()),
    st.tuples(
        st.builds("{}|{}".format, st.sampled_from("ABN"), st.sampled_from(["lt", "lte", "gt", "gte"])),
        st.integers(-5, 30) | st.sampled_from([0.5, -3.5]),
    ),
    st.tuples(
        st.sampled_from(["A|fieldref", "A|fieldref|startswith", "A|fieldref|endswith", "A|fieldref|contains"]),
        st.sampled_from("BN"),
    ),
    st.tuples(st.builds("{}|neq".format, st.sampled_from("AB")), texts.filter(lambda t: "*" not in t)),
)
maps = st.lists(items, min_size=1, max_size=3).map(dict)
selections = maps | st.lists(maps, min_size=1, max_size=2)
trees = st.recursive(
    st.sampled_from(["s1", "s2", "s3"]),
    lambda inner: st.tuples(st.just("not"), inner) | st.tuples(st.sampled_from(["and", "or"]), inner, inner),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(rows, st.fixed_dictionaries({"s1": selections, "s2": selections, "s3": selections}), trees)
def test_agrees_with_the_oracle(data: list[Row], named: dict[str, Any], tree: Any) -> None:
    expected = [row for row, each in enumerate(data) if holds(each, named, tree)]
    assert both_ways({**named, "condition": written(tree)}, data) == expected


@settings(max_examples=150, deadline=None)
@given(st.lists(texts | st.none(), max_size=12), patterns(), string_keys)
def test_one_pattern_agrees_with_the_oracle(values: list[str | None], pattern: str, key: str) -> None:
    data = [{"A": value, "B": value} for value in values]
    named = {"s": {key: pattern}}
    assert both_ways({**named, "condition": "s"}, data) == [
        row for row, each in enumerate(data) if holds(each, named, "s")
    ]


ascii_texts = st.text("aAbB*?\\%_.12", max_size=6)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.fixed_dictionaries({}, optional={"A": ascii_texts, "B": ascii_texts}), max_size=8),
    st.lists(
        st.tuples(
            st.sampled_from(["A", "B", "A|contains", "B|startswith", "A|endswith", "A|contains|cased"]),
            ascii_texts | st.none(),
        ),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from(["s", "not s"]),
)
def test_agrees_with_the_sqlite_backend(
    data: list[dict[str, str]], given_items: list[tuple[str, Any]], condition: str
) -> None:
    detection = {
        "s": {k: v for k, v in given_items if v is not None or "|" not in k} or {"A": None},
        "condition": condition,
    }
    rule: Any = {"title": "t", "logsource": OWN, "detection": detection}
    backend: Any = sqliteBackend
    [query] = backend(collate_nocase=True).convert(SigmaCollection.from_dicts([rule]))
    base = sqlite3.connect(":memory:")
    base.execute("CREATE TABLE logs (id INTEGER, A TEXT, B TEXT)")
    base.executemany(
        "INSERT INTO logs VALUES (?, ?, ?)", [(n, row.get("A"), row.get("B")) for n, row in enumerate(data)]
    )
    expected = sorted(row[0] for row in base.execute(query.replace("SELECT *", "SELECT id")))
    assert both_ways(detection, data, {"A": TEXT, "B": TEXT}) == expected


WORDS = [
    "Failed to save session",
    "exdev: cross-device",
    "scandir",
    "EXDEV",
    "id",
    "é",
    "loaded 0 persisted sessions from",
]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([*WORDS, "x", " ", "saved ", "Ses"]), max_size=5).map("".join), max_size=40),
    st.data(),
)
def test_many_literals_share_one_pass(values: list[str], draw: st.DataObject) -> None:
    """Every literal of several rules is found, whichever rule asks first."""
    words = {f"r{n}": word for n, word in enumerate(draw.draw(st.permutations(WORDS)))}
    given_rules = [
        plain({"s": {"A|contains": word.swapcase()}, "condition": "s"}, name) for name, word in words.items()
    ]
    data = [{"A": value} for value in values]
    with small_is_large():
        judgement = judge(rules(*given_rules), {"thing": table(data, {"A": TEXT})}, coverage("thing"))
    found = {hit.document.name: sorted(hit.rows["thing"].tolist()) for hit in judgement.hits}
    for name, word in words.items():
        expected = [n for n, value in enumerate(values) if word.lower() in value.lower()]
        assert found.get(name, []) == expected


def test_text_that_runs_from_one_row_into_the_next_is_none() -> None:
    data: list[Row] = [
        {"A": value} for value in ["Failed to save ses", "sion local_", "", "session local_", "ses", "sion"]
    ]
    for literal, expected in {"save session": [], "session": [3], "SESSION LOCAL": [3], "s": [0, 1, 3, 4, 5]}.items():
        assert both_ways({"s": {"A|contains": literal}, "condition": "s"}, data) == expected
        assert both_ways({"s": {"A": f"*{literal}?*"}, "condition": "s"}, data) == expected


@pytest.mark.parametrize(
    ("detection", "value", "expected"),
    [
        ({"A|re": "^Fail.d \\w+ \\d+$"}, "Failed save 12", True),
        ({"A|re": "fail"}, "Failed", False),
        ({"A|re|i": "fail"}, "Failed", True),
        ({"A|re": "a.b"}, "a\nb", False),
        ({"A|re|s": "a.b"}, "a\nb", True),
        ({"A|re": "^b"}, "a\nb", False),
        ({"A|re|m": "^b"}, "a\nb", True),
        ({"A|re": r"a\*b\?c\\d"}, "a*b?c\\d", True),
        ({"A|re|startswith": "ab|cd"}, "cdx", True),
        ({"A|cidr": "10.0.0.0/8"}, "10.255.0.1", True),
        ({"A|cidr": "10.0.0.0/8"}, "100.0.0.1", False),
        ({"A|cidr": "fe80::/10"}, "fe80::1", True),
        ({"A|cidr": "10.0.0.0/8"}, "10.0.0.0/8", False),
        ({"A|base64": "Claude"}, "Q2xhdWRl", True),
        ({"A|base64offset|contains": "Claude"}, "xxDbGF1ZGUxx", True),
        ({"A|wide|base64offset|contains": "ab"}, "xxYQBiAxx", True),
        ({"A|utf16|base64": "ab"}, "//5hAGIA", True),
        ({"A|utf16be|base64": "ab"}, "AGEAYg==", True),
        ({"A|windash|contains": " -enc "}, "run /enc x", True),
        ({"A|windash|contains|all": [" -enc ", " -x "]}, "run /enc -x x", True),
        ({"A|windash|contains|all": [" -enc ", " -x "]}, "run /enc y", False),
        ({"A": "k"}, "\u212a", False),
        ({"A": "\u212a"}, "\u212a", True),
        ({"A|contains": "\u00e9t\u00c9"}, "x\u00c9T\u00e9x", True),
        ({"A": "stra\u00dfe"}, "STRASSE", False),
        ({"A": "4688"}, "4688", True),
        ({"A": 4688}, "04688", False),
        ({"A": 4688}, "0x1250", False),
        ({"A|gt": 5}, "0x10", False),
        ({"A|gt": 5}, "nan", False),
        ({"A|lt": 2**60}, str(2**60 - 1), True),
        ({"A|hour": 7}, "2026-05-17T07:27:00Z", True),
        ({"A|hour": 7}, "2026-05-17 09:27:00.123+02:00", True),
        ({"A|year|gte": 2026}, "2025-12-31", False),
        ({"A|week": 20}, "2026-05-17", True),
        ({"A|minute": 7}, "seven", False),
        ({"HResult": "0x80070020"}, "0x80070020", True),
        ({"HResult": "0X80070020"}, "0x80070020", True),
        ({"HResult": 2147942432}, "0x80070020", True),
        ({"HResult": "-2147024864"}, "0x80070020", True),
        ({"HResult|endswith": "0020"}, "0x80070020", True),
        ({"A": "0x80070020"}, "2147942432", False),
    ],
)
def test_modifiers(detection: dict[str, Any], value: str, *, expected: bool) -> None:
    data: list[Row] = [{"A": value, "HResult": value}, {"A": None, "HResult": None}]
    result = both_ways({"s": detection, "condition": "s"}, data, {"A": TEXT, "HResult": "category"})
    assert result == ([0] if expected else [])


@pytest.mark.parametrize(
    ("part", "value", "expected"), [("hour", 7, [0]), ("week", 20, [0, 1]), ("year|gt", 2025, [0, 1]), ("day", 1, [])]
)
def test_parts_of_a_column_of_times(part: str, value: int, expected: list[int]) -> None:
    data: list[Row] = [{"at": 0}, {"at": 3600}, {"at": None}]
    assert both_ways({"s": {f"TimeCreated|{part}": value}, "condition": "s"}, data) == expected


def test_keywords_search_every_text_of_a_record() -> None:
    data: list[Row] = [{"A": "xxSession 1 lost"}, {"B": "the SESSION 1"}, {"A": "session"}, {}]
    for condition, expected in {"keywords": [0, 1], "not keywords": [2, 3]}.items():
        assert both_ways({"keywords": ["session 1", "never"], "condition": condition}, data) == expected
    assert both_ways({"keywords": {"|all": ["session", "lost"]}, "condition": "keywords"}, data) == [0]
    assert both_ways({"keywords": {"|re": "x{2}S"}, "condition": "keywords"}, data) == [0]


@pytest.mark.parametrize(
    ("detection", "reason"),
    [
        ({"s": {"A|expand": "%list%"}, "condition": "s"}, "%list%"),
        ({"s": {"Absent": "x"}, "condition": "s"}, "Absent"),
        ({"s": {"A|fieldref": "Absent"}, "condition": "s"}, "Absent"),
        ({"s": {"A": "x"}, "condition": "s and missing"}, "missing"),
        ({"s": {"A": "x"}, "timeframe": "5m", "condition": "all of them"}, "timeframe"),
        ({"s": {"A": "x"}, "condition": "s | count() > 5"}, "condition"),
        ({"s": {"A": "x"}, "condition": "1 of other*"}, "other"),
        ({"s": {"|cidr": "10.0.0.0/8"}, "condition": "s"}, "SigmaCIDRExpression"),
    ],
)
def test_what_is_not_supported_is_named_with_file_and_line(detection: dict[str, Any], reason: str) -> None:
    judgement = judge(rules(plain(detection)), {"thing": table([{"A": "x"}], DTYPES)}, coverage("thing"))
    [entry] = judgement.not_judged
    assert not judgement.hits
    assert entry.reason is Reason.NOT_EVALUABLE
    assert reason in entry.detail
    assert "rule.yml:1" in entry.detail


@pytest.mark.parametrize("pattern", ["(?=a)b", r"(a)\1", "(?<!a)b"])
def test_a_regular_expression_that_re2_refuses_is_named(pattern: str) -> None:
    rule = plain({"s": {"A|re": pattern}, "condition": "s"}, policy=TrustedPolicy)
    [entry] = judge(rules(rule), {"thing": table([{"A": "ab"}], DTYPES)}, coverage("thing")).not_judged
    assert "lookaround" in entry.detail


ABC: list[Row] = [{"A": "A"}, {"A": "b"}, {"A": "c"}]


@pytest.mark.parametrize(
    ("condition", "expected"), [("1 of s*", [0, 1]), ("all of s*", []), ("all of them", []), ("1 of them", [0, 1, 2])]
)
def test_quantifiers(condition: str, expected: list[int]) -> None:
    detection = {"s1": {"A": "a"}, "s2": {"A": "b"}, "other": {"A": "c"}, "condition": condition}
    assert both_ways(detection, ABC) == expected


def test_several_conditions_are_alternatives() -> None:
    detection = {"s1": {"A": "a"}, "s2": {"A": "b"}, "condition": ["s1", "s2"]}
    assert both_ways(detection, ABC) == [0, 1]
