"""`fleetctl simulate`, as a user calls it, on the example fleet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.builders.cli import INVENTORIES
from tests.builders.command import call

LES_SABLES = INVENTORIES / "les-sables"
CALM = ("--start", "2026-12-01T18:00", "--busy", "0")


def test_les_sables_at_5_degrees_is_updated_completely(tmp_path: Path) -> None:
    """Issue: at 5 °C outdoors and setpoint 20, by the fleet's own default policy."""
    out = tmp_path / "report"
    called = call(
        "-o", "json", "simulate", "--outdoor-c", "5", "--setpoint-c", "20", *CALM, "--out", out, inventory=LES_SABLES
    )
    assert called.code == 0, called.err
    document = called.document
    assert document["schema"] == "fleetctl/simulation/v1"
    assert document["complete"]
    assert document["counts"] == {"succeeded": 180}
    assert not [zone for zone in document["zones"] if zone["too_cold"]]
    assert sorted(path.name for path in out.iterdir()) == ["simulation.json", "simulation.md", "simulation.svg"]
    assert json.loads((out / "simulation.json").read_text()) == document


def test_the_limit_of_the_weather_is_told_with_its_rule() -> None:
    """With a forecast the guard freezes at 3 K above the design temperature of -5 °C (G9)."""
    called = call("simulate", "dwelling=A101", "--outdoor-c", "5", *CALM, "--limit-outdoor", inventory=LES_SABLES)
    assert called.code == 0, called.err
    assert "Down to -2 °C outdoors every unit can be updated; below that not all: G9" in called.out


def test_a_saved_plan_is_played_as_it_is(tmp_path: Path) -> None:
    from fleetctl.cli import compose
    from fleetctl.cli.frame import Frame
    from fleetctl.core.plan_document import to_document
    from fleetctl.services.simulate import supposed_plan
    from tests.builders.simulated import BEGAN

    fleet = compose.fleet(Frame(LES_SABLES))
    units = [unit for unit in fleet.units() if unit.dwelling == "A102"]
    file = tmp_path / "evening.plan"
    file.write_text(json.dumps(to_document(supposed_plan(fleet, units, BEGAN, reboot=False))))
    called = call("-o", "json", "simulate", file, "--outdoor-c", "5", *CALM, inventory=LES_SABLES)
    assert called.code == 0, called.err
    assert called.document["counts"] == {"succeeded": len(units)}
    assert called.document["most_without_heat"] == 0, "nothing in this plan needs a reboot"


def test_weather_comes_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "cold.csv"
    hours = [f"2026-12-{day:02}T{hour:02}:00:00Z,{-15}" for day in range(1, 8) for hour in range(24)]
    file.write_text("\n".join(["time,temperature_c", *hours]) + "\n")
    called = call("simulate", "dwelling=A101", "--weather", file, *CALM, "--most-h", "24", inventory=LES_SABLES)
    assert called.code == 1
    assert "G9" in called.out
    assert "- outdoors: -15 °C" in called.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--flaky-links", "130%"), "'130%' is not a share"),
        (("--start", "tonight"), "'tonight' is not a time"),
        (("--policy", "carefull"), "did you mean 'careful'?"),
        (("--outdoor-c", "5", "--weather", "x.csv"), "not both"),
        (("--weather", "missing.csv"), "cannot be read"),
        (("dwelling=Z999",), "Z999"),
    ],
)
def test_bad_input_is_refused(arguments: tuple[str, ...], said: str) -> None:
    called = call("simulate", *arguments, inventory=LES_SABLES)
    assert called.code == 2
    assert said in called.err


def test_it_writes_nothing_but_the_report(tmp_path: Path) -> None:
    """Nothing is touched: no state, no lock, no unit."""
    import shutil

    folder = tmp_path / "fleet"
    shutil.copytree(LES_SABLES, folder, ignore=shutil.ignore_patterns(".fleetctl"))
    assert call("simulate", "dwelling=A101", "--outdoor-c", "5", *CALM, inventory=folder).code == 0
    assert not list(folder.rglob("state.db*"))
