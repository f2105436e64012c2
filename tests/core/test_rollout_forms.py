"""Reports as HTML and JUnit: whole, escaped, and readable by whoever reads such files."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetctl.adapters.reports import template
from fleetctl.core.policy import Wave
from fleetctl.core.report.evidence import Evidence
from fleetctl.core.rollout.state import CommandKind, Phase, Status, StepKind
from fleetctl.core.rollout_html import duration, to_html
from fleetctl.core.rollout_json import to_document
from fleetctl.core.rollout_junit import to_junit
from fleetctl.core.rollout_report import RolloutReport, rollout_report
from tests.builders.histories import Historian, reading, taken
from tests.builders.play import building, progress
from tests.builders.rollout_logs import T0, ended, evening, note, reported, row_of

HOSTILE = "<script>alert(1)</script>\"'&\x1b[31m\x00"


class Page(HTMLParser):
    """Collects what a browser would see, and checks that every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.words += " " if tag in {"td", "th", "summary"} else ""
        left = self.open.pop()
        if left in {"dt", "dd"} and tag != left:
            left = self.open.pop()
        assert left == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def cold_room() -> RolloutReport:
    """Return the report of a unit whose room cooled from 19 to 17.8 °C in 40 s without heat."""
    units = [ended("s/a")]
    log = [note(0, "s/a", "attempt-started"), note(45, "s/a", "unit-succeeded")]
    seen = [reading("s/a", 0, 19.0), reading("s/a", 50, 17.8)]
    evidence = Evidence([taken("s/a", StepKind.REBOOT, 5)], seen)
    return reported(replace(row_of(units), status=Status.SUCCEEDED), units, log, evidence)


def html(report: RolloutReport) -> str:
    return to_html(report, template("rollout"))


def bars(text: str) -> list[tuple[str, str]]:
    return re.findall(r'<path class="b-(\w+)" d="([^"]*)"/>', text)


def many(count: int, sites: int = 1) -> RolloutReport:
    """Return the report of a rollout of many units, four a dwelling; all but the last ten have succeeded."""
    names = [f"t{number % sites}/r{number:04}" for number in range(count)]
    units = [ended(name) if number < count - 10 else progress(name) for number, name in enumerate(names)]
    log = [
        each
        for number, name in enumerate(names[: count - 10])
        for each in (note(number, name, "attempt-started"), note(number + 60, name, "unit-succeeded"))
    ]
    dwellings = {name: f"A{number // sites // 4:03}" for number, name in enumerate(names)}
    row = replace(row_of(units), status=Status.ABORTED)
    return reported(row, units, log, Evidence(dwellings=dwellings))


def test_the_page_needs_nothing_from_elsewhere() -> None:
    text = html(evening())
    page = Page(text)
    assert not page.open
    assert {"script", "link", "img", "iframe"}.isdisjoint(tag for tag, _ in page.tags)
    assert not [of for _, of in page.tags if "src" in of or "href" in of]
    assert "url(" not in text
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in page.tags


def test_the_page_tells_status_reason_units_and_who_was_left_out() -> None:
    words = Page(html(evening("no answer at 10.77.1.11"))).words
    for word in ("failed", "1 of 2 failed", "s/good", "s/bad", "no answer at 10.77.1.11", "s/gone", "operator"):
        assert word in words


def test_attempts_are_bars_from_their_start_to_their_end() -> None:
    assert bars(html(evening())) == [("configuring", "M0 0.5h250"), ("configuring", "M0 0.5h500M625 0.5h375")]


def test_an_attempt_under_way_reaches_to_now() -> None:
    units = [ended("s/a"), replace(progress("s/b"), phase=Phase.CONFIGURING, attempt=1)]
    starts = [note(0, "s/a", "attempt-started"), note(15, "s/b", "attempt-started")]
    text = html(reported(row_of(units), units, [*starts, note(30, "s/a", "unit-succeeded")]))
    assert bars(text) == [("configuring", "M0 0.5h500"), ("configuring", "M250 0.5h750")]


def test_each_wave_has_an_axis_of_its_own() -> None:
    units = [ended("s/a"), replace(ended("s/b"), wave=1)]
    log = [
        *(note(0, "s/a", "attempt-started"), note(60, "s/a", "unit-succeeded")),
        *(note(3600, "s/b", "attempt-started"), note(3660, "s/b", "unit-succeeded")),
    ]
    row = replace(row_of(units), waves=(Wave("canary"), Wave("rest")), status=Status.SUCCEEDED)
    text = html(reported(row, units, log))
    assert bars(text) == [("configuring", "M0 0.5h1000")] * 2
    assert re.findall(r'left: 0.0%">([^<]*)<', text) == ["18:30:00", "19:30:00"]


