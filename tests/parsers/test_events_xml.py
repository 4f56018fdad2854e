"""Events exported as XML: the same rows as the binary log gives, and nothing hostile gets through."""

from __future__ import annotations

import codecs
from datetime import UTC, datetime
from io import BytesIO

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from claude_evidence.model import Manifest, Member
from claude_evidence.parsers import events
from claude_evidence.parsers._clock import Clock
from claude_evidence.parsers._contract import Context, Parsed
from claude_evidence.samples.evtx_writer import EventRecord, Field, write_evtx

NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"
SERVER = "Microsoft-Windows-AppXDeployment-Server"
CHANNEL = "Microsoft-Windows-AppXDeploymentServer/Operational"


def event(number: int, payload: str, *, event_id: int = 400, more: str = "") -> str:
    return (
        f"<Event xmlns='{NAMESPACE}'><System>"
        f"<Provider Name='{SERVER}' Guid='{{3f471139-acb7-4a01-b7a7-ff5da4ba2d43}}'/>"
        f"<EventID>{event_id}</EventID><Version>0</Version><Level>4</Level><Task>3</Task><Opcode>0</Opcode>"
        f"<Keywords>0x4000000000000001</Keywords><TimeCreated SystemTime='2026-05-17T07:27:08.1234567Z'/>"
        f"<EventRecordID>{number}</EventRecordID><Correlation/><Execution ProcessID='520' ThreadID='580'/>"
        f"<Channel>{CHANNEL}</Channel><Computer>DESKTOP-SAMPLE</Computer><Security UserID='S-1-5-18'/></System>"
        f"{payload}{more}</Event>"
    )


def data(**fields: str) -> str:
    return "<EventData>" + "".join(f"<Data Name='{k}'>{v}</Data>" for k, v in fields.items()) + "</EventData>"


def read(text: str | bytes, *wanted: str) -> Parsed:
    stored = text.encode() if isinstance(text, str) else text
    context = Context(Clock.of(Manifest()), wanted=frozenset(wanted))
    return events.parse(BytesIO(stored), Member("export.xml", "export.xml", len(stored)), context)


def rows(text: str | bytes, *wanted: str) -> pd.DataFrame:
    return read(text, *wanted).frames()["events"]


TWO = event(7, data(ErrorCode="0x80073d02", Path=" a &amp; b ")) + "\r\n" + event(9, data(ErrorCode="5", Path=""))


@pytest.mark.parametrize(
    "text",
    [
        TWO,
        f"<Events>{TWO}</Events>",
        f"<?xml version='1.0' encoding='utf-8' standalone='yes'?>\r\n<Events>{TWO}</Events>\r\n",
        codecs.BOM_UTF8 + TWO.encode(),
        codecs.BOM_UTF16_LE + ('<?xml version="1.0" encoding="utf-16"?>' + TWO).encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TWO.encode("utf-16-be"),
        TWO.encode("utf-16-le"),
        f"<!-- exported --><Events>{TWO}</Events>",
    ],
    ids=["plain", "rooted", "declared", "utf8", "utf16le", "utf16be", "utf16-unmarked", "comment"],
)
def test_every_form_of_an_export_gives_the_same_rows(text: str | bytes) -> None:
    stored = text.encode() if isinstance(text, str) else text
    assert events.sniff(stored[:4096])
    parsed = read(stored, "Path")
    found = parsed.frames()["events"]
    assert parsed.problems == []
    assert found["Record"].tolist() == [7, 9]
    assert found["HResult"].tolist() == ["0x80073d02", "0x00000005"]
    assert found["Path"].tolist() == [" a & b ", ""]
    assert [c.source for c in parsed.coverage] == [CHANNEL]


