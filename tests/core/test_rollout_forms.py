"""Reports as HTML and JUnit: whole, escaped, and readable by whoever reads such files."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.adapters.reports import template
from fleetctl.core.rollout.state import Phase, Status
from fleetctl.core.rollout_html import duration, to_html
from fleetctl.core.rollout_junit import to_junit
from fleetctl.core.rollout_report import RolloutReport
from tests.builders.play import progress
from tests.builders.rollout_logs import ended, evening, note, reported, row_of

HOSTILE = "<script>alert(1)</script>\"'&\x1b[31m\x00"
VOID = {"meta", "rect", "br"}


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
        if tag not in {"meta"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        left = self.open.pop()
        if left in {"dt", "dd"} and tag != left:
            left = self.open.pop()
        assert left == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def html(report: RolloutReport) -> str:
    return to_html(report, template("rollout"))


def bars(page: Page) -> list[tuple[str, float, float]]:
    return [(str(of["class"]), float(str(of["x"])), float(str(of["width"]))) for tag, of in page.tags if tag == "rect"]


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
    assert bars(Page(html(evening()))) == [
        ("succeeded", 0.0, 250.0),
        ("failed", 0.0, 500.0),
        ("failed", 625.0, 375.0),
    ]


def test_an_attempt_under_way_reaches_to_now() -> None:
    units = [replace(progress("s/a"), phase=Phase.CONFIGURING, attempt=1)]
    page = Page(html(reported(row_of(units), units, [note(30, "s/a", "attempt-started")])))
    assert bars(page) == [("running", 500.0, 500.0)]


@pytest.mark.parametrize(
    ("took_s", "labels"),
    [
        (8, ["18:30:00", "+2 s", "+4 s", "+6 s"]),
        (150, ["18:30:00", "+30 s", "+1 min", "+90 s", "+2 min"]),
        (10800, ["18:30:00", "+30 min", "+1 h", "+1 h 30", "+2 h", "+2 h 30"]),
    ],
)
def test_the_axis_is_marked_at_round_times_that_fit_on_the_page(took_s: float, labels: list[str]) -> None:
    units = [ended("s/a")]
    row = replace(row_of(units), status=Status.SUCCEEDED)
    text = html(reported(row, units, [note(took_s, "", "rollout-succeeded")]))
    marks = re.findall(r'left: ([\d.]+)%">([^<]*)<', text)
    assert [label for _, label in marks] == labels
    assert all(float(percent) <= 92 for percent, _ in marks)


def test_a_rollout_without_events_has_a_page() -> None:
    units = [ended("s/a", Phase.CANCELLED, "aborted")]
    report = reported(replace(row_of(units), status=Status.ABORTED), units, [])
    assert "aborted" in Page(html(report)).words


def test_hostile_text_is_text() -> None:
    page = Page(html(evening(HOSTILE)))
    assert "script" not in [tag for tag, _ in page.tags]
    assert "<script>alert(1)</script>" in page.words


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
