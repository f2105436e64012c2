"""Burn-ins played on the lab's hardware and physics, in virtual time: what is broken is found, and by which figure."""

from __future__ import annotations

from typing import Any

import pytest

from fleetctl.core.commissioning.burn_in import Expected, Reference, Verdict, expected_rise_k, judge
from fleetctl.core.commissioning.load import Load, LoadKind, LoadState, Run, Sample
from fleetctl.core.heat.premises import Zone
from fleetctl.core.inventory.fleet import BurnIn
from fleetctl.lab.climate import Climate
from fleetctl.lab.spaces import Heating, Spaces, ZoneSpace

BANDS = BurnIn()
UNITS = ("s/a1-1", "s/a1-2", "s/a1-3")
ZONE = Zone("A1", "A1", "a", 72.0, 10560.0, 20.0, UNITS)
OUTDOOR_C = 5.0
HELD_W = ZONE.h_w_k * (20.0 - OUTDOOR_C)
EVERY_S = 30.0


def house() -> Climate:
    """Return a dwelling that three radiators keep warm."""
    heatings = tuple(Heating(unit, "s", 650.0, "s/A1", 1 / 3, dwelling="s/A1") for unit in UNITS)
    climate = Climate(Spaces((ZoneSpace("s/A1", ZONE.h_w_k, ZONE.c_kj_k, 20.0),), (), heatings), outdoor_c=OUTDOOR_C)
    climate.begin(0.0)
    for heater in climate.heaters.values():
        heater.command(HELD_W / 3, 0.0)
    return climate


def burnt_in(climate: Climate, unit: str = UNITS[0]) -> Verdict:
    """Burn all units of the dwelling in at once; returns the verdict of one."""
    samples = []
    for step in range(int(BANDS.seconds / EVERY_S) + 1):
        at = step * EVERY_S
        climate.advance(at)
        samples.append(_sample(climate, unit, at))
        for heater in climate.heaters.values():
            heater.command(650.0, at)
    load = Load("burn:1", LoadKind.BURN_IN, LoadState.DONE, "", 0.0, BANDS.seconds, len(samples))
    rise_k = expected_rise_k(ZONE, HELD_W, 3 * 650.0, BANDS.seconds)
    verdict = judge(Run(load, samples), BANDS, Expected(650.0, rise_k, Reference(20.0, "t-a1")))
    assert isinstance(verdict, Verdict), verdict.reason
    return verdict


def _sample(climate: Climate, unit: str, at: float) -> Sample:
    shown, heater = climate.reading(unit), climate.heaters[unit]
    return Sample(
        at,
        shown.power_w,
        heater.commanded_w or 0.0,
        shown.zone_c,
        heatsink_c=shown.heatsink_c,
        throttles=shown.throttles or 0,
    )


def test_a_sound_machine_passes() -> None:
    verdict = burnt_in(house())
    assert verdict.passed, verdict.reason
    assert all(check.holds for check in verdict.checks)


@pytest.mark.parametrize(
    ("fault", "names"),
    [
        ({"weak": True}, {"power"}),
        ({"dead": True}, {"power", "heatsink", "rise"}),
        ({"still": True}, {"power", "heatsink", "throttling"}),
        ({"frozen": True}, {"rise"}),
        ({"offset_k": 1.4}, {"sensor"}),
        ({"offset_k": -3.0}, {"sensor"}),
    ],
)
def test_a_broken_machine_is_found_by_the_figure_that_shows_it(fault: dict[str, Any], names: set[str]) -> None:
    climate = house()
    climate.reading(UNITS[0])
    for name, value in fault.items():
        setattr(climate.heaters[UNITS[0]], name, value)
    verdict = burnt_in(climate)
    assert {check.name for check in verdict.checks if check.holds is False} == names


def test_its_neighbours_are_judged_by_themselves() -> None:
    climate = house()
    climate.heaters[UNITS[1]].still = True
    assert burnt_in(climate, UNITS[2]).passed