def test_rows_equal_those_of_the_binary_log() -> None:
    time = datetime(2026, 5, 17, 7, 27, 8, 123456, tzinfo=UTC)
    fields = [Field("DeploymentOperation", "UInt32", 6), Field("DeploymentOptions", "HexInt64", 65)]
    record = EventRecord(
        SERVER, "{3f471139-acb7-4a01-b7a7-ff5da4ba2d43}", 400, CHANNEL, "DESKTOP-SAMPLE", time, 7, ticks=7,
        task=3, keywords=0x4000000000000001, process_id=520, thread_id=580, user_sid="S-1-5-18", data=fields,
    )  # fmt: skip
    binary = read(write_evtx([record]), "DeploymentOperation").frames()["events"]
    exported = rows(event(7, data(DeploymentOperation="6", DeploymentOptions="0x41")), "DeploymentOperation")
    assert exported["Operation"].tolist() == ["Register"]
    pd.testing.assert_frame_equal(exported.drop(columns="EventData"), binary.drop(columns="EventData"))


def test_other_payloads_and_rendered_text() -> None:
    user = "<UserData><EventXML xmlns='urn:x'><Reason>7</Reason><Note/></EventXML></UserData>"
    rendering = "<RenderingInfo Culture='en-US'><Message>It failed.</Message><Level>Error</Level></RenderingInfo>"
    item = "<ErrorCode>15005</ErrorCode><DataItemName>PsmFlags</DataItemName>"
    failed = f"<ProcessingErrorData>{item}</ProcessingErrorData>"
    unnamed = "<EventData><Data>one</Data><Data/><Data>three</Data></EventData>"
    text = event(1, user, more=rendering) + event(2, failed) + event(3, unnamed) + event(4, "")
    found = rows(text, "Reason", "Note", "Message", "RenderedMessage", "DataItemName", "param3", "Data")
    assert found["Reason"].tolist()[0] == "7"
    assert found["Note"].tolist()[0] == ""
    assert found["RenderedMessage"].tolist()[0] == "It failed."
    assert found["RenderedMessage"].isna().tolist() == [False, True, True, True]
    assert found["Message"].isna().all()  # the field Message is the event's own, never the rendered text
    assert found["HResult"].tolist()[1] == "0x00003a9d"
    assert (found["Data"].tolist()[2], found["param3"].tolist()[2]) == ("one\n\nthree", "three")
    assert found["EventData"].tolist()[3] == b""


def test_an_export_cut_short_gives_what_came_before() -> None:
    parsed = read(TWO[:-20])
    assert parsed.frames()["events"]["Record"].tolist() == [7]
    assert [(p.record, p.message) for p in parsed.problems] == [
        (2, "event 2 of the file ends before it is complete: the file was cut")
    ]


def test_a_damaged_event_costs_only_itself() -> None:
    text = event(1, data(a="1")) + event(2, "<EventData><Data Name='a'>1</EventData>") + event(3, data(a="3"))
    parsed = read(text + "<Event xmlns='x'><System>" + event(5, ""))
    assert parsed.frames()["events"]["Record"].tolist() == [1, 3, 5]
    assert [problem.record for problem in parsed.problems] == [2, 4]


def test_characters_that_xml_forbids_do_not_lose_the_event() -> None:
    found = rows(event(1, data(a="x\x01y&#x2;&#11;z\t&#9;&#233;")), "a")
    assert found["a"].tolist() == ["x\ufffdy\ufffd\ufffdz\t\té"]


@pytest.mark.parametrize(
    "hostile",
    [
        "<!DOCTYPE e [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]>" + event(1, data(a="&b;")),
        "<!DOCTYPE e SYSTEM 'file:///etc/passwd'>" + event(1, data(a="&x;")),
        event(1, data(a="<!DOCTYPE e [<!ENTITY x 'y'>]>&x;")),
        event(1, "<EventData>" + "<a>" * 5_000 + "</a>" * 5_000 + "</EventData>"),
        event(1, "<EventData>" + "<a>" * 200_000 + "</a>" * 200_000 + "</EventData>"),
        event(1, "<EventData>" + "<a/>" * 100_000 + "</EventData>"),
    ],
    ids=["expansion", "external", "inner-dtd", "deep", "deeper", "wide"],
)
def test_hostile_events_are_refused_and_the_next_is_read(hostile: str) -> None:
    parsed = read(event(0, "") + hostile + event(2, data(a="ok")), "a")
    assert parsed.frames()["events"]["a"].tolist()[1:] == ["ok"]
    assert len(parsed.problems) == 1


