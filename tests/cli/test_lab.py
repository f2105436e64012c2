"""`fleetctl lab` as a person calls it, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fleetctl.cli.frame import Frame
from fleetctl.cli.lab import LevelOption
from fleetctl.cli.lab_fault import FaultOption
from fleetctl.cli.lab_frame import TierOption
from fleetctl.lab.faults import FAULTS
from fleetctl.lab.layout import LIGHT, Level
from fleetctl.lab.sample import sample_files
from tests.builders.labs import traces


def call(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    run = "from fleetctl.cli.main import run; run()"
    return subprocess.run([sys.executable, "-c", run, *arguments], cwd=folder, capture_output=True, text=True)


def test_every_fault_and_every_level_can_be_named() -> None:
    assert {f.value for f in FaultOption} == set(FAULTS)
    assert {option.value for option in LevelOption} == {"auto", *LIGHT}
    assert {option.value for option in TierOption} == {"light", *set(Level) - set(LIGHT)}


@pytest.mark.parametrize("units", [1, 2, 5, 6, 24, 41, 200])
def test_a_sample_fleet_has_as_many_units_as_asked_for_and_no_problem(tmp_path: Path, units: int) -> None:
    from fleetctl.cli import compose
    from fleetctl.services.load import examine

    compose.write_files(tmp_path, sample_files(units), overwrite=False)
    frame = Frame(inventory=tmp_path)
    examined = examine(compose.fleet_files(frame), compose.site_cache(frame))
    assert examined.problems == ()
    assert examined.fleet is not None
    assert len(examined.fleet.by_name) == units


def test_without_a_lab_status_says_what_to_do(tmp_path: Path) -> None:
    for name, text in sample_files(2).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    refused = call(tmp_path, "lab", "status")
    assert refused.returncode == 1
    assert "no lab is up" in refused.stderr
    assert "fleetctl lab up" in refused.stderr


def test_a_level_of_the_first_tier_is_none_of_the_second(tmp_path: Path) -> None:
    refused = call(tmp_path, "lab", "up", "--tier", "system", "--level", "loopback")
    assert refused.returncode == 2
    assert "tier 'system' has none" in refused.stderr


def test_taking_nothing_down_is_no_failure(tmp_path: Path) -> None:
    for name, text in sample_files(2).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert json.loads(call(tmp_path, "-o", "json", "lab", "down").stdout)["was_up"] is False


@pytest.mark.lab
def test_from_nothing_to_a_lab_and_back(tmp_path: Path) -> None:
    """No inventory at hand: a fleet is made, its host keys are in the state, a probe reaches it with no prefix."""
    from fleetctl.cli import compose

    try:
        up = call(tmp_path, "-o", "json", "lab", "up", "--units", "6")
        assert up.returncode == 0, up.stderr
        made = json.loads(up.stdout)
        assert (made["schema"], len(made["units"])) == ("fleetctl/lab-up/v1", 6)
        with compose.state(Frame(inventory=tmp_path / "lab-fleet")) as state:
            assert sorted(state.units.pins()) == made["units"]
            assert set(state.units.ways()) == set(made["units"])
        again = call(tmp_path, "lab", "up")
        assert again.returncode == 1
        assert "up already" in again.stderr
        job = json.loads(call(tmp_path, "-o", "json", "lab", "job", "site-1/rad-01", "600").stdout)
        assert (job["schema"], job["job"]) == ("fleetctl/lab-job/v1", "job-1")
        assert "job-1" in call(tmp_path, "lab", "job", "site-1/rad-01").stdout
        cut = json.loads(call(tmp_path, "-o", "json", "lab", "fault", "site-1/rad-01", "cut").stdout)
        assert cut["done"] == "the power is cut"
        shown = call(tmp_path, "lab", "status")
        assert "off (power cut)" in shown.stdout
        assert "cannot show" in shown.stderr
    finally:
        down = call(tmp_path, "lab", "down")
    assert down.stderr == "the lab is down\n"
    assert traces(tmp_path / "lab-fleet/.fleetctl/lab") == []
    with compose.state(Frame(inventory=tmp_path / "lab-fleet")) as state:
        assert state.units.ways() == {}


@pytest.mark.lab
def test_a_part_of_a_fleet_comes_with_its_gateways(tmp_path: Path) -> None:
    for name, text in sample_files(8).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    try:
        up = call(tmp_path, "-o", "json", "lab", "up", "--select", "site-2/rad-01", "--level", "loopback")
        assert json.loads(up.stdout)["units"] == ["site-2/gw-1", "site-2/rad-01"], up.stderr
    finally:
        call(tmp_path, "lab", "down")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("slow", "--delay-ms", "5"), "--delay-ms says what a lossy line is like, and 'slow' makes none"),
        (("lossy", "--loss-percent", "101"), "--loss-percent"),
        (("lossy", "--jitter-ms", "-1"), "--jitter-ms"),
    ],
)
def test_numbers_of_a_lossy_line_that_mean_nothing_are_refused(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    refused = call(tmp_path, "lab", "fault", "site-1/rad-01", *arguments)
    assert refused.returncode == 2
    assert said in refused.stderr
