from __future__ import annotations

from dataclasses import replace
from typing import Any

from fleetctl.core.policy import Policy, Wave
from fleetctl.core.report.decisions import decisions, waves
from fleetctl.core.rollout.state import Phase, Progress, Rollout, Status
from tests.builders.play import progress, rollout_of
from tests.builders.rollout_logs import T0, ended, note

WAVES = (Wave("canary"), Wave("rest"))


def in_wave(unit: Progress, wave: int) -> Progress:
    return replace(unit, wave=wave, since=T0)


def row(units: list[Progress], **changes: Any) -> Rollout:
    policy = Policy("p", min_success_percent=90.0)
    return replace(rollout_of(units, policy, WAVES), **changes)


def test_decisions_are_sorted_by_what_they_decide_and_keep_their_arithmetic() -> None:
    log = [
        note(0, "s/a", "attempt-started"),
        note(5, "s/a", "unit-waits", "G6 A101: 0.4 K below its setpoint, limit 0.3 K"),
        note(9, "s/a", "unit-reboots", "G1 A101: 95 min to 18 °C, 2 x 14 min needed"),
        note(20, "s/a", "unit-reboots", "boot b is recorded"),
        note(30, "", "rollout-halted", "2 of 9 failed, limit 1"),
    ]
    found = {each.title: [n.text for n in each.notes] for each in decisions(log)}
    assert found == {
        "Halts and ends": ["2 of 9 failed, limit 1"],
        "Refused at the down gate": ["G6 A101: 0.4 K below its setpoint, limit 0.3 K"],
        "Let through the down gate": ["G1 A101: 95 min to 18 °C, 2 x 14 min needed", "boot b is recorded"],
    }


def test_a_wave_says_what_its_gate_asked_for_and_what_it_got() -> None:
    units = [in_wave(ended("s/a"), 0), in_wave(ended("s/b", Phase.FAILED), 0), in_wave(progress("s/c"), 1)]
    log = [note(3, "s/b", "attempt-started"), note(1, "s/a", "attempt-started")]
    canary, rest = waves(row(units), units, sorted(log, key=lambda n: n.at))
    assert (canary.name, canary.gate) == ("canary", "1 of 2 succeeded (50.0 %), 90 % needed")
    assert (canary.standing, canary.began, canary.ended) == ("done", log[1].at, T0)
    assert (rest.units, rest.standing, rest.began, rest.ended) == (("s/c",), "not reached", None, None)


def test_the_open_wave_may_wait_for_a_person() -> None:
    units = [in_wave(ended("s/a"), 0), in_wave(progress("s/c"), 1)]
    assert [w.standing for w in waves(row(units, wave=1), units, [])] == ["done", "open"]
    assert [w.standing for w in waves(row(units, wave=1, awaiting=True), units, [])] == ["done", "waits for approval"]
    assert [w.standing for w in waves(row(units, wave=1, status=Status.ABORTED), units, [])] == ["done", "not reached"]


def test_a_rollout_without_waves_is_one_wave_of_everything() -> None:
    units = [progress("s/a"), progress("s/b")]
    assert [(w.name, w.units) for w in waves(rollout_of(units), units, [])] == [("all", ("s/a", "s/b"))]
