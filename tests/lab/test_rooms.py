"""Rooms of a lab that runs: taking a unit down cools its room as physics say, and the lab's own record tells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from fleetctl.core.facts import Heat, facts_from_status
from fleetctl.core.heat.physics import Surroundings, TwoNode
from fleetctl.core.inventory.fleet import Dwelling, Fleet
from fleetctl.core.problems import CouldNot
from fleetctl.lab import lab
from fleetctl.lab.faults import Detail
from fleetctl.lab.folder import LabFolder
from fleetctl.lab.layout import Level, Weather
from tests.builders.lab_fleets import lab_fleet
from tests.builders.labs import Lab, a_lab, traces, wait_until

pytestmark = pytest.mark.lab

ONE, TWO, ALONE, BOILER, GATEWAY = "site-1/rad-1", "site-1/rad-2", "site-2/rad-1", "site-1/boiler-1", "site-1/gw"
OUTDOOR_C, FACTOR = -5.0, 300.0
OFTEN = """cd "${FLEET_ROOT:-/}" && printf '[state]\\nevery_s = 1\\n' > etc/fleet/heat.toml
kill -HUP "$(cat run/heat/agent.pid)"
"""
"""Lets a heat agent look four times a second, which makes waiting short."""
H_W_K, C_KJ_K = 20.0, 2800.0
"""Of a dwelling with one radiator: 500 of 650 W hold it at 20 °C."""


def warm_fleet() -> Fleet:
    """Two radiators in one dwelling of one site, one alone in that of the other."""
    fleet = lab_fleet(radiators=2)
    first, second = fleet.sites["site-1"], fleet.sites["site-2"]
    units = {id: unit for id, unit in second.units.items() if id != "rad-2"}
    large, small = (Dwelling("A1", "A", 1, 20.0 * n, H_W_K * n, C_KJ_K * n) for n in (2, 1))
    return replace(
        fleet,
        sites={
            "site-1": replace(first, dwellings={"A1": large}),
            "site-2": replace(second, dwellings={"A1": small}, units=units),
        },
    )


@pytest.fixture(scope="module", params=[Level.NAMESPACES, Level.PROCESSES])
def here(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    path = tmp_path_factory.mktemp(request.param.value) / "lab"
    with a_lab(warm_fleet(), path, request.param, Weather(OUTDOOR_C, FACTOR)) as made:
        for unit in (ONE, TWO, ALONE, BOILER):
            made.ask(unit, OFTEN)
        yield made
    assert traces(path) == []


def heat(here: Lab, unit: str) -> dict[str, Any]:
    """Return the truth about a unit."""
    found: dict[str, Any] = next(u["heat"] for u in lab.status(here.path)["units"] if u["unit"] == unit)
    return found


def told(here: Lab, unit: str) -> Heat:
    """Return what a probe's facts say of a unit's heat."""
    status = json.loads(here.ask(unit, "fleet-unit status"))
    facts = facts_from_status(unit, status, at=datetime.now(UTC), host_key="")
    assert facts.heat is not None
    return facts.heat


def record(here: Lab) -> list[dict[str, Any]]:
    here.observed()
    return [json.loads(line) for line in LabFolder(here.path).heat.read_text().splitlines()]


def test_the_room_of_a_unit_without_power_cools_as_physics_say_and_recovers(here: Lab) -> None:
    here.fault(ALONE, "cut")
    wait_until(lambda: here.observed().units[ALONE].without_heat_s > 1800.0, "half an hour has passed")
    lines = [line for line in record(here) if "zones" in line or line["why"] == f"down {ALONE}"]
    went_down = next(n for n, line in enumerate(lines) if line["why"] == f"down {ALONE}")
    last = next(line for line in reversed(lines) if "site-2/A1" in line.get("zones", {}))
    passed_s = last["model_s"] - lines[went_down]["model_s"]
    assert passed_s > 1500.0
    model = TwoNode.of(C_KJ_K, H_W_K)
    held = model.steady(Surroundings(OUTDOOR_C, H_W_K * (20.0 - OUTDOOR_C)))
    cooled = model.step(held, Surroundings(OUTDOOR_C), passed_s)
    assert last["zones"]["site-2/A1"] == pytest.approx(cooled.air_c, abs=0.1)
    assert heat(here, ALONE)["power_w"] == 0.0
    here.fault(ALONE, "on")
    wait_until(lambda: heat(here, ALONE)["temperature_c"] > cooled.air_c + 1.0, "the room is warm again")
    account = here.observed().units[ALONE]
    assert (account.up, account.downs) == (True, 1)
    assert account.not_delivered_kwh == pytest.approx(0.5 * account.without_heat_s / 3600.0, rel=0.1)


def test_the_other_unit_of_a_room_goes_on_and_gives_more(here: Lab) -> None:
    before_w = heat(here, TWO)["power_w"]
    here.fault(ONE, "cut")
    wait_until(lambda: heat(here, TWO)["power_w"] == 650.0, "the other gives all it has")
    assert before_w < 600.0
    assert here.observed().down_at_once.dwellings["site-1/A1"].names == (ONE,)
    here.fault(ONE, "on")
    wait_until(lambda: bool(heat(here, ONE)["up"]), "the unit heats again")


def test_a_reboot_is_time_without_heat_and_the_residents_setpoint_survives_it(here: Lab) -> None:
    data = "${FLEET_ROOT:-}/data/heat/setpoint"
    here.ask(ALONE, f"echo 20.5 > {data}")
    here.reboot(ALONE)
    wait_until(lambda: bool(heat(here, ALONE)["up"]), "it heats again")
    assert told(here, ALONE).setpoint_c == 20.5
    found = here.observed()
    assert found.taken_at_once.sites["site-2"].names == (ALONE,)
    assert found.zones["site-2/A1"].lowest_c < 20.0
    here.ask(ALONE, f"rm {data}")


def test_a_unit_that_hangs_gives_no_heat(here: Lab) -> None:
    here.fault(TWO, "hang")
    assert heat(here, TWO)["up"] is False
    here.fault(TWO, "unhang")
    wait_until(lambda: bool(heat(here, TWO)["up"]), "it heats again")


def test_a_dead_heater_is_asked_for_heat_and_gives_none(here: Lab) -> None:
    here.fault(TWO, "dead-heater")
    wait_until(lambda: told(here, TWO).power_w == 0.0 < told(here, TWO).commanded_w, "the agent sees no power")
    here.fault(TWO, "mend")
    wait_until(lambda: told(here, TWO).power_w > 0.0, "it gives power again")


def test_a_weak_supply_gives_half(here: Lab) -> None:
    here.fault(ALONE, "weak-supply")
    wait_until(lambda: told(here, ALONE).power_w == 325.0 < told(here, ALONE).commanded_w, "the agent sees half")
    here.fault(ALONE, "mend")


def test_a_lying_sensor_is_off_or_frozen_and_the_room_is_what_it_is(here: Lab) -> None:
    here.fault(ONE, "lying-sensor", Detail(offset_k=10.0))
    wait_until(lambda: (told(here, ONE).zone_temperature_c or 0.0) > 25.0, "the sensor is off")
    assert heat(here, ONE)["temperature_c"] < 22.0
    here.fault(ONE, "lying-sensor")
    frozen_at = told(here, ONE).zone_temperature_c
    here.fault(TWO, "cut")
    wait_until(lambda: heat(here, ONE)["temperature_c"] < 19.0, "the room cools")
    assert told(here, ONE).zone_temperature_c == pytest.approx(frozen_at, abs=0.3)
    here.fault(ONE, "mend")
    here.fault(TWO, "on")
    wait_until(lambda: (told(here, ONE).zone_temperature_c or 30.0) < 21.0, "the sensor tells the truth")


def test_a_stuck_valve_heats_a_room_too_much_and_a_loop_not_at_all(here: Lab) -> None:
    here.fault(ALONE, "stuck-valve")
    wait_until(lambda: told(here, ALONE).power_w == 650.0 > told(here, ALONE).commanded_w, "it gives all it has")
    here.fault(ALONE, "mend")
    before_c = heat(here, BOILER)["temperature_c"]
    here.fault(BOILER, "stuck-valve")
    wait_until(lambda: (told(here, BOILER).water_return_c or 99.0) < 20.0, "the return is cold")
    assert told(here, BOILER).power_w == 2000.0
    wait_until(lambda: heat(here, BOILER)["temperature_c"] < before_c, "the loop cools")
    here.fault(BOILER, "mend")


def test_faults_are_shown_until_they_are_mended(here: Lab) -> None:
    def shown() -> list[str]:
        return list(next(u["faults"] for u in lab.status(here.path)["units"] if u["unit"] == TWO))

    here.fault(TWO, "weak-supply")
    here.fault(TWO, "stuck-valve")
    assert shown() == ["stuck-valve", "weak-supply"]
    here.fault(TWO, "mend")
    assert shown() == []


def test_a_gateway_has_no_heater_to_break(here: Lab) -> None:
    with pytest.raises(CouldNot, match="a gateway heats nothing"):
        here.fault(GATEWAY, "dead-heater")


def test_the_weather_is_another_while_the_lab_runs(here: Lab) -> None:
    assert lab.weather(here.path, 12.0)["outdoor_c"] == 12.0
    wait_until(lambda: heat(here, ALONE)["power_w"] < 300.0, "less heat is needed")
    lab.weather(here.path, OUTDOOR_C)