def test_the_shortest_phase_can_be_seen() -> None:
    units = [ended("s/a")]
    log = [note(0, "s/a", "attempt-started"), note(59.99, "s/a", "unit-soaks"), note(60, "s/a", "unit-succeeded")]
    text = html(reported(replace(row_of(units), status=Status.SUCCEEDED), units, log))
    assert bars(text)[1] == ("soaking", "M997 0.5h3")


def test_many_units_are_gathered_by_dwelling_and_those_not_started_apart() -> None:
    page = Page(html(many(178)))
    groups = [of for tag, of in page.tags if tag == "summary" and of.get("class") == "group"]
    assert len(groups) == 42 + 1
    assert "not started" in page.words
    assert "4 succeeded" in page.words


def test_many_sites_are_gathered_by_site_and_then_by_dwelling() -> None:
    text = html(many(178, sites=3))
    assert not Page(text).open
    names = re.findall(r'<summary class="group"><span class="name">(\w[\w ]*)<', text)
    assert names[:3] == ["t0", "A000", "A001"]
    assert [name for name in names if name[0] == "t"] == ["t0", "t1", "t2"]


def test_a_page_of_thousands_of_units_stays_small() -> None:
    assert len(html(many(5000, sites=300))) < 5_000_000


def test_times_are_those_of_the_sites_own_clock() -> None:
    zones = {"s": ZoneInfo("Europe/Paris")}
    units = [ended("s/a")]
    log = [note(0, "s/a", "attempt-started"), note(3600, "s/a", "unit-succeeded", "20:30 in Paris")]
    report = reported(replace(row_of(units), status=Status.SUCCEEDED), units, log, Evidence(zones=zones))
    words = Page(html(report)).words
    assert "Thu 15 Jan 2026, 19:30:00" in words
    assert "20:30:00" in words
    assert "Europe/Paris" in words


def test_sites_in_different_zones_share_utc() -> None:
    zones = {"s": ZoneInfo("Europe/Paris"), "t": ZoneInfo("Europe/Lisbon")}
    units = [ended("s/a"), ended("t/a")]
    log = [note(0, unit.unit, "attempt-started") for unit in units]
    text = html(reported(row_of(units), units, log, Evidence(zones=zones)))
    assert "18:30:00" in Page(text).words
    assert "<title>19:30:00 configuring</title>" in text


def test_the_page_tells_what_the_rollout_did_to_the_heat() -> None:
    words = " ".join(Page(html(cold_room())).words.split())
    assert "Zones and loops whose heat was interrupted: 1; below their floor: 1." in words
    assert "s/A101 below its floor" in words
    assert "s/A101 21.0 °C 19.0 °C 17.8 °C 18.0 °C 0.036 0.007" in words


def test_a_rollout_that_interrupted_nothing_says_so() -> None:
    assert "No heat was interrupted." in Page(html(evening())).words


def test_an_aborted_rollout_tells_which_units_stay_on_the_new_config() -> None:
    """The mixed state of a rollout is what people ask for after they have cancelled it."""
    units = [ended("s/a"), ended("s/b", Phase.CANCELLED, "aborted")]
    seen = Evidence(readings=[reading("s/a", 10), reading("s/b", 10, config="old")])
    report = reported(replace(row_of(units), status=Status.ABORTED), units, [], seen)
    words = " ".join(Page(html(report)).words.split())
    assert "new 1.0 1 which s/a before 1.0 1 which s/b" in words
    assert [(m["config"], m["units"]) for m in to_document(report)["mixed"]] == [("new", ["s/a"]), ("before", ["s/b"])]


def test_whoever_is_left_drained_or_cold_is_listed_and_so_are_jobs_that_were_ended() -> None:
    drained = replace(ended("s/a", Phase.CANCELLED, "no answer"), drained=True)
    cold = replace(ended("s/b", Phase.SKIPPED), down=True)
    report = reported(row_of([drained, cold]), [drained, cold], [note(5, "s/a", "jobs-lost", "3 jobs run: ended")])
    words = Page(html(report)).words
    for word in ("still drained by this rollout", "heat was not seen since", "3 jobs run: ended"):
        assert word in words


def test_a_long_log_is_cut_on_the_page_and_whole_in_json() -> None:
    units = [ended("s/a")]
    log = [note(number, "s/a", "unit-waits", f"reason {number}") for number in range(501)]
    report = reported(row_of(units), units, log)
    assert "The last 500 of 501" in Page(html(report)).words
    assert len(to_document(report)["log"]) == 501


