"""`heat check` by the real command line, in the process, from facts that the state remembers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from fleetctl.adapters.store.state import open_state
from fleetctl.cli import compose
from fleetctl.core.facts import Facts
from tests.builders.command import call
from tests.builders.heat import room, water
from tests.builders.inventories import a_folder
from tests.builders.world import START, FakeClock

WEATHER = ("title: A test site\n", "title: A test site\nforecast: {file: weather.csv}\n")
UNITS = ("here/a101-1", "here/a101-2", "here/a102-1")


def csv(temperature_c: float) -> str:
    start = START - timedelta(hours=2)
    rows = (f"{start + timedelta(hours=hour):%Y-%m-%dT%H:%MZ},{temperature_c}\n" for hour in range(24))
    return "time,temperature_c\n" + "".join(rows)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder: a fleet that was probed a moment ago, at 6 °C outdoors, far from any disinfection."""
    for name, text in a_folder(WEATHER).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "weather.csv").write_text(csv(6.0))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(compose, "clock", FakeClock)
    (tmp_path / ".fleetctl").mkdir()
    remember(tmp_path, [*map(room, UNITS), water("here/boiler-1", 62.0)])
    return tmp_path


def remember(folder: Path, facts: list[Facts]) -> None:
    state = open_state(f"sqlite:///{folder / '.fleetctl/state.db'}")
    state.units.save_facts(replace(each, at=START) for each in facts)
    state.close()


def test_each_zone_and_loop_is_asked_for_its_largest_unit(folder: Path) -> None:
    ran = call("heat", "check", "--no-refresh")
    assert ran.code == 0
    assert [line.split()[:3] for line in ran.out.splitlines()[1:]] == [
        ["A101/day", "here/a101-1", "yes"],
        ["A101/night", "here/a101-2", "yes"],
        ["A102", "here/a102-1", "yes"],
        ["dhw", "here/boiler-1", "yes"],
    ]
    assert ran.err.endswith("4 spaces: 4 admit their largest unit now, 0 do not\n")


def test_json_has_every_rule_with_its_arithmetic(folder: Path) -> None:
    found = json.loads(call("-o", "json", "heat", "check", "--no-refresh", "dwelling=A102").out)
    assert found["schema"] == "fleetctl/heat-check/v1"
    (space,) = found["spaces"]
    assert (space["space"], space["unit"], space["admitted"]) == ("A102", "here/a102-1", True)
    assert {each["rule"] for each in space["verdicts"]} == {"G1", "G2", "G6", "G7", "G8", "G9"}


def test_cold_spell_in_the_forecast_refuses(folder: Path) -> None:
    (folder / "weather.csv").write_text(csv(-3.0))
    ran = call("heat", "check", "--no-refresh", "dwelling=A102")
    assert "no   G9 here: -3 °C is forecast, limit -2 °C (design -5 °C + 3 K)" in ran.out


def test_unit_that_was_never_observed_refuses(folder: Path) -> None:
    (folder / ".fleetctl/state.db").unlink()
    ran = call("heat", "check", "--no-refresh", "dwelling=A102")
    assert "G8 A102: here/a102-1 was never observed" in ran.out


def test_bad_forecast_exits_with_2(folder: Path) -> None:
    (folder / "weather.csv").write_text("time,temperature_f\n")
    ran = call("heat", "check", "--no-refresh")
    assert ran.code == 2
    assert "weather.csv:1" in ran.err


def test_unknown_policy_exits_with_2(folder: Path) -> None:
    assert call("heat", "check", "--no-refresh", "--policy", "none").code == 2
