from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from fleetctl.core.facts import Facts, Heat
from fleetctl.core.rollout.readings import Reading, reading_of
from tests.builders.play import progress, rollout_of
from tests.builders.premises import plant, premises
from tests.builders.world import START, FakeUnit

ROW = rollout_of([progress("s/r1")])
SITE = premises("s", {"s/r1": "A101"}, ["s/gw"])


def seen(unit: str = "s/r1", heat: Heat | None = None) -> Facts:
    return replace(FakeUnit(unit, config="new").facts(START), heat=heat or Heat(1.0, 580.0, 600.0, 21.0, 19.5))


def test_a_reading_says_what_was_heated_and_what_ran() -> None:
    assert reading_of(ROW, seen(), SITE) == Reading(
        "r1", "s/r1", START, "1", "new", "A101", temperature_c=19.5, setpoint_c=21.0, power_w=580.0, commanded_w=600.0
    )


def test_a_setpoint_that_the_unit_does_not_tell_is_the_declared_one() -> None:
    assert reading_of(ROW, seen(heat=Heat(1.0, 0.0, 0.0, None, 19.5)), SITE).setpoint_c == 20.0


@pytest.mark.parametrize("heat", [Heat(901.0, 580.0, 600.0, 21.0, 19.5), Heat(1.0, 580.0, 600.0, 21.0, 300.0)])
def test_what_the_guard_does_not_believe_is_not_kept(heat: Heat) -> None:
    reading = reading_of(ROW, seen(heat=heat), SITE)
    assert (reading.temperature_c, reading.power_w, reading.space) == (None, None, "A101")


def test_a_boiler_tells_the_water_of_its_loop() -> None:
    heat = Heat(1.0, 1500.0, 2000.0, water_out_c=58.0)
    reading = reading_of(ROW, seen("s/b1", heat), plant("s", ["s/b1"], ["s/gw"]))
    assert (reading.space, reading.temperature_c, reading.setpoint_c) == ("hot", 58.0, None)


@pytest.mark.parametrize("unit", ["s/gw", "s/gone"])
def test_whatever_heats_nothing_has_only_version_and_config(unit: str) -> None:
    bare = Reading("r1", unit, START, "1", "new")
    assert reading_of(ROW, seen(unit), SITE) == bare
    assert reading_of(ROW, seen(unit), None) == bare


def test_two_probes_of_one_minute_share_it() -> None:
    first = reading_of(ROW, seen(), SITE)
    later = [replace(first, at=START + timedelta(seconds=s)).minute - first.minute for s in (0, 59, 60, 119, 120)]
    assert later == [0, 0, 1, 1, 2]