def test_a_rollout_without_events_has_a_page() -> None:
    units = [ended("s/a", Phase.CANCELLED, "aborted")]
    report = reported(replace(row_of(units), status=Status.ABORTED), units, [])
    assert "aborted" in Page(html(report)).words


def test_hostile_text_is_text() -> None:
    report = evening(HOSTILE)
    spoken = Evidence(
        readings=[reading("s/bad", 0, config=HOSTILE, space=HOSTILE)],
        steps=[taken("s/bad", StepKind.REBOOT, 0)],
        dwellings={"s/bad": HOSTILE},
    )
    page = Page(
        html(rollout_report(report.rollout, [u.progress for u in report.units], report.log, made=T0, evidence=spoken))
    )
    assert not page.open
    assert "script" not in [tag for tag, _ in page.tags]
    assert "<script>alert(1)</script>" in page.words


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_no_state_of_a_rollout_is_without_its_report(data: st.DataObject) -> None:
    """A rollout that is looked at, paused, aborted or crashed at any time has a page, a document and a JUnit file."""
    play = building(3)
    unit = play.world.units["s/r01"]
    unit.reboots_after_configure = data.draw(st.booleans())
    unit.stays_down, unit.cold_after_reboot = data.draw(st.booleans()), data.draw(st.booleans())
    unit.jobs, unit.lose_outcomes = data.draw(st.sampled_from([None, 0, 2])), data.draw(st.integers(0, 2))
    historian = Historian(play)
    for command in data.draw(st.lists(st.sampled_from([None, *CommandKind]), max_size=3)):
        historian.run(data.draw(st.integers(0, 30)))
        if command is None:
            play.start_controller()
        else:
            play.tell(command)
    report = historian.report()
    assert not Page(html(report)).open
    assert json.loads(json.dumps(to_document(report)))["counts"] == report.counts
    assert len(ElementTree.fromstring(to_junit(report)).findall("testsuite[@name='s']/testcase")) == 4


@given(st.text())
def test_junit_is_xml_whatever_a_unit_says(reason: str) -> None:
    root = ElementTree.fromstring(to_junit(evening(reason)))
    assert [suite.get("name") for suite in root] == ["s", "left out"]


def test_junit_counts_as_a_ci_system_does() -> None:
    doubtful = replace(progress("s/doubt"), phase=Phase.CONFIGURING, in_doubt=True, reason="no outcome")
    units = [
        ended("s/ok"),
        ended("s/back", Phase.ROLLED_BACK, "check failed"),
        ended("t/later", Phase.DEFERRED),
        doubtful,
    ]
    root = ElementTree.fromstring(to_junit(reported(row_of(units), units, [])))
    counts = [tuple(suite.get(key) for key in ("name", "tests", "failures", "errors", "skipped")) for suite in root]
    assert counts == [("s", "3", "1", "1", "0"), ("t", "1", "0", "0", "1")]


def test_junit_fails_a_room_that_became_too_cold() -> None:
    case = ElementTree.fromstring(to_junit(cold_room())).find("./testsuite[@name='heat']/testcase[@name='A101']")
    assert case is not None
    failure = case.find("failure")
    assert failure is not None
    said = "temperature before 19.00 °C, lowest temperature 17.80 °C, floor 18.00 °C, heat debt 0.04 K·h"
    assert str(failure.get("message")).startswith(said)
    assert {p.get("name"): p.get("value") for p in case.iter("property")}["heat not delivered"] == "0.007"


def test_junit_tells_wave_config_and_version_of_every_unit() -> None:
    units = [replace(ended("s/a"), drained=True)]
    text = to_junit(reported(row_of(units), units, [], Evidence(readings=[reading("s/a", 0)])))
    found = {p.get("name"): p.get("value") for p in ElementTree.fromstring(text).iter("property")}
    assert found == {"wave": "all", "config": "new", "version": "1.0", "left drained": "yes"}


def test_junit_tells_the_cause_the_reason_and_every_attempt() -> None:
    root = ElementTree.fromstring(to_junit(evening("no answer\x1b[0m")))
    failure = root.find("./testsuite/testcase[@name='bad']/failure")
    assert failure is not None
    assert failure.get("type") == "unreachable"
    assert failure.get("message") == "no answer\ufffd[0m"
    assert re.findall(r"attempt \d failed", failure.text or "") == ["attempt 1 failed", "attempt 2 failed"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "0.2 s"), (42, "42 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"), (7800, "2 h 10 min")],
)
def test_durations_are_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text
