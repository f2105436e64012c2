from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from fleetctl.core.report.timeline import interruptions, spans_of
from fleetctl.core.rollout.state import Noted, StepKind, StepTaken
from tests.builders.histories import taken
from tests.builders.play import progress
from tests.builders.rollout_logs import T0, note

UNTIL = T0 + timedelta(seconds=1000)
EVENING = (
    [
        note(0, "s/a", "attempt-started"),
        note(20, "s/a", "unit-drains", "2 jobs run"),
        note(100, "s/a", "unit-waits", "G6 no"),
        note(160, "s/a", "unit-reboots", "G1 yes"),
        note(300, "s/a", "unit-releases"),
        note(310, "s/a", "unit-soaks"),
        note(400, "s/a", "unit-succeeded"),
    ],
    [
        taken("s/a", StepKind.CONFIGURE, 0),
        taken("s/a", StepKind.VERIFY, 10),
        taken("s/a", StepKind.DRAIN, 20),
        taken("s/a", StepKind.REBOOT, 160),
        taken("s/a", StepKind.VERIFY, 220),
        taken("s/a", StepKind.UNDRAIN, 300),
    ],
)


def spans(log: list[Noted], steps: list[StepTaken], *seen_s: float) -> list[tuple[str, float, float, bool]]:
    found = spans_of(log, steps, [T0 + timedelta(seconds=at_s) for at_s in seen_s], UNTIL)
    return [(s.what, seconds(s.began), s.duration_s, s.is_open) for s in found]


def seconds(at: datetime) -> float:
    return (at - T0).total_seconds()


def down(log: list[Noted], steps: list[StepTaken], *, interrupts: bool = False, cold: bool = False) -> list[float]:
    unit = replace(progress("s/a"), interrupts=interrupts, down=cold)
    return [seconds(at) for stretch in interruptions(unit, log, steps, UNTIL) for at in stretch]


def test_the_log_and_the_steps_together_tell_every_phase() -> None:
    assert spans(*EVENING) == [
        ("configuring", 0, 10, False),
        ("verifying", 10, 10, False),
        ("draining", 20, 80, False),
        ("waiting", 100, 60, False),
        ("rebooting", 160, 60, False),
        ("verifying", 220, 80, False),
        ("releasing", 300, 10, False),
        ("soaking", 310, 90, False),
    ]


def test_what_goes_on_lasts_until_now() -> None:
    assert spans([note(900, "s/a", "attempt-started")], []) == [("configuring", 900, 100, True)]


def test_between_two_tries_there_is_nothing() -> None:
    log = [
        note(0, "s/a", "attempt-started"),
        note(10, "s/a", "attempt-failed"),
        note(50, "s/a", "attempt-started"),
        note(60, "s/a", "step-in-doubt"),
        note(90, "s/a", "unit-failed"),
    ]
    assert [(what, began) for what, began, _, _ in spans(log, [])] == [
        ("configuring", 0),
        ("configuring", 50),
        ("in_doubt", 60),
    ]


def test_a_look_ends_the_doubt_unless_something_else_did_before() -> None:
    log = [note(0, "s/a", "unit-drains"), note(60, "s/a", "step-in-doubt"), note(300, "s/a", "unit-reboots")]
    doubts = [
        [(what, began, took) for what, began, took, _ in spans(log, [], *seen_s)]
        for seen_s in [(30, 90, 200), (30, 310)]
    ]
    cleared = [("draining", 0, 60), ("in_doubt", 60, 30), ("draining", 90, 210), ("rebooting", 300, 700)]
    assert doubts == [cleared, [("draining", 0, 60), ("in_doubt", 60, 240), ("rebooting", 300, 700)]]


def test_a_unit_that_never_started_has_no_spans() -> None:
    assert spans([note(5, "s/a", "unit-cancelled", "aborted before it started")], []) == []


def test_heat_is_interrupted_from_the_reboot_until_it_was_seen_again() -> None:
    assert down(*EVENING) == [160, 310]


def test_a_config_that_touches_the_heat_agent_interrupts_heat_by_itself() -> None:
    assert down(*EVENING, interrupts=True) == [0, 20, 160, 310]


def test_heat_that_never_came_back_is_still_interrupted() -> None:
    log = [note(0, "s/a", "attempt-started"), note(300, "s/a", "unit-failed")]
    steps = [taken("s/a", StepKind.REBOOT, 100)]
    assert down(log, steps, cold=True) == [100, 1000]
    assert down(log, steps) == [100, 300]