def test_events_that_never_end_cost_one_pass() -> None:
    parsed = read(event(1, "") + "<Event >" * 300_000 + "</Event>" + event(2, ""))
    assert parsed.frames()["events"]["Record"].tolist() == [1, 2]
    assert len(parsed.problems) == 101
    assert parsed.problems[-1].message.startswith("299,900 more of ")


def test_an_event_larger_than_any_is_skipped() -> None:
    parsed = read(event(1, "") + event(2, data(a="x" * 5_000_000)) + event(3, ""))
    assert parsed.frames()["events"]["Record"].tolist() == [1, 3]
    assert ["longer than" in problem.message for problem in parsed.problems] == [True]


@pytest.mark.parametrize(
    "head",
    [b"", b"<", b"<html>", b"<Event>", b"<?xml version='1.0'?><Task xmlns='x'/>", b"\xff\xfe<\0", b"<!---->" * 580],
)
def test_other_files_are_no_exports(head: bytes) -> None:
    assert not events.sniff(head)


PIECES = ["<", ">", "</Event>", "<Event ", "&", "\0", "'", "é", "xmlns"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(TWO)), st.sampled_from(PIECES))))
@example([(1, ">"), (708, ">")])
def test_no_damage_raises(changes: list[tuple[int, str]]) -> None:
    text = TWO
    for place, new in changes:
        text = text[:place] + new + text[place:]
    parsed = read("<Events xmlns='" + NAMESPACE + "'>" + text)
    assert len(parsed.frames()["events"]) + len(parsed.problems) >= 1


WRONG_TIMES = [
    "now", "today", "", "2026", "é", "2026-02-30T07:27:08Z", "2026-05-17T07:27:08>.1Z", "2026-05-17T07:27:08+02:00",
    "2026-05-17T07:27:08.123456+02:00", "2026-05-17T07:27:08.12345678901234567890+01", "2026-05-17T07:27Z",
    "2026-05-17T07:27:08.1Z2", "2026-05-17T07:27:08Z12", "2026-05-17T07:27:08.Z5Z", "2026-05-17T07:27:080000Z",
]  # fmt: skip


@pytest.mark.parametrize(
    ("stored", "time"),
    [
        ("2026-05-17T07:27:08Z", "2026-05-17T07:27:08"),
        ("2026-05-17T07:27:08.Z", "2026-05-17T07:27:08"),
        ("2026-05-17T07:27:08.1Z", "2026-05-17T07:27:08.1"),
        ("2026-05-17T07:27:08.123456789Z", "2026-05-17T07:27:08.123456"),
        ("1601-01-01T00:00:00.0000000Z", "1601-01-01T00:00:00"),
        ("2026-05-17T07:27:08", "2026-05-17T07:27:08"),
        *((wrong, None) for wrong in WRONG_TIMES),
    ],
)  # fmt: skip
def test_times_are_read_as_utc_or_not_at_all(stored: str, time: str | None) -> None:
    """Alone and beside others: both ways of reading times give the same."""
    one = event(1, "").replace("2026-05-17T07:27:08.1234567Z", stored)
    expected = pd.NaT if time is None else pd.Timestamp(time, tz="UTC")
    for text in (one, one + event(2, ""), one + event(2, "").replace("SystemTime='2026", "SystemTime='x")):
        found = rows(text)["TimeCreated"]
        assert str(found.dtype) == "datetime64[us, UTC]"
        assert (found[0] is pd.NaT) if time is None else (found[0] == expected)
