"""A controller that dies in each phase of an update, or of a flash: every unit heats, nothing is done twice."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Set
from pathlib import Path

import pytest

from fleetctl.core.rollout.state import Event
from tests.builders.acceptance import SITE, done_twice, drained, on_unit, phases, status_of
from tests.builders.cli import Cli
from tests.builders.cold_building import POLICIES, WEATHER, assert_kept, observed, without_it
from tests.builders.released import Released, a_released_lab

pytestmark = [pytest.mark.lab, pytest.mark.acceptance, pytest.mark.evening]

SOUND, FLASHED, PANICS = UNITS = tuple(f"{SITE}/{id}" for id in ("a101-1", "a101-2", "a102-1"))
PHASES = frozenset(
    {
        Event.UNIT_STAGES,
        Event.UNIT_INSTALLS,
        Event.UNIT_DRAINS,
        Event.UNIT_REBOOTS,
        Event.UNIT_REGISTERS,
        Event.UNIT_ROLLS_BACK,
        Event.UNIT_RELEASES,
        Event.UNIT_SOAKS,
    }
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Released]:
    """Two dwellings that cool fast at 0 °C outdoors, their units configured."""
    folder = tmp_path_factory.mktemp("crash")
    with a_released_lab(folder, "dwelling=A10[12]", policies=POLICIES, weather=WEATHER) as made:
        made.cli("apply", *UNITS, "--yes", "--policy", "crash")
        yield made


def test_a_controller_that_dies_while_a_component_is_flashed_leaves_it_to_the_unit(site: Released) -> None:
    cli = site.cli
    cli("lab", "bundle", "qh-1-controller-2", "--model", "qh-1", "--component", "controller")
    cli("release", "add", "qh-1-controller-2.raucb")
    component = "    components: {controller: qh-1-controller-2}\n"
    cli.edit("fleet.yaml", ("    module_power_w:", f"{component}    module_power_w:"))
    slowed(cli, FLASHED)
    process = cli.start("-o", "json", "apply", FLASHED, "--yes", "--policy", "crash")
    assert next_of(process, {Event.UNIT_FLASHES}) is not None
    with without_it(cli, process):
        cli("rollout", "resume", "last")
    assert phases(cli) == {FLASHED: "succeeded"}
    assert status_of(cli, FLASHED)["components"]["controller"] == "qh-1-controller-2"
    assert done_twice(cli, [FLASHED]) == []
    assert_kept(observed(cli))
    cli.edit("fleet.yaml", (component, ""))


def test_controllers_that_die_in_each_phase_of_an_update_leave_every_unit_heating(
    site: Released, tmp_path: Path
) -> None:
    """One radiator gets a release, a config, a certificate; another a release that panics, and it goes back."""
    cli = with_authority(site.cli, tmp_path)
    site.release("qh-1-2026.12.0", size_mb=2)
    site.release("qh-1-2026.12.1", fails="panic", channel="panic")
    site.follow("a102-1", "panic")
    slowed(cli, SOUND, PANICS)
    before, died = observed(cli), dict[str, str]()
    process = cli.start("-o", "json", "apply", SOUND, PANICS, "--yes", "--policy", "crash")
    while event := next_of(process, PHASES - died.keys()):
        died[event["what"]] = event["unit"]
        with without_it(cli, process):
            process = cli.start("-o", "json", "rollout", "resume", "last")
    assert phases(cli) == {SOUND: "succeeded", PANICS: "rolled_back"}, died
    assert died.keys() >= {Event.UNIT_STAGES, Event.UNIT_INSTALLS, Event.UNIT_REBOOTS, Event.UNIT_ROLLS_BACK}
    assert observed(cli).units[SOUND].downs - before.units[SOUND].downs == 1
    assert done_twice(cli, (SOUND, PANICS)) == []
    assert drained(cli, (SOUND, PANICS)) == []
    assert_kept(observed(cli))


def slowed(cli: Cli, *names: str) -> None:
    """Let units take seconds for what they write to a slot, or to a component."""
    for name in names:
        on_unit(cli, name, "mkdir -p /data/lab && echo 5 > /data/lab/slow-flash")


def next_of(process: subprocess.Popen[str], whats: Set[str]) -> dict[str, str] | None:
    """Return the next event of some kinds of a running rollout; None if it ended without one."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{") and json.loads(line).get("what") in whats:
            return dict(json.loads(line))
    process.communicate()
    return None


def with_authority(cli: Cli, folder: Path) -> Cli:
    """Declare that units have certificates, of an authority whose keys are made now."""
    made = Cli(cli.folder, {**cli.env, "FLEETCTL_CA_KEYS": str(folder / "ca-keys")})
    root = made.json("ca", "init", "--root-keys", str(folder / "safe"))["root_sha256"]
    made.edit("fleet.yaml", ("policies:\n", f"authority: {{root_sha256: {root}}}\npolicies:\n"))
    return made
