"""The physical side of a lab as a person calls it: weather, faults of heaters, and what the lab has recorded."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetctl.lab.sample import sample_files
from tests.builders.labs import traces, wait_until

RADIATOR = "site-1/rad-01"


def call(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    run = "from fleetctl.cli.main import run; run()"
    return subprocess.run([sys.executable, "-c", run, *arguments], cwd=folder, capture_output=True, text=True)


def fleet(folder: Path) -> Path:
    for name, text in sample_files(2).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = fleet(tmp_path_factory.mktemp("fleet"))
    try:
        up = call(folder, "lab", "up", "--level", "processes", "--time-factor", "60", "--outdoor-c", "-5")
        assert up.returncode == 0, up.stderr
        yield folder
    finally:
        call(folder, "lab", "down")
    assert traces(folder / ".fleetctl/lab") == []


@pytest.mark.lab
def test_the_weather_is_what_was_asked_for_and_changes(here: Path) -> None:
    assert "outdoors: -5 °C, time runs 60 times as fast" in call(here, "lab", "status").stderr
    changed = json.loads(call(here, "-o", "json", "lab", "weather", "--outdoor-c", "2").stdout)
    assert (changed["schema"], changed["outdoor_c"], changed["time_factor"]) == ("fleetctl/lab-weather/v1", 2.0, 60.0)
    assert json.loads(call(here, "-o", "json", "lab", "status").stdout)["weather"]["outdoor_c"] == 2.0


@pytest.mark.lab
def test_what_the_lab_recorded_is_a_document_and_a_page(here: Path) -> None:
    call(here, "lab", "fault", RADIATOR, "cut")
    wait_until(lambda: RADIATOR in json.loads(call(here, "-o", "json", "lab", "observe").stdout)["units"], "it began")
    found = json.loads(call(here, "-o", "json", "lab", "observe").stdout)
    assert found["schema"] == "fleetctl/lab-observed/v1"
    assert found["down_at_once"]["dwellings"]["site-1/A101"]["names"] == [RADIATOR]
    assert found["taken_at_once"]["dwellings"] == {}
    page = call(here, "lab", "observe")
    assert "site-1/A101" in page.stdout
    assert "kWh were not delivered" in page.stderr
    call(here, "lab", "fault", RADIATOR, "on")


@pytest.mark.lab
def test_a_fault_of_hardware_is_seen_until_it_is_mended(here: Path) -> None:
    done = call(here, "lab", "fault", RADIATOR, "lying-sensor", "--offset-k", "-3")
    assert done.stderr == f"{RADIATOR}: the sensors are off by -3 K\n"
    assert "lying-sensor" in call(here, "lab", "status").stdout
    call(here, "lab", "fault", RADIATOR, "mend")
    assert "lying-sensor" not in call(here, "lab", "status").stdout


def test_without_a_lab_there_is_no_weather_and_nothing_to_observe(tmp_path: Path) -> None:
    fleet(tmp_path)
    for command in (("weather", "--outdoor-c", "2"), ("observe",)):
        refused = call(tmp_path, "lab", *command)
        assert refused.returncode == 1
        assert "no lab is up" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("fault", RADIATOR, "cut", "--offset-k", "3"), "--offset-k says how far a lying sensor is off"),
        (("fault", RADIATOR, "lying-sensor", "--delay-ms", "3"), "--delay-ms says what a lossy line is like"),
        (("fault", RADIATOR, "lying-sensor", "--offset-k", "900"), "--offset-k"),
        (("up", "--time-factor", "0"), "--time-factor"),
        (("up", "--outdoor-c", "90"), "--outdoor-c"),
        (("weather",), "--outdoor-c"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    refused = call(fleet(tmp_path), "lab", *arguments)
    assert refused.returncode == 2
    assert said in refused.stderr
