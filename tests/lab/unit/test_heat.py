from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fleetctl.lab.layout import Level, lay_out
from fleetctl.lab.unit import heat_settings
from fleetctl.lab.unit.heat import Agent, Space, command_w, document, step
from fleetctl.lab.unit.heat_settings import BadSettings, factory, read
from tests.builders.lab_fleets import lab_fleet

UNITS = {s.unit: s.settings for s in lay_out(lab_fleet(), Level.NAMESPACES).stands}
RADIATOR = UNITS["site-1/rad-1"]
HOUR = 3600.0


def test_a_space_without_heat_cools_towards_the_outside() -> None:
    """60 m² of 9,900 kJ/K that lose 70 W/K: the time constant is 39 h, so an hour costs 0.4 K at 15 K difference."""
    after = step(Space(20.0), RADIATOR, 0.0, HOUR)
    assert after.temperature_c == pytest.approx(20.0 - 15.0 * (1 - 2.718281828 ** (-HOUR * 70 / 9.9e6)), abs=1e-6)


def test_time_in_pieces_is_the_same_as_time_at_once() -> None:
    at_once = step(Space(20.0), RADIATOR, 0.0, HOUR)
    pieces = Space(20.0)
    for _ in range(60):
        pieces = step(pieces, RADIATOR, 0.0, 60.0)
    assert pieces.temperature_c == pytest.approx(at_once.temperature_c)


def test_the_power_follows_the_command() -> None:
    soon, later = (step(Space(20.0), RADIATOR, 600.0, seconds).power_w for seconds in (0.5, 20.0))
    assert 0 < soon < 0.5 * 600 < 599 < later <= 600


@pytest.mark.parametrize(
    ("temperature", "limit", "expected"), [(20.0, 5000.0, 1050.0), (30.0, 5000.0, 0.0), (10.0, 650.0, 650.0)]
)
def test_what_is_asked_for_depends_on_the_temperature_and_stays_in_its_limits(
    temperature: float, limit: float, expected: float
) -> None:
    assert command_w(Space(temperature), RADIATOR, limit, 20.0) == expected


def test_radiators_tell_their_room_and_boilers_their_water() -> None:
    radiator, boiler = (document(Space(20.0, 418.0), kind, 0.0, 20.0, []) for kind in ("radiator", "boiler"))
    assert {"zone_temperature_c", "setpoint_c"} <= radiator.keys() - boiler.keys()
    assert (boiler["water_out_c"], boiler["water_return_c"]) == (53.0, 52.0)
    for told in (radiator, boiler):
        assert {"at", "power_w", "commanded_w", "aux_heater_w", "faults"} <= told.keys()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("run/heat", "data", "etc/fleet"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def told(root: Path) -> dict[str, object]:
    document: dict[str, object] = json.loads((root / "run/heat/state.json").read_text())
    return document


def test_the_agent_heats_to_the_residents_setpoint_within_its_limits(root: Path) -> None:
    (root / "data/heat").mkdir()
    (root / "data/heat/setpoint").write_text("30\n")
    Agent(RADIATOR, root).tick()
    assert told(root)["setpoint_c"] == 26.0


def test_settings_that_are_wrong_are_a_fault_and_heating_goes_on(root: Path) -> None:
    agent = Agent(RADIATOR, root)
    (root / heat_settings.FILE).write_text("[limits]\npower_w = 'much'\n")
    agent.take_settings()
    agent.tick()
    assert told(root)["faults"] == ["settings: power_w is 'much', not a number"]
    assert told(root)["commanded_w"] == 650.0


def test_while_the_unit_was_down_its_room_cooled(root: Path) -> None:
    (root / "data/heat").mkdir()
    (root / "data/heat/space.json").write_text(json.dumps({"at": 0.0, "temperature_c": 20.0}))
    Agent(RADIATOR, root).tick()
    assert told(root)["zone_temperature_c"] == pytest.approx(5.0, abs=0.01)


def test_an_agent_that_cannot_remember_still_heats(root: Path) -> None:
    (root / "data/heat").write_text("in the way")
    Agent(RADIATOR, root).tick()
    assert told(root)["commanded_w"] == 650.0


def test_the_state_is_written_well_within_what_is_asked(root: Path) -> None:
    assert Agent(RADIATOR, root).pause_s <= 2.0
    (root / heat_settings.FILE).write_text("[state]\nevery_s = 4\n")
    assert Agent(RADIATOR, root).pause_s == 1.0


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
