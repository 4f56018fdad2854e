from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from claude_evidence.analyzers._types import RuleDocument
from claude_evidence.analyzers.evaluate import judge
from claude_evidence.model import Coverage, Level, Reason
from tests.analyzers.helpers import START, correlation, coverage, plain, rules, table
from tests.analyzers.oracle import Row

EVENTS = {
    "EventID": "int64",
    "Channel": "category",
    "Provider_Name": "category",
    "Image": "str",
    "NewProcessName": "category",
    "TokenElevationType": "category",
    "ErrorCode": "category",
    "EventData": "object",
}
LOG = {"Service": "category", "Message": "str", "SessionId": "str"}
SYSMON = "Microsoft-Windows-Sysmon/Operational"
SYSTEM = {"product": "windows", "service": "system"}
PROCESSES = {"product": "windows", "category": "process_creation"}
MAIN = {"product": "claude_desktop", "category": "app_log", "service": "main"}


def event(number: int, channel: str = "System", **more: Any) -> Row:
    return {"EventID": number, "Channel": channel, **more}


def on_events(given: Sequence[RuleDocument], data: Sequence[Row], *channels: str) -> Any:
    cover = tuple(Coverage("events", channel, "m", START, START) for channel in channels)
    return judge(rules(*given), {"events": table(data, EVENTS)}, cover)


def rows(judgement: Any, name: str = "events") -> list[list[int]]:
    assert not judgement.not_judged
    return [hit.rows[name].tolist() for hit in judgement.hits]


def app_log(data: Sequence[Row], *, zone: bool) -> pd.DataFrame:
    """Return a log whose times, ``at`` seconds, are known by the wall clock and, with *zone*, in UTC."""
    log = table(data, LOG)
    log["LocalTime"] = log["TimeCreated"].dt.tz_localize(None)
    if not zone:
        log["TimeCreated"] = pd.Series(pd.NaT, index=log.index, dtype="datetime64[us, UTC]")
    return log


def test_a_service_is_its_channel_in_any_case() -> None:
    rule = plain({"s": {"EventID": 6008}, "condition": "s"}, "r", SYSTEM)
    data = [event(6008), event(6008, "SYSTEM"), event(6008, "Security"), event(1)]
    assert rows(on_events([rule], data, "system")) == [[0, 1]]


def test_a_category_joins_sysmon_and_security_under_one_name() -> None:
    rule = plain({"s": {"Image|endswith": "\\cmd.exe", "EventID": 4688}, "condition": "s"}, "r", PROCESSES)
    either = plain({"s": {"Image|endswith": "\\cmd.exe"}, "condition": "s"}, "e", PROCESSES)
    data: list[Row] = [
        event(1, SYSMON, Image="C:\\cmd.exe"),
        event(4688, "Security", NewProcessName="C:\\CMD.EXE", Image="no"),
        event(4688, "Security", Image="C:\\cmd.exe"),
        event(5, SYSMON, Image="C:\\cmd.exe"),
    ]
    assert rows(on_events([rule, either], data, SYSMON, "Security")) == [[1], [0, 1]]
    assert rows(on_events([either], data[1:], "Security")) == [[0]]


def test_a_source_that_is_not_in_the_evidence_is_said() -> None:
    given = [
        plain({"s": {"EventID": 1}, "condition": "s"}, "a", SYSTEM),
        plain({"s": {"EventID": 1}, "condition": "s"}, "b", PROCESSES),
        plain({"s": {"Message": "x"}, "condition": "s"}, "c", MAIN),
        plain({"s": {"Message": "x"}, "condition": "s"}, "d", {"product": "linux", "category": "process_creation"}),
        plain({"s": {"EventID": 1}, "condition": "s"}, "e", {"product": "windows"}),
    ]
    judgement = on_events(given, [event(1, "Application")], "Application")
    assert {entry.rule: entry.reason for entry in judgement.not_judged} == dict.fromkeys("abcd", Reason.NOT_EVALUABLE)
    details = [entry.detail for entry in judgement.not_judged]
    assert details[0] == "needs the event log System, which is not in the evidence"
    assert "Security" in details[1] and SYSMON in details[1]
    assert rows(judge(rules(given[4]), {"events": table([event(1)], EVENTS)}, ())) == [[0]]


def test_a_field_that_no_event_has_is_missing_in_all() -> None:
    for selection, expected in [({"Nowhere": "x"}, []), ({"Nowhere": None}, [[0]]), ({"Nowhere|exists": False}, [[0]])]:
        rule = plain({"s": selection, "condition": "s"}, "r", SYSTEM)
        assert rows(on_events([rule], [event(1)], "System")) == expected


