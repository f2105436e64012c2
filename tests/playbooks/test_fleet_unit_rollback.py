"""`fleet-unit roll-back`: the config before the last one, from the unit's own disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetctl.core.config import ConfigFile
from tests.builders.unit_root import UnitRoot, config

OLD = ConfigFile("/etc/heat/agent.conf", "limit 500\n", service="agent")
NEW = ConfigFile("/etc/heat/agent.conf", "limit 600\n", service="agent")
KERNEL = ConfigFile("/etc/kernel.conf", "x\n", reboot=True)


@pytest.fixture
def unit(tmp_path: Path) -> UnitRoot:
    made = UnitRoot.make(tmp_path)
    made.hook("agent", "exit 0")
    made.configure(OLD)
    return made


def active(unit: UnitRoot) -> str:
    return str(unit.status()["config"]["digest"])


def previous(unit: UnitRoot) -> str:
    return str(unit.status()["config"]["previous"])


def test_the_config_before_is_active_again_and_its_services_are_reloaded(unit: UnitRoot) -> None:
    unit.configure(NEW)
    assert previous(unit) == config(OLD).digest
    calls = len(unit.hook_calls)
    outcome = unit.roll_back(config(NEW).digest)
    assert (outcome["ending"], outcome["digest"]) == ("ok", config(OLD).digest)
    assert unit.read("/etc/heat/agent.conf") == "limit 500\n"
    assert unit.hook_calls[calls:] == ["agent check", "agent reload"]


def test_the_first_config_has_none_before_it(unit: UnitRoot) -> None:
    assert previous(unit) == ""
    outcome = unit.roll_back(config(OLD).digest)
    assert (outcome["ending"], outcome["message"]) == ("refused", "there is no config before this one to go back to")
    assert active(unit) == config(OLD).digest


def test_a_repeated_step_and_a_second_one_stay_where_the_first_went(unit: UnitRoot) -> None:
    unit.configure(NEW)
    unit.roll_back(config(NEW).digest)
    assert unit.roll_back(config(NEW).digest, again=True)["repeated"]
    assert unit.roll_back(config(NEW).digest)["ending"] == "ok"
    assert active(unit) == config(OLD).digest


def test_what_was_left_is_nothing_to_go_back_to(unit: UnitRoot) -> None:
    unit.configure(NEW)
    unit.roll_back(config(NEW).digest)
    assert previous(unit) == ""
    assert unit.roll_back(config(OLD).digest)["ending"] == "refused"
    assert active(unit) == config(OLD).digest


def test_a_repair_does_not_make_the_config_its_own_predecessor(unit: UnitRoot) -> None:
    unit.configure(NEW)
    unit.write("/etc/heat/agent.conf", "limit 9000\n")
    unit.configure(NEW)
    assert previous(unit) == config(OLD).digest
    assert unit.roll_back(config(NEW).digest)["digest"] == config(OLD).digest


def test_a_config_that_failed_is_not_remembered(unit: UnitRoot) -> None:
    unit.configure(NEW)
    unit.hook("agent", f'[ "$1" = check ] || grep -q 600 {unit.path("/etc/heat/agent.conf")}')
    bad = ConfigFile("/etc/heat/agent.conf", "limit 700\n", service="agent")
    assert unit.configure(bad)["ending"] == "rolled_back"
    assert previous(unit) == config(OLD).digest


def test_the_config_before_is_kept_however_old_it_is(unit: UnitRoot) -> None:
    unit.configure(NEW)
    for n in range(4):
        unit.configure(ConfigFile("/etc/heat/agent.conf", f"limit {n}\n"))
    unit.configure(NEW)
    assert unit.roll_back(config(NEW).digest)["ending"] == "ok"
    assert unit.read("/etc/heat/agent.conf") == "limit 3\n"


def test_a_damaged_predecessor_is_refused(unit: UnitRoot) -> None:
    unit.configure(NEW)
    unit.write(f"/data/fleet/config/{config(OLD).digest}/tree/etc/heat/agent.conf", "limit 5!0\n")
    outcome = unit.roll_back(config(NEW).digest)
    assert outcome["ending"] == "refused"
    assert "damaged: /etc/heat/agent.conf" in outcome["message"]
    assert active(unit) == config(NEW).digest


def test_a_predecessor_that_cannot_be_taken_leaves_the_newer_one_active(unit: UnitRoot) -> None:
    unit.configure(NEW)
    unit.hook("agent", f'[ "$1" = check ] || grep -q 600 {unit.path("/etc/heat/agent.conf")}')
    outcome = unit.roll_back(config(NEW).digest)
    assert (outcome["ending"], outcome["digest"]) == ("failed", config(NEW).digest)
    assert unit.read("/etc/heat/agent.conf") == "limit 600\n"
    assert unit.status()["journal"]["outcome"] == "failed"


def test_a_predecessor_that_a_service_objects_to_changes_nothing(unit: UnitRoot) -> None:
    unit.configure(NEW)
    unit.hook("agent", '[ "$1" = reload ]')
    assert unit.roll_back(config(NEW).digest)["ending"] == "refused"
    assert active(unit) == config(NEW).digest


def test_a_config_that_waits_for_its_confirmation_is_left_at_once(unit: UnitRoot) -> None:
    network = ConfigFile("/etc/net/eth0.network", "dhcp\n", confirm=True)
    unit.configure(OLD, network)
    assert previous(unit) == config(OLD).digest
    outcome = unit.roll_back(config(OLD, network).digest)
    assert (outcome["ending"], outcome["digest"], outcome["unconfirmed"]) == ("ok", config(OLD).digest, "")
    assert not unit.path("/etc/net/eth0.network").exists()


def test_going_back_waits_for_no_confirmation(unit: UnitRoot) -> None:
    network = ConfigFile("/etc/net/eth0.network", "dhcp\n", confirm=True)
    unit.configure(OLD, network)
    unit.heat()
    assert unit.verify(config(OLD, network).digest)["ending"] == "ok"
    assert previous(unit) == config(OLD).digest
    outcome = unit.roll_back(config(OLD, network).digest)
    assert (outcome["ending"], outcome["unconfirmed"]) == ("ok", "")


def test_going_back_over_a_file_that_needs_a_reboot_asks_for_one(unit: UnitRoot) -> None:
    unit.configure(OLD, KERNEL)
    unit.reboot()
    outcome = unit.roll_back(config(OLD, KERNEL).digest)
    assert outcome["reboot_needed"]
    unit.reboot()
    assert not unit.status()["config"]["reboot_needed"]


def test_going_back_before_the_reboot_needs_none(unit: UnitRoot) -> None:
    assert unit.configure(OLD, KERNEL)["reboot_needed"]
    assert not unit.roll_back(config(OLD, KERNEL).digest)["reboot_needed"]


def test_each_slot_remembers_its_own(unit: UnitRoot) -> None:
    unit.configure(NEW)
    unit.reboot(slot="B")
    assert previous(unit) == ""
    unit.configure(OLD)
    assert unit.roll_back(config(OLD).digest)["ending"] == "refused"
    unit.reboot(slot="A")
    assert unit.roll_back(config(NEW).digest)["digest"] == config(OLD).digest


def test_a_controller_that_was_taken_over_rolls_nothing_back(unit: UnitRoot) -> None:
    unit.epoch = 5
    unit.configure(NEW)
    unit.epoch = 4
    assert unit.roll_back(config(NEW).digest)["ending"] == "refused"
    assert active(unit) == config(NEW).digest
