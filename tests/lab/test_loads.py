"""A proof of rooms and a burn-in on stand-ins that run, over SSH: what was swapped and what is broken is found."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from fleetctl.core.commissioning.burn_in import Expected, Verdict, judge
from fleetctl.core.commissioning.codes import CHIP_S, patterns
from fleetctl.core.commissioning.load import LoadState, Run, load_from, run_from
from fleetctl.core.commissioning.room_proof import Answer, Heating, Sensing
from fleetctl.core.commissioning.room_proof import judge as prove
from fleetctl.core.inventory.fleet import BurnIn, Dwelling, Fleet, Sensor
from fleetctl.lab.faults import Detail
from fleetctl.lab.layout import Level, Weather
from tests.builders.lab_fleets import lab_fleet
from tests.builders.labs import Lab, a_lab, traces, wait_until

pytestmark = pytest.mark.lab

SPEED = 40.0
GATEWAY = "site-1/gw"
ROOMS = {"site-1/rad-1": "living", "site-1/rad-2": "bedroom", "site-1/rad-3": "study"}


def roomy_fleet() -> Fleet:
    """Return a dwelling of three rooms with a radiator in each and a sensor in two."""
    fleet = lab_fleet(sites=1, radiators=3)
    site = fleet.sites["site-1"]
    dwelling = Dwelling("A1", "A", 1, 60.0, 70.0, 9900.0)
    units = {id: replace(unit, room=ROOMS.get(unit.name, "")) for id, unit in site.units.items() if id != "boiler-1"}
    sensors = {f"t-{room}": Sensor(f"t-{room}", "temperature", room, "A1") for room in ("living", "bedroom")}
    return replace(fleet, sites={"site-1": replace(site, dwellings={"A1": dwelling}, units=units, sensors=sensors)})


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    path = tmp_path_factory.mktemp("loads") / "lab"
    with a_lab(roomy_fleet(), path, Level.PROCESSES, Weather(10.0, SPEED, by_room=True)) as made:
        yield made
    assert traces(path) == []


def begin(here: Lab, attempt: str, commands: Mapping[str, str]) -> None:
    for unit, command in commands.items():
        verb, _, options = command.partition(" ")
        outcome = json.loads(here.ask(unit, f"fleet-unit {verb} --epoch 1 --attempt {attempt} --step 1 {options}"))
        assert outcome["ending"] == "ok", outcome["message"]


def runs(here: Lab, within_s: float) -> Mapping[str, Run]:
    """Wait until the loads of all units are over; returns them with their samples."""
    wait_until(lambda: all(state(here, unit) is not LoadState.RUNNING for unit in ROOMS), "loads are over", within_s)
    return {unit: run_from(json.loads(here.ask(unit, "fleet-unit samples"))) for unit in ROOMS}


def state(here: Lab, unit: str) -> LoadState:
    load = load_from(json.loads(here.ask(unit, "fleet-unit status"))["load"])
    assert load is not None
    return load.state


def test_a_pair_in_each_others_rooms_is_found_by_the_rooms_own_sensors(here: Lab) -> None:
    done = here.fault("site-1/rad-1", "swap-rooms", Detail(other="site-1/rad-3"))
    assert done == "it heats site-1/A1/study now, and site-1/rad-3 heats site-1/A1/living"
    coded = patterns(list(ROOMS), CHIP_S / SPEED)
    options = f"--chip-seconds {coded.chip_s} --every 0.25 --begin-at {time.time() + 4:.3f}"
    begin(here, "proof", {unit: f"heat-pattern --pattern {code} {options}" for unit, code in coded.codes.items()})
    found = prove(*_measured(here, runs(here, coded.seconds + 30)), speed=SPEED)
    here.fault("site-1/rad-1", "swap-rooms", Detail(other="site-1/rad-3"))
    answers = {unit: proof.answer for unit, proof in found.items()}
    assert answers == {"site-1/rad-1": Answer.OTHER, "site-1/rad-2": Answer.OWN, "site-1/rad-3": Answer.OTHER}
    assert (found["site-1/rad-3"].place, found["site-1/rad-3"].with_unit) == ("living", "site-1/rad-1")


def _measured(here: Lab, measured: Mapping[str, Run]) -> tuple[list[Heating], list[Sensing]]:
    rows = json.loads(here.ask(GATEWAY, "fleet-unit sensors"))["readings"]
    heatings, sensors = [], []
    for unit, run in measured.items():
        heatings.append(Heating(unit, ROOMS[unit], 650.0, [(each.at, each.power_w) for each in run.samples]))
        inside = [(each.at, each.room_c) for each in run.samples if each.room_c is not None]
        sensors.append(Sensing(unit, ROOMS[unit], inside, unit))
    sensors += [Sensing(f"t-{room}", room, _told(rows, f"t-{room}")) for room in ("living", "bedroom")]
    return heatings, sensors


def _told(rows: list[dict[str, Any]], sensor: str) -> list[tuple[float, float]]:
    return [(row["at"], row["temperatures_c"][sensor]) for row in rows]


def test_a_burn_in_finds_the_fan_the_supply_and_the_network_port_and_leaves_the_sound(here: Lab) -> None:
    here.fault("site-1/rad-2", "dead-fan")
    here.fault("site-1/rad-3", "weak-supply")
    here.fault("site-1/rad-3", "nic-errors")
    begin(here, "burn", dict.fromkeys(ROOMS, "burn-in --seconds 8 --every 0.4 --limit-c 26"))
    verdicts = {unit: judge(run, BurnIn(), Expected(650.0)) for unit, run in runs(here, 60).items()}
    for unit in ("site-1/rad-2", "site-1/rad-3"):
        here.fault(unit, "mend")
    failed = {}
    for unit, verdict in verdicts.items():
        assert isinstance(verdict, Verdict), verdict.reason
        failed[unit] = {check.name for check in verdict.checks if check.holds is False}
    assert failed == {
        "site-1/rad-1": set(),
        "site-1/rad-2": {"power", "heatsink", "throttling"},
        "site-1/rad-3": {"power", "network"},
    }


def test_a_burn_in_that_is_cut_has_no_verdict_and_the_unit_heats_again(here: Lab) -> None:
    begin(here, "cut", {"site-1/rad-1": "burn-in --seconds 600 --every 1"})
    wait_until(lambda: _commanded_w(here) >= 640.0, "the unit is loaded")
    here.reboot("site-1/rad-1")
    assert state(here, "site-1/rad-1") is LoadState.INTERRUPTED
    wait_until(lambda: 0.0 < _commanded_w(here) < 640.0, "the heat agent is back with the setpoint")


def _commanded_w(here: Lab) -> float:
    heat = json.loads(here.ask("site-1/rad-1", "fleet-unit status"))["heat"]
    return float(heat["commanded_w"]) if heat else 0.0