def test_keywords_search_the_payload_of_events() -> None:
    payloads = [
        b'{"Path":"C:\\\\Claude\\\\app.exe","n":17}',
        b'{"a":{"b":["x","Second \\u00e9"]}}',
        b"{broken claude",
        None,
    ]
    data = [event(1, EventData=payload) for payload in payloads]
    expected_rows = {
        "claude\\app": [[0]],
        "SECOND É": [[1]],
        "17": [[0]],
        "claude": [[0, 2]],
        "Path": [],
        "c*app": [[0]],
    }
    for word, expected in expected_rows.items():
        rule = plain({"keywords": [word], "condition": "keywords"}, "r", SYSTEM)
        assert rows(on_events([rule], data, "System")) == expected, word


def test_rows_are_in_order_of_time() -> None:
    rule = plain({"s": {"EventID": 1}, "condition": "s"}, "r", SYSTEM)
    data = [event(1, at=5), event(1, at=None), event(1, at=1), event(1, at=5), event(1, at=0)]
    assert rows(on_events([rule], data, "System")) == [[4, 2, 0, 3, 1]]


def test_a_service_of_the_log_is_told_from_others() -> None:
    rule = plain({"s": {"Message|contains": "failed"}, "condition": "s"}, "r", MAIN)
    data = [{"Service": "main", "Message": "it FAILED"}, {"Service": "mcp", "Message": "failed"}]
    cover = coverage("app_log", source="main")
    assert rows(judge(rules(rule), {"app_log": app_log(data, zone=True)}, cover), "app_log") == [[0]]


def document(name: str, word: str, level: Level, **custom: Any) -> RuleDocument:
    return plain({"s": {"A|contains": word}, "condition": "s"}, name, level=level, custom=custom)


def told(given: Sequence[RuleDocument], data: Sequence[Row]) -> list[tuple[str, str, int, list[int]]]:
    things = {"thing": table(data, {"A": "str", "G": "str", "H": "category"})}
    judgement = judge(rules(*given), things, coverage("thing"))
    assert not judgement.not_judged
    return [(hit.document.name, hit.group, hit.count, hit.rows["thing"].tolist()) for hit in judgement.hits]


def test_one_hit_per_value_of_group_by_and_distinct_values_are_counted() -> None:
    data: list[Row] = [
        {"A": "a", "G": "One", "H": "s1", "at": 4},
        {"A": "a", "G": "one", "H": "S1"},
        {"A": "a", "G": "two", "H": "s2"},
        {"A": "a", "H": "s3"},
        {"A": "b", "G": "one"},
    ]
    assert told([document("r", "a", Level.LOW, group_by=["G"])], data) == [
        ("r", "One", 2, [1, 0]),
        ("r", "two", 1, [2]),
        ("r", "", 1, [3]),
    ]
    assert told([document("r", "a", Level.LOW, count_by="H")], data) == [("r", "", 3, [1, 2, 3, 0])]
    assert told([document("r", "b", Level.LOW, count_by="H")], data) == [("r", "", 1, [4])]
    assert told([document("r", "a", Level.LOW, group_by=["G", "H"])], data)[0] == ("r", "One, s1", 2, [1, 0])


@pytest.mark.parametrize(
    ("documents", "kept"),
    [
        ([("r", Level.LOW, True), ("r__2", Level.HIGH, True)], ["r__2 x", "r__2 y"]),
        ([("r", Level.HIGH, True), ("r__2", Level.HIGH, True)], ["r x", "r y"]),
        ([("r", Level.HIGH, True), ("q", Level.LOW, True)], ["r x", "r y", "q x", "q y"]),
        ([("r", Level.LOW, False), ("r__2", Level.HIGH, True)], ["r__2 x", "r__2 y"]),
        ([("r", Level.HIGH, False), ("r__2", Level.LOW, True)], ["r "]),
    ],
)
def test_only_the_strongest_document_of_a_file_is_told(
    documents: Sequence[tuple[str, Level, bool]], kept: list[str]
) -> None:
    data: list[Row] = [{"A": "a", "G": "x"}, {"A": "a", "G": "y"}]
    given = [
        document(name, "a", level, **({"group_by": ["G"]} if grouped else {})) for name, level, grouped in documents
    ]
    assert [f"{name} {group}" for name, group, *_ in told(given, data)] == kept


