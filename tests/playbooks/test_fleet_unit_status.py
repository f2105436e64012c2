"""`fleet-unit status`, `boot` and `activate-reboot`: what the unit is, and how it changes its boot."""

from __future__ import annotations

import ast
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fleetctl.core.config import ConfigFile
from fleetctl.core.facts import facts_from_status
from tests.builders.unit_root import PYTHON, SOURCE, UnitRoot, config

RAUC = {
    "compatible": "qh-1",
    "booted": "B",
    "boot_primary": "rootfs.0",
    "slots": [
        {"rootfs.0": {"class": "rootfs", "bootname": "A", "state": "inactive", "boot_status": "good"}},
        {"rootfs.1": {"class": "rootfs", "bootname": "B", "state": "booted", "boot_status": "bad"}},
        {"data.0": {"class": "data", "bootname": None, "state": "inactive", "boot_status": None}},
    ],
}


@pytest.fixture
def unit(tmp_path: Path) -> UnitRoot:
    return UnitRoot.make(tmp_path)


def rauc(unit: UnitRoot, script: str) -> None:
    unit.write("/usr/bin/rauc", f"#!/bin/sh\n{script}\n", 0o755)


def test_the_core_reads_the_status(unit: UnitRoot) -> None:
    unit.configure(ConfigFile("/etc/a.conf", "1\n"))
    facts = facts_from_status("site/unit", unit.status(), at=datetime.now(UTC), host_key="SHA256:x")
    assert (facts.serial, facts.model, facts.kind, facts.version) == ("QR-1", "qh-1", "radiator", "1.2.0")
    assert (facts.booted, facts.primary) == ("A", "A")
    assert facts.config_digest == config(ConfigFile("/etc/a.conf", "1\n")).digest
    assert facts.heat is not None
    assert facts.heat.age_s < 60
    assert facts.journal is not None
    assert (facts.journal.attempt, facts.journal.step, facts.journal.outcome) == (unit.attempt, "1", "ok")


def test_slots_are_raucs_by_boot_name(unit: UnitRoot) -> None:
    rauc(unit, f"echo noise >&2; echo '{json.dumps(RAUC)}'")
    assert unit.status()["slots"] == {"booted": "B", "primary": "A", "states": {"A": "good", "B": "bad"}}


@pytest.mark.parametrize(
    "script", ["exit 1", "echo nonsense", "echo []", "echo '{\"slots\": 7}'", "echo '{\"slots\": [{}]}'"]
)
def test_a_rauc_that_says_nothing_useful_leaves_the_booted_slot(unit: UnitRoot, script: str) -> None:
    rauc(unit, script)
    assert unit.status()["slots"] == {"booted": "A", "primary": "A", "states": {}}


@pytest.mark.parametrize("state", ["", "[1]", "{}", '{"power_w": "much", "commanded_w": 1}', "{"])
def test_a_heat_agent_that_writes_nonsense_has_no_heat(unit: UnitRoot, state: str) -> None:
    unit.write("/run/heat/state.json", state)
    assert unit.status()["heat"] is None


def test_a_unit_that_says_nothing_of_itself_still_answers(unit: UnitRoot) -> None:
    unit.path("/etc/fleet/release").unlink()
    assert unit.status()["release"] == {"serial": "", "model": "", "kind": "", "version": ""}


def test_status_changes_nothing(unit: UnitRoot) -> None:
    unit.status()
    assert not unit.path("/data").exists()


def test_each_slot_has_its_own_config(unit: UnitRoot) -> None:
    one, two = ConfigFile("/etc/a.conf", "1\n"), ConfigFile("/etc/b.conf", "2\n")
    unit.configure(one)
    unit.reboot(slot="B")
    assert unit.status()["config"]["digest"] == ""
    assert not unit.path("/etc/a.conf").exists()
    unit.configure(two)
    unit.reboot(slot="A")
    assert unit.status()["config"]["digest"] == config(one).digest
    assert unit.read("/etc/a.conf") == "1\n"
    assert not unit.path("/etc/b.conf").exists()


def test_a_reboot_is_answered_first_and_done_then(unit: UnitRoot) -> None:
    unit.write("/usr/sbin/reboot", f"#!/bin/sh\ntouch {unit.path('/rebooted')}\n", 0o755)
    outcome = unit.effect("activate-reboot")
    assert outcome["ending"] == "ok"
    assert outcome["boot_id"] == unit.status()["boot_id"]
    assert not unit.path("/rebooted").exists()
    assert unit.effect("activate-reboot", again=True)["repeated"]
    deadline = time.monotonic() + 60
    while not unit.path("/rebooted").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_reboot_never_goes_before_its_record(unit: UnitRoot) -> None:
    """Whoever lost the connection finds in the journal of the next boot that the reboot was done as asked."""
    journal = unit.path("/data/fleet/journal")
    unit.write(
        "/usr/sbin/reboot",
        f"#!/bin/sh\ncp {journal} {unit.path('/copy')} && mv {unit.path('/copy')} {unit.path('/seen')}\n",
        0o755,
    )
    unit.effect("activate-reboot")
    deadline = time.monotonic() + 60
    while not unit.path("/seen").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert json.loads(unit.read("/seen").splitlines()[-1])["ending"] == "ok"
    unit.reboot()
    entry = unit.status()["journal"]
    assert (entry["attempt"], entry["step"], entry["outcome"]) == (unit.attempt, str(unit.step), "ok")


def test_a_unit_that_cannot_reboot_says_so(unit: UnitRoot) -> None:
    assert unit.effect("activate-reboot")["ending"] == "refused"


def test_a_stand_in_never_reboots_the_machine_that_it_stands_on(unit: UnitRoot) -> None:
    unit.env["PATH"] = "/usr/sbin:/sbin:/usr/bin:/bin"
    assert "no 'reboot' on this unit" in unit.effect("activate-reboot")["message"]


def test_the_program_runs_on_python_3_9() -> None:
    modules = sorted(SOURCE.with_name("fleet_unit").glob("*.py"))
    assert len(modules) > 10
    for source in (SOURCE, *modules):
        ast.parse(source.read_text(), feature_version=(3, 9))


def test_the_program_leaves_nothing_beside_itself(unit: UnitRoot) -> None:
    for words in (("status",), ("activate-reboot", *unit.step_options())):
        assert unit.run(*words, program=(*PYTHON, str(SOURCE))).returncode == 0
    assert not SOURCE.with_name("fleet_unit").joinpath("__pycache__").exists()
