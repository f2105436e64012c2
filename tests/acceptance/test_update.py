"""Releases from a signed bundle to the units of a building, and back where one is bad, on stand-ins with real SSH."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.builders.acceptance import SITE, ended, on_unit, phases, status_of, unit, until_event
from tests.builders.cli import Cli
from tests.builders.released import Released, a_released_lab

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]

HOMES = "dwelling=A10[124]"
RADIATORS = f"site={SITE},{HOMES},unit=a*-1"
SOUND, PANICS, COLD = "a101-1", "a102-1", "a104-1"
GATEWAY = f"{SITE}/gw-a"
DEADLINE_S = 90.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Released]:
    """Three dwellings behind a gateway; one radiator of each is updated, the others only have to be warm."""
    with a_released_lab(tmp_path_factory.mktemp("update"), HOMES) as made:
        yield made


def until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline, f"it did not come about that {what}"


def bundles(site: Released, name: str) -> dict[str, int]:
    """Return what lies in a unit's folder of bundles: sizes by file name."""
    listed = on_unit(site.cli, name, "cd /data/fleet/bundles 2>/dev/null && stat -c '%n %s' * 2>/dev/null; true")
    return {file: int(size) for file, _, size in (line.partition(" ") for line in listed.splitlines())}


def update_of(cli: Cli, name: str, what: str) -> dict[str, Any]:
    """Return what a unit says of the bundle that is staged, or installed; nothing if it cannot be asked."""
    try:
        return dict(status_of(cli, unit(name))["update"][what] or {})
    except AssertionError:
        return {}


def started(site: Released, selection: str, policy: str = "update") -> subprocess.Popen[str]:
    return site.cli.start("-o", "json", "apply", selection, "--yes", "--policy", policy)


def test_a_release_and_its_config_reach_the_units_of_a_building(site: Released) -> None:
    sha256 = site.release("qh-1-2026.12.0", size_mb=2)
    plan = site.cli.json("plan", RADIATORS)
    assert all("update" in row["actions"] for row in plan["units"])
    assert {(row["release"], row["bundle"]["sha256"]) for row in plan["units"]} == {("qh-1-2026.12.0", sha256)}
    site.cli("apply", RADIATORS, "--yes", "--policy", "update")
    assert phases(site.cli) == dict.fromkeys(map(unit, (SOUND, PANICS, COLD)), "succeeded")
    assert site.cli("plan", RADIATORS, "--detailed-exitcode").out.startswith("nothing to do")
    status = status_of(site.cli, unit(SOUND))
    assert (status["release"]["version"], status["slots"]["booted"]) == ("qh-1-2026.12.0", "B")
    assert status["slots"]["states"]["B"] == "good"
    assert [*bundles(site, GATEWAY)] == [f"{sha256}.raucb"], "the gateway has it once, whole"


@pytest.fixture(scope="module")
def evening(site: Released) -> dict[str, dict[str, Any]]:
    """One rollout of three releases: a sound one with another config, one that panics, one that does not heat.

    Returns:
        What each unit said of itself before.
    """
    for name, fails in ((PANICS, "panic"), (COLD, "no-heat")):
        site.release(f"qh-1-2026.12.1-{fails}", fails=fails, channel=fails)
        site.follow(name, fails)
    site.release("qh-1-2026.12.1")
    site.cli.override("labels.prom.j2", append="# with the release\n")
    before = {name: status_of(site.cli, unit(name)) for name in (SOUND, PANICS, COLD)}
    site.cli("apply", RADIATORS, "--yes", "--policy", "update", code=1)
    return before


def test_a_sound_release_is_not_held_up_by_bad_ones_beside_it(
    site: Released, evening: dict[str, dict[str, Any]]
) -> None:
    assert phases(site.cli)[unit(SOUND)] == "succeeded"
    after = status_of(site.cli, unit(SOUND))
    assert after["release"]["version"] == "qh-1-2026.12.1"
    assert after["config"]["digest"] != evening[SOUND]["config"]["digest"]
    pointers = on_unit(site.cli, unit(SOUND), "cd /data/fleet/slots && readlink A B").split()
    assert len(set(pointers)) == 2, "each slot has the config that belongs to it"