def test_of_two_groups_each_has_its_own_strongest_document() -> None:
    strong = document("r", "ab", Level.HIGH, group_by=["G"])
    weak = document("r__weak", "a", Level.LOW, group_by=["G"])
    data: list[Row] = [{"A": "ab", "G": "x"}, {"A": "a", "G": "X"}, {"A": "a", "G": "y"}]
    assert told([weak, strong], data) == [("r__weak", "y", 1, [2]), ("r", "x", 1, [0])]


def test_a_correlation_is_stronger_than_a_plain_document_of_its_level() -> None:
    one = document("r", "a", Level.HIGH, group_by=["G"])
    both = correlation("r__both", "event_count", ["r"], condition={"gte": 2}, group_by=["G"], level=Level.HIGH)
    data: list[Row] = [{"A": "a", "G": "x"}, {"A": "a", "G": "X"}, {"A": "a", "G": "y"}]
    assert told([one, both], data) == [("r", "y", 1, [2]), ("r__both", "x", 2, [0, 1])]


def test_of_very_many_groups_the_smallest_are_told_together() -> None:
    most = 200
    data: list[Row] = [*({"A": "a", "G": f"g{n}"} for n in range(most + 50)), {"A": "a", "G": "g249"}]
    found = told([document("r", "a", Level.HIGH, group_by=["G"])], data)
    assert len(found) == most
    (rest,) = [hit for hit in found if "more groups" in hit[1]]
    assert (rest[1], rest[2]) == ("51 more groups", 51)
    assert ("r", "g249", 2, [249, 250]) in found
    assert sorted(row for hit in found for row in hit[3]) == list(range(len(data)))


FOLLOWED = [
    plain({"s": {"Message": "a"}, "condition": "s"}, "a", MAIN, generate=False),
    plain({"s": {"Message": "b"}, "condition": "s"}, "b", MAIN, generate=False),
    plain({"s": {"EventID": 1}, "condition": "s"}, "e", SYSTEM, generate=False),
]


def followed(names: Sequence[str], log: Sequence[Row], *, zone: bool, **more: Any) -> Any:
    tables = {"app_log": app_log(log, zone=zone), "events": table([event(1, at=2)], EVENTS)}
    end = START + pd.Timedelta(seconds=100)
    cover = (
        Coverage("app_log", "main", "m", START if zone else None, end if zone else None, START, end),
        Coverage("events", "System", "m", START, end),
    )
    return judge(rules(*FOLLOWED, correlation("r", "temporal_ordered", names, **more)), tables, cover)


def line(message: str, at: float) -> Mapping[str, Any]:
    return {"Service": "main", "Message": message, "at": at}


@pytest.mark.parametrize("zone", [True, False])
def test_lines_of_the_log_are_compared_by_the_wall_clock_where_the_zone_is_unknown(*, zone: bool) -> None:
    [hit] = followed(["a", "b"], [line("a", 0), line("b", 9), line("b", 30)], zone=zone).hits
    assert hit.rows["app_log"].tolist() == [0, 1]
    [hit] = followed(["a", "b"], [line("a", 0), line("a", 99)], zone=zone, condition="a and not b").hits
    assert hit.rows["app_log"].tolist() == [0]


def test_log_and_events_are_compared_only_where_the_zone_is_known() -> None:
    [hit] = followed(["a", "e"], [line("a", 0)], zone=True).hits
    assert {name: rows.tolist() for name, rows in hit.rows.items()} == {"app_log": [0], "events": [0]}
    for more in ({}, {"condition": "a and not e"}):
        judgement = followed(["a", "e"], [line("a", 0)], zone=False, **more)
        assert not judgement.hits
        assert "--tz" in judgement.not_judged[0].detail
    silent = followed(["a", "e"], [line("c", 0)], zone=False)
    assert not silent.hits and not silent.not_judged


def test_judging_leaves_the_tables_as_they_are() -> None:
    given = {"thing": table([{"A": "a"}, {"A": None}], {"A": "str"})}
    before = given["thing"].copy()
    judge(rules(document("r", "a", Level.LOW)), given, coverage("thing"))
    pd.testing.assert_frame_equal(given["thing"], before)


def test_a_column_in_several_pieces_is_searched_whole() -> None:
    data: list[Row] = [{"A": f"row {n} {'needle in it' if n % 7 == 0 else ''}"} for n in range(5_000)]
    pieces = [table(data[i : i + 999], {"A": "str"}) for i in range(0, 5_000, 999)]
    whole = pd.concat(pieces, ignore_index=True)
    rule = document("r", "NEEDLE in", Level.LOW)
    [hit] = judge(rules(rule), {"thing": whole}, coverage("thing")).hits
    np.testing.assert_array_equal(hit.rows["thing"], np.arange(0, 5_000, 7))
