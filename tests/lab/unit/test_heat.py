from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from fleetctl.lab.layout import Level, lay_out
from fleetctl.lab.unit import heat_settings
from fleetctl.lab.unit.heat import Agent, command_w, document
from fleetctl.lab.unit.heat_settings import BadSettings, factory, read
from fleetctl.lab.unit.room import Reading
from tests.builders.lab_fleets import lab_fleet

UNITS = {s.unit: s.settings for s in lay_out(lab_fleet(), Level.NAMESPACES).stands}
RADIATOR, BOILER = UNITS["site-1/rad-1"], UNITS["site-1/boiler-1"]


@dataclass
class FakeRoom:
    """Shows one temperature, gives all that is asked for, and remembers it."""

    zone_c: float = 20.0
    answers: bool = True
    asked: list[float | None] = field(default_factory=list)

    def exchange(self, commanded_w: float | None) -> Reading | None:
        self.asked.append(commanded_w)
        return Reading(commanded_w or 0.0, 5.0, zone_c=self.zone_c) if self.answers else None


@pytest.mark.parametrize(
    ("temperature", "outdoor", "limit", "expected"),
    [(20.0, 5.0, 5000.0, 1050.0), (20.0, -5.0, 5000.0, 1750.0), (30.0, 5.0, 5000.0, 0.0), (10.0, 5.0, 650.0, 650.0)],
)
def test_what_is_asked_for_depends_on_the_temperatures_and_stays_in_its_limits(
    temperature: float, outdoor: float, limit: float, expected: float
) -> None:
    assert command_w(Reading(0.0, outdoor, zone_c=temperature), RADIATOR, limit, 20.0) == expected


@pytest.mark.parametrize(("back", "expected"), [(60.0, 0.0), (59.0, 1000.0), (58.0, 2000.0), (40.0, 2000.0)])
def test_a_boiler_lifts_what_comes_back_to_sixty_degrees(back: float, expected: float) -> None:
    assert command_w(Reading(0.0, 5.0, water_out_c=back, water_return_c=back), BOILER, 2000.0, 20.0) == expected


def test_radiators_tell_their_room_and_boilers_their_water() -> None:
    radiator = document(Reading(400.0, 5.0, zone_c=20.0), 418.0, 20.0, [])
    boiler = document(Reading(400.0, 5.0, water_out_c=53.0, water_return_c=52.0), 418.0, 20.0, [])
    assert {"zone_temperature_c", "setpoint_c"} <= radiator.keys() - boiler.keys()
    assert (boiler["water_out_c"], boiler["water_return_c"]) == (53.0, 52.0)
    for told in (radiator, boiler):
        assert {"at", "power_w", "commanded_w", "aux_heater_w", "faults"} <= told.keys()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("run/heat", "data/heat", "etc/fleet"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def told(root: Path) -> dict[str, object]:
    document: dict[str, object] = json.loads((root / "run/heat/state.json").read_text())
    return document


def test_the_agent_looks_before_it_heats(root: Path) -> None:
    room = FakeRoom(zone_c=19.5)
    agent = Agent(RADIATOR, root, room)
    agent.tick()
    agent.tick()
    assert room.asked[0] is None
    assert room.asked[1:] == [650.0, 650.0]
    assert (told(root)["commanded_w"], told(root)["power_w"]) == (650.0, 650.0)


def test_the_residents_setpoint_outlives_the_agent_and_stays_within_its_limits(root: Path) -> None:
    (root / "data/heat/setpoint").write_text("21.5\n")
    for _ in range(2):
        Agent(RADIATOR, root, FakeRoom()).tick()
        assert told(root)["setpoint_c"] == 21.5
    (root / "data/heat/setpoint").write_text("30\n")
    Agent(RADIATOR, root, FakeRoom()).tick()
    assert told(root)["setpoint_c"] == 26.0


def test_settings_that_are_wrong_are_a_fault_and_heating_goes_on(root: Path) -> None:
    agent = Agent(RADIATOR, root, FakeRoom())
    (root / heat_settings.FILE).write_text("[limits]\npower_w = 'much'\n")
    agent.take_settings()
    agent.tick()
    assert told(root)["faults"] == ["settings: power_w is 'much', not a number"]
    assert told(root)["commanded_w"] == 650.0


def test_an_agent_that_knows_no_temperature_heats_nothing_and_claims_nothing(root: Path) -> None:
    room = FakeRoom(answers=False)
    Agent(RADIATOR, root, room).tick()
    assert room.asked == [None]
    assert not (root / "run/heat/state.json").exists()


def test_sensors_that_fall_silent_are_a_fault_and_heating_goes_on_by_what_they_said_last(root: Path) -> None:
    room = FakeRoom()
    agent = Agent(RADIATOR, root, room)
    agent.tick()
    room.answers = False
    agent.tick()
    assert told(root)["faults"] == ["sensors: no answer"]
    assert room.asked[-1] == 650.0


def test_the_state_is_written_well_within_what_is_asked(root: Path) -> None:
    assert Agent(RADIATOR, root, FakeRoom()).pause_s <= 2.0
    (root / heat_settings.FILE).write_text("[state]\nevery_s = 4\n")
    assert Agent(RADIATOR, root, FakeRoom()).pause_s == 1.0


GIVEN = factory(650.0, 20.0)


def test_settings_are_read(tmp_path: Path) -> None:
    (tmp_path / "heat.toml").write_text(
        "[setpoint]\nmin_c = 17.0\nmax_c = 25\ndefault_c = 21.5\n[limits]\npower_w = 500\n"
    )
    assert read(tmp_path / "heat.toml", GIVEN) == replace(GIVEN, min_c=17.0, max_c=25.0, default_c=21.5, power_w=500.0)


def test_no_file_changes_nothing(tmp_path: Path) -> None:
    assert read(tmp_path / "heat.toml", GIVEN) == GIVEN


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[setpoint]\nmin_c = 27\n", "in order"),
        ("[setpoint]\nmax_c = 60\n", "in order"),
        ("[setpoint]\ndefault_c = true\n", "not a number"),
        ("[limits]\npower_w = 7000\n", "this unit has 650"),
        ("[limits]\npower_w = -1\n", "this unit has 650"),
        ("[state]\nevery_s = 300\n", "at least every 30 s"),
        ("[watchdog]\ntimeout_s = 'x'\n", "not a number"),
        ("limits = 5\n", "not a table"),
    ],
)
def test_bad_settings_are_refused_with_the_reason(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "heat.toml").write_text(text)
    with pytest.raises(BadSettings, match=complaint):
        read(tmp_path / "heat.toml", GIVEN)


def test_what_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "heat.toml").write_text("[limits\n")
    with pytest.raises(ValueError, match="line 1"):
        read(tmp_path / "heat.toml", GIVEN)


def test_a_warm_room_is_heated_by_a_pulse_unless_it_is_as_warm_as_anybody_may_set_it(root: Path) -> None:
    room = FakeRoom(zone_c=23.0)
    agent = Agent(RADIATOR, root, room)
    agent.tick()
    assert told(root)["commanded_w"] == 0.0
    (root / "run/heat/request.json").write_text('{"pulse": {"seconds": 600, "max_rise_k": 0.5}}')
    agent.tick()
    assert told(root)["commanded_w"] == 650.0
    assert "pulse_until_s" in told(root)
    room.zone_c = 26.0
    agent.tick()
    agent.tick()
    assert told(root)["commanded_w"] == 0.0
