"""A controller that is killed or stopped over a cold building: rooms stay warm all the same, nothing is done twice.

What is held against the rollout is the lab's own record, not fleetctl's.
"""

from __future__ import annotations

import signal
import subprocess
import uuid
from collections.abc import Iterator

import pytest

from fleetctl.lab import lab
from fleetctl.lab.observed import Observed
from tests.builders.acceptance import done_twice, drained, phases, until_event
from tests.builders.cli import Cli
from tests.builders.cold_building import POLICIES, WEATHER, assert_kept, observed, until, without_it

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]

SITE = "launaguet-les-sables"
UNITS = [f"{SITE}/{id}" for id in ("a101-1", "a101-2", "a102-1")]
WARM_C, COLD_C = "23", "0"


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """Two dwellings that cool fast at 0 °C outdoors, their units configured."""
    cli = Cli.of_example("demo", tmp_path_factory.mktemp("crash") / "demo")
    cli.edit("fleet.yaml", ("policies:\n", f"policies:\n{POLICIES}"))
    cli("lab", "up", "--select", "dwelling=A10[12]", *WEATHER)
    try:
        cli("apply", *UNITS, "--yes", "--policy", "crash")
        yield cli
    finally:
        cli("lab", "down", code=None)


def rebooting(cli: Cli, policy: str) -> subprocess.Popen[str]:
    """Start a rollout that reboots every unit."""
    cli.override("boot.conf.j2", append=f"# {uuid.uuid4()}\n")
    return cli.start("-o", "json", "apply", *UNITS, "--yes", "--policy", policy)


@pytest.mark.parametrize(
    ("event", "sent", "policy"),
    [
        pytest.param("attempt-started", signal.SIGKILL, "crash", marks=pytest.mark.evening),
        ("unit-reboots", signal.SIGKILL, "crash"),
        pytest.param("unit-releases", signal.SIGSTOP, "crash", marks=pytest.mark.evening),
        pytest.param("wave-opened", signal.SIGKILL, "waved", marks=pytest.mark.evening),
    ],
)
def test_without_its_controller_every_unit_heats_and_the_next_one_ends_the_rollout(
    building: Cli, event: str, sent: signal.Signals, policy: str
) -> None:
    before = observed(building)
    process = rebooting(building, policy)
    until_event(process, event)
    with without_it(building, process, sent):
        building("rollout", "resume", "last")
    assert downs_since(before, building) == dict.fromkeys(UNITS, 1)
    assert_kept(observed(building))
    assert_done_once(building)


@pytest.mark.evening
def test_killed_in_the_midst_of_the_pulse_that_proves_heat_the_pulse_ends_and_the_rollout_too(building: Cli) -> None:
    """It is warm outdoors, so that nothing is commanded, and a unit proves its heat by a pulse."""
    building("lab", "weather", "--outdoor-c", WARM_C)
    try:
        until(lambda: not any(commanded(building).values()), "nobody has to heat")
        process = rebooting(building, "crash")
        until_event(process, "unit-reboots")
        until(lambda: any(commanded(building).values()), "a pulse runs")
        with without_it(building, process):
            until(lambda: not any(commanded(building).values()), "the pulse ends by itself")
            building("rollout", "resume", "last")
    finally:
        building("lab", "weather", "--outdoor-c", COLD_C)
    assert_kept(observed(building))
    assert_done_once(building)


def commanded(cli: Cli) -> dict[str, float]:
    """Return what each unit asks its heater for, in W, by the lab."""
    units = lab.status(cli.folder / ".fleetctl/lab")["units"]
    return {row["unit"]: row["heat"]["commanded_w"] or 0.0 for row in units if row["heat"]}


def downs_since(before: Observed, cli: Cli) -> dict[str, int]:
    after = observed(cli)
    return {name: after.units[name].downs - before.units[name].downs for name in UNITS}


def assert_done_once(cli: Cli) -> None:
    """Hold the journals of the units themselves against it: every step ended well once, and nobody stays drained."""
    assert phases(cli) == dict.fromkeys(UNITS, "succeeded")
    assert done_twice(cli, UNITS) == []
    assert drained(cli, UNITS) == []
