"""The story, the ledger's states, the boot cadence and the timeline, from values written here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from claude_evidence.analyzers._basis import Basis, evidence_words
from claude_evidence.analyzers._steps import SAVE, SAVE_FIRST
from claude_evidence.analyzers.boots import boots
from claude_evidence.analyzers.verdict import verdict
from claude_evidence.model import Finding, Level, Risk, Step
from claude_evidence.parsers import columns

NOON = datetime(2026, 5, 17, 12, tzinfo=UTC)


def finding(rule: str, level: Level = Level.HIGH, minutes: int = 0, **more: object) -> Finding:
    time = NOON + timedelta(minutes=minutes)
    values: dict[str, object] = {
        "id": rule,
        "title": f"Title {rule}",
        "first_seen": time,
        "last_seen": time,
        "count": 1,
    } | more
    return Finding(rule=rule, sigma_id="", level=level, **values)  # type: ignore[arg-type]


def test_story_begins_at_the_root_and_names_the_worst() -> None:
    race = finding("race", Level.CRITICAL, 0, because_of=("killed",))
    killed = finding("killed", Level.MEDIUM, 5)
    orphan = finding("orphan", Level.HIGH, -9, because_of=("race",))
    told = verdict([race, orphan, killed], Basis(8))
    assert told.headline == "Title race"
    assert told.level is Level.CRITICAL
    assert told.what_happened == (
        "Title killed.",
        "This led to: Title race.",
        "This led to: Title orphan.",
    )


def test_what_no_link_joins_stands_beside_the_story() -> None:
    race = finding("race", Level.CRITICAL, because_of=("killed",))
    killed = finding("killed", Level.MEDIUM, -5)
    told = verdict([race, killed, finding("other", minutes=-50), finding("low", Level.LOW)], Basis(8))
    assert told.what_happened[0] == "Title killed."
    assert told.what_happened[2:] == ("Besides, without a known link: Title other; Title low.",)
    assert told.findings == ("killed", "race", "other", "low")


def test_of_equals_the_one_that_explains_most_is_the_story() -> None:
    alone = finding("alone", minutes=-60)
    cause, effect = finding("cause", leads_to=("effect",)), finding("effect", Level.LOW, 5)
    assert verdict([alone, effect, cause], Basis(8)).headline == "Title cause"


def test_context_is_told_where_it_explains_and_left_out_where_it_does_not() -> None:
    context = finding("context", Level.INFORMATIONAL, -5, leads_to=("race",))
    useless = finding("useless", Level.INFORMATIONAL, -9, because_of=("race",))
    told = verdict([finding("race"), context, useless], Basis(8))
    assert told.what_happened == ("Title context.", "This led to: Title race.")


@pytest.mark.parametrize("minutes", [2 * 24 * 60, -61 * 24 * 60])
def test_what_came_much_later_or_ended_long_before_is_no_cause(minutes: int) -> None:
    told = verdict([finding("race", because_of=("killed",)), finding("killed", Level.LOW, minutes)], Basis(8))
    assert told.what_happened == ("Title race.", "Besides, without a known link: Title killed.")


def test_a_fix_that_another_finding_calls_useless_is_named() -> None:
    step = Step("Register again.", "Add-AppxPackage -DisableDevelopmentMode -Register x")
    race = finding("race", remedy=(step,))
    state = finding("state", does_not_work=("Registering with Add-AppxPackage -Register.",))
    (careful,) = [text for text in verdict([race, state], Basis(8)).what_happened if "Careful" in text]
    assert careful.startswith("Careful, -Register is advised for “Title race”, but not for “Title state”:")
    assert not [text for text in verdict([race], Basis(8)).what_happened if "Careful" in text]


def test_a_long_story_is_cut_with_its_number() -> None:
    chain = [finding(f"f{n:02}", minutes=n, leads_to=(f"f{n + 1:02}",)) for n in range(20)]
    told = verdict(chain, Basis(8))
    assert told.what_happened[-1] == "And 12 more findings that are linked with these."
    assert len(told.what_happened) == 9


def test_causes_in_a_circle_still_make_a_story() -> None:
    a, b = finding("a", because_of=("b",)), finding("b", minutes=1, because_of=("a",))
    assert len(verdict([a, b], Basis(2)).what_happened) == 2


def test_safest_step_of_the_worst_comes_first() -> None:
    risky, safe = Step("risky", risk=Risk.LOSES_DATA), Step("safe")
    worst = finding("worst", Level.CRITICAL, remedy=(risky, safe))
    other = finding("other", Level.HIGH, -5, remedy=(Step("later"),))
    texts = [step.text for step in verdict([worst, other], Basis(2)).what_to_do]
    assert texts == [SAVE_FIRST.text, "safe", "later", "risky"]


def test_what_two_findings_ask_for_is_said_once_and_the_root_gets_the_room_that_is_left() -> None:
    kit = "claude-evidence recover -o kit"
    more = (Step("move it", risk=Risk.NEEDS_ADMIN), Step("Or something else."), Step("risky", risk=Risk.LOSES_DATA))
    root = finding("root", remedy=(Step("Make a kit.", kit), *more))
    after = finding("after", Level.HIGH, 5, remedy=(Step("Make a kit of these.", kit), Step("by hand")))
    texts = [step.text for step in verdict([root, after], Basis(2)).what_to_do]
    assert texts == [SAVE_FIRST.text, "Make a kit.", "move it", "risky"]


def test_nothing_found_says_what_was_not_looked_at() -> None:
    told = verdict([finding("context", Level.INFORMATIONAL)], Basis(7, unanswered=1))
    assert told.level is None
    assert "7 rules" in told.what_happened[0]
    assert "1 rule could not be answered" in told.what_happened[1]
    assert len(verdict([], Basis(8)).what_happened) == 1


@pytest.mark.parametrize(
    ("rests_on", "words"),
    [
        (Basis(0, unanswered=2), "2 rules could not be answered"),
        (Basis(5, unanswered=2, trace=False), "5 rules were answered"),
        (Basis(5, unanswered=2, lacking=("the app's log (main.log)",)), "Not in this evidence: the app's log"),
        (Basis(5, lost=1), "1 problem, see the report"),
        (Basis(5, altered=1), "not as collected"),
    ],
)
def test_evidence_that_shows_too_little_is_not_called_clean(rests_on: Basis, words: str) -> None:
    told = verdict([], rests_on)
    assert told.level is Level.INFORMATIONAL
    assert told.headline != verdict([], Basis(5)).headline
    assert words in " ".join(told.what_happened)


def test_what_was_answered_in_part_is_told_apart_and_altered_evidence_is_named() -> None:
    said = " ".join(verdict([], Basis(68, unanswered=4, partly=10)).what_happened)
    assert "68 rules were answered, 10 of them only in part, and found no failure." in said
    assert "not as it was collected" in verdict([], Basis(5, altered=1)).headline


@pytest.mark.parametrize("need", [*columns(), "service.State", "package.Status", "volume.FreeBytes"])
def test_what_a_rule_needs_is_told_in_words(need: str) -> None:
    assert need not in evidence_words(need).split()
    assert "of the kind" not in evidence_words(need)


def test_a_single_finding_is_explained_with_all_its_steps() -> None:
    steps = (Step("risky", risk=Risk.LOSES_DATA), Step("safe"), Step("rights", risk=Risk.NEEDS_ADMIN))
    told = verdict([finding("alone", count=3, remedy=steps, explanation="Why.")], Basis(1))
    assert told.what_happened == ("Title alone: 3 records.", "Why.")
    assert [step.text for step in told.what_to_do] == [SAVE_FIRST.text, "safe", "risky", "rights"]


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        (None, "2026-05-17 12:00:00 UTC"),
        ("Europe/Berlin", "2026-05-17 12:00:00 UTC (14:00:00 in Europe/Berlin)"),
        ("No/Where", "2026-05-17 12:00:00 UTC"),
    ],
)
def test_when_is_told_in_the_machines_zone(zone: str | None, words: str) -> None:
    assert verdict([finding("a")], Basis(1), zone).when == words


def test_when_the_zone_is_unknown_the_wall_clock_is_told() -> None:
    wall = datetime.fromisoformat("2026-05-01 07:00:00")
    local = finding("a", first_seen=None, last_seen=None, first_local=wall, last_local=wall + timedelta(hours=25))
    assert verdict([local], Basis(1)).when == "2026-05-01 07:00:00 to 2026-05-02 08:00:00 local time, zone unknown"
    assert verdict([finding("a", first_seen=None, last_seen=None)], Basis(1)).when == "at an unknown time"


def started(*days: int) -> pd.DataFrame:
    times = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in days]
    rows = {
        "TimeCreated": pd.to_datetime(times, utc=True),
        "EventID": 6005,
        "Provider_Name": "EventLog",
        "Channel": "System",
    }
    frame = pd.DataFrame(rows | {"Member": "System.evtx", "EventData": None})
    return frame.assign(Record=range(1, len(times) + 1)).astype({"TimeCreated": "datetime64[us, UTC]"})


def test_boots_that_come_closer_together() -> None:
    told = boots(started(0, 45, 78, 99, 137, 145, 152, 157, 163), {})
    assert told.tightening is True
    assert "21 to 45 days apart before" in told.summary
    assert "5 to 8 days between the last 5" in told.summary
    assert [(m.month, m.boots, m.median_days) for m in told.months][:2] == [("2026-01", 1, None), ("2026-02", 1, 45.0)]


def test_boots_that_do_not_or_are_too_few() -> None:
    assert boots(started(0, 10, 20, 30, 40, 50, 60), {}).tightening is False
    assert boots(started(0, 45, 50, 55), {}).tightening is None
    assert boots(started(), {}).entries == ()


def test_other_providers_with_the_same_number_are_no_boots() -> None:
    assert boots(started(0, 1).assign(Provider_Name="Contoso"), {}).entries == ()


def test_altered_evidence_is_said_first_and_lowers_the_confidence() -> None:
    told = verdict([finding("a", confidence="high")], Basis(1, altered=2))
    assert told.what_happened[0].startswith("Careful: 2 files are not as collected")
    assert told.confidence == "low"
    assert verdict([], Basis(8, altered=1)).what_happened[0].startswith("Careful: 1 file is")


@pytest.mark.parametrize(
    ("again", "words", "headline", "step"),
    [
        (
            "13:00:00",
            "again at 2026-05-17 13:00:00 UTC (15:00:00 in Europe/Berlin).",
            "since",
            "If it happens again: Sign",
        ),
        ("11:00:00", "11:00:00 UTC (13:00:00 in Europe/Berlin), and failed once more after that.", "Title a", "Sign"),
    ],
)
def test_a_later_start_is_told_and_what_is_over_is_told_as_past(
    again: str, words: str, headline: str, step: str
) -> None:
    facts = (("Started again", f"2026-05-17 {again} UTC"),)
    told = verdict([finding("a", facts=facts, remedy=(Step("Sign out."),))], Basis(1), "Europe/Berlin")
    assert words in told.what_happened[0]
    assert told.headline.endswith(headline)
    assert told.what_to_do[0].text.startswith(step)


def test_a_story_with_branches_is_numbered() -> None:
    root, one = finding("root"), finding("one", minutes=1, because_of=("root",))
    two = finding("two", minutes=2, because_of=("root",))
    assert verdict([root, one, two], Basis(3)).what_happened == (
        "1. Title root.",
        "2. Title one. It follows from 1.",
        "3. Title two. It follows from 1.",
    )


def test_copies_come_first_and_what_may_lose_data_last() -> None:
    copy, look = Step("Copy the folder projects away."), Step("Look for a link.")
    remove = Step("Remove the link.", risk=Risk.LOSES_DATA)
    linked = finding("linked", Level.CRITICAL, remedy=(copy, remove), leads_to=("seen", "lost"))
    seen, lost = finding("seen", minutes=1, remedy=(look,)), finding("lost", minutes=2, remedy=(copy, remove))
    assert [step.text for step in verdict([linked, seen, lost], Basis(3)).what_to_do] == [
        copy.text,
        look.text,
        remove.text,
    ]
    bare = finding("linked", Level.CRITICAL, remedy=(remove,), leads_to=("seen", "lost"))
    for others in ([seen], [seen, lost]):  # what another finding copies is not what this one may lose
        assert [step.text for step in verdict([bare, *others], Basis(3)).what_to_do] == [
            SAVE_FIRST.text,
            look.text,
            remove.text,
        ]


def test_what_stands_beside_a_story_that_is_over_brings_nothing_dangerous_either() -> None:
    facts = (("Started again", "2026-05-17 13:00:00 UTC"),)
    over = finding("over", Level.CRITICAL, facts=facts, remedy=(Step("Restart."),))
    beside = finding("beside", Level.HIGH, remedy=(Step("Look."), Step("Reset.", "", Risk.LOSES_DATA)))
    texts = [step.text for step in verdict([over, beside], Basis(2)).what_to_do]
    assert texts == ["If it happens again: Restart.", "Look."]


def test_the_fix_of_a_cause_is_not_crowded_out_by_steps_for_what_it_led_to() -> None:
    cause = finding("cause", Level.HIGH, 0, remedy=(Step("rename", "", Risk.LOSES_DATA),), leads_to=("e0",))
    effects = [
        finding(f"e{n}", Level.MEDIUM, n + 1, remedy=(Step(f"look {n}", "", Risk.SAFE),), because_of=("cause",))
        for n in range(6)
    ]
    texts = [step.text for step in verdict([cause, *effects], Basis(7)).what_to_do]
    assert texts == [SAVE_FIRST.text, "look 0", "look 1", "look 2", "rename"]


def test_several_copies_become_one_of_everything() -> None:
    one = finding(
        "one", Level.CRITICAL, remedy=(Step("Copy the folder a away."), Step("Look at a.")), leads_to=("two",)
    )
    two = finding(
        "two", minutes=1, remedy=(Step("Keep the file under another name and copy b away."), Step("Look at b."))
    )
    texts = [step.text for step in verdict([one, two], Basis(2)).what_to_do]
    assert texts == [SAVE.text, "Look at a.", "Look at b."]


def test_a_step_that_does_more_than_copy_is_no_copy() -> None:
    more = "Copy both files away, then edit one."
    one = finding("one", Level.CRITICAL, remedy=(Step("Copy the folder a\\b.c away first."),), leads_to=("two",))
    two = finding("two", minutes=1, remedy=(Step(more),))
    assert [step.text for step in verdict([one, two], Basis(2)).what_to_do] == [one.remedy[0].text, more]


def test_the_cure_of_the_worst_is_told_and_no_dangerous_one_of_what_only_stands_beside_it() -> None:
    looks = tuple(Step(f"Look {n}.") for n in range(4))
    worst = finding("worst", Level.HIGH, remedy=(*looks, Step("Cure.", "", Risk.LOSES_DATA)))
    beside = finding("beside", Level.LOW, remedy=(Step("Put the folder there.", "", Risk.LOSES_DATA),))
    texts = [step.text for step in verdict([worst, beside], Basis(2)).what_to_do]
    assert texts == [SAVE_FIRST.text, "Look 0.", "Look 1.", "Look 2.", "Cure."]


def test_what_is_over_is_not_what_to_do_first() -> None:
    facts = (("Started again", "2026-05-17 13:00:00 UTC"),)
    over = finding("over", Level.CRITICAL, facts=facts, remedy=(Step("Restart."),), leads_to=("lost",))
    lost = finding("lost", minutes=2, remedy=(Step("Open it by hand."),))
    texts = [step.text for step in verdict([over, lost], Basis(3)).what_to_do]
    assert texts == ["Open it by hand.", "If it happens again: Restart."]


def test_a_span_over_days_is_told_with_every_date() -> None:
    wide = finding("a", last_seen=NOON + timedelta(days=9))
    assert verdict([wide], Basis(1), "Europe/Berlin").when == (
        "2026-05-17 12:00:00 to 2026-05-26 12:00:00 UTC (2026-05-17 14:00:00 to 2026-05-26 14:00:00 in Europe/Berlin)"
    )