@pytest.mark.parametrize(("name", "why"), [(PANICS, "it fell back"), (COLD, "W")])
def test_a_bad_release_is_left_for_the_slot_and_the_config_before(
    site: Released, evening: dict[str, dict[str, Any]], name: str, why: str
) -> None:
    assert phases(site.cli)[unit(name)] == "rolled_back"
    after = status_of(site.cli, unit(name))
    assert after["release"] == evening[name]["release"]
    assert after["slots"]["booted"] == evening[name]["slots"]["booted"]
    assert after["config"]["digest"] == evening[name]["config"]["digest"]
    said = site.cli("rollout", "why", "last", unit(name)).out
    assert "qh-1-2026.12.0" in said
    assert why in said


def test_a_components_release_is_flashed_and_the_system_stays(site: Released) -> None:
    site.cli("lab", "bundle", "qh-1-controller-2", "--model", "qh-1", "--component", "controller")
    added = site.cli.json("release", "add", "qh-1-controller-2.raucb")
    site.cli.edit(
        "fleet.yaml", ("    module_power_w:", "    components: {controller: qh-1-controller-2}\n    module_power_w:")
    )
    before = status_of(site.cli, unit(SOUND))
    (row,) = site.cli.json("plan", unit(SOUND))["units"]
    assert (row["component"], row["release"], row["bundle"]["sha256"]) == (
        "controller",
        "qh-1-controller-2",
        added["sha256"],
    )
    site.cli("apply", unit(SOUND), "--yes", "--policy", "update")
    after = status_of(site.cli, unit(SOUND))
    assert after["components"] == {"bootloader": "1.0.0", "controller": "qh-1-controller-2"}
    assert (after["boot_id"], after["slots"]["booted"]) == (before["boot_id"], before["slots"]["booted"])
    assert site.cli("plan", unit(SOUND)).out.startswith("nothing to do")
    site.cli.edit("fleet.yaml", ("    components: {controller: qh-1-controller-2}\n", ""))


def test_cuts_of_the_gateway_and_of_the_unit_cost_only_time(site: Released) -> None:
    """In mid-copy to the gateway, in mid-fetch from it, and while the slot is written."""
    sha256 = site.release("qh-1-2026.12.2", size_mb=2)
    on_unit(site.cli, unit(SOUND), "mkdir -p /data/lab && echo 6 > /data/lab/slow-flash")
    process = started(site, unit(SOUND), "slowly")
    until(lambda: bundles(site, GATEWAY).get(f"{sha256}.part", 0) > 0, "the gateway has a part of it")
    cut(site.cli, GATEWAY)
    until(lambda: update_of(site.cli, SOUND, "staged").get("received_bytes", 0) > 0, "the unit has a part of it")
    cut(site.cli, unit(SOUND))
    until(lambda: update_of(site.cli, SOUND, "installed").get("percent", 0) > 0, "it installs")
    cut(site.cli, unit(SOUND))
    code, out = ended(process)
    assert code == 0, out
    assert site.version(SOUND) == "qh-1-2026.12.2"
    assert site.version(PANICS) == "qh-1-2026.12.0"


def cut(cli: Cli, name: str) -> None:
    cli("lab", "fault", name, "cut")
    cli("lab", "fault", name, "on")


def test_a_release_that_is_withdrawn_halts_its_rollout_before_a_unit_boots_it(site: Released) -> None:
    site.release("qh-1-2026.12.3", size_mb=2)
    process = started(site, unit(SOUND), "slowly")
    until_event(process, "unit-stages")
    site.cli("release", "withdraw", "qh-1-2026.12.3", "--reason", "fans stand still")
    code, out = ended(process)
    assert code == 4, out
    assert "fans stand still" in out
    assert site.version(SOUND) == "qh-1-2026.12.2"


def test_expired_metadata_begin_nothing_new(site: Released) -> None:
    site.release("qh-1-2026.12.4")
    site.expire()
    for command in (["plan", RADIATORS], ["apply", RADIATORS, "--yes"]):
        refused = site.cli(*command, code=2)
        assert "expired" in refused.err
        assert "fleetctl release renew" in refused.err
    site.cli("release", "renew")
    site.cli("plan", RADIATORS)
