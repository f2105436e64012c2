"""Commit-confirmed changes: the unit takes them back by itself unless somebody confirms over a new connection."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fleetctl.core.config import ConfigFile
from tests.builders.unit_root import UnitRoot, config

SAFE = ConfigFile("/etc/net/eth0.network", "dhcp\n", service="net", confirm=True)
CUTS = ConfigFile("/etc/net/eth0.network", "10.0.0.99\n", service="net", confirm=True)


@pytest.fixture
def unit(tmp_path: Path) -> UnitRoot:
    made = UnitRoot.make(tmp_path)
    made.hook("net", "exit 0")
    made.write("/etc/net/eth0.network", "from the factory\n")
    return made


def confirmed(unit: UnitRoot, file: ConfigFile) -> None:
    unit.configure(file)
    unit.effect("confirm", "--digest", config(file).digest)


def wait_until_restored(unit: UnitRoot) -> None:
    deadline = time.monotonic() + 60
    while unit.path("/data/fleet/change").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_change_waits_for_its_confirmation(unit: UnitRoot) -> None:
    outcome = unit.configure(SAFE)
    assert (outcome["ending"], outcome["unconfirmed"]) == ("ok", config(SAFE).digest)
    assert unit.status()["config"]["unconfirmed"] == config(SAFE).digest
    outcome = unit.effect("confirm", "--digest", config(SAFE).digest)
    assert (outcome["ending"], outcome["unconfirmed"]) == ("ok", "")


def test_without_confirmation_the_watchdog_restores_the_old_config(unit: UnitRoot) -> None:
    confirmed(unit, SAFE)
    calls = len(unit.hook_calls)
    unit.configure(CUTS, timeout_s=0.2)
    wait_until_restored(unit)
    assert unit.read("/etc/net/eth0.network") == "dhcp\n"
    assert unit.hook_calls[calls:][-1] == "net reload"
    status = unit.status()
    assert status["journal"]["outcome"] == "rolled_back"
    assert status["config"] | {"files": {}} == {
        "digest": config(SAFE).digest,
        "changed": [],
        "unconfirmed": "",
        "files": {},
        "reboot_needed": False,
        "previous": "",
    }


def test_without_confirmation_the_first_config_gives_way_to_the_originals(unit: UnitRoot) -> None:
    unit.configure(CUTS, timeout_s=0.2)
    wait_until_restored(unit)
    assert unit.read("/etc/net/eth0.network") == "from the factory\n"
    assert unit.status()["config"]["digest"] == ""


def test_a_repeated_step_tells_that_its_change_was_taken_back(unit: UnitRoot) -> None:
    unit.configure(CUTS, timeout_s=0.1)
    wait_until_restored(unit)
    again = unit.configure(CUTS, again=True)
    assert (again["ending"], again["repeated"]) == ("rolled_back", True)
    assert "no confirmation within 0.1 s" in again["message"]


def test_a_boot_before_the_confirmation_restores_the_old_config(unit: UnitRoot) -> None:
    confirmed(unit, SAFE)
    unit.configure(CUTS)
    unit.reboot()
    assert unit.read("/etc/net/eth0.network") == "dhcp\n"
    assert unit.status()["journal"]["outcome"] == "rolled_back"


def test_the_connection_that_brought_a_change_cannot_confirm_it(unit: UnitRoot) -> None:
    unit.env["SSH_CONNECTION"] = "10.0.0.1 5000 10.0.0.2 22"
    unit.configure(SAFE)
    assert unit.effect("confirm", "--digest", config(SAFE).digest)["ending"] == "refused"
    assert unit.verify(config(SAFE).digest)["ending"] == "refused"
    unit.env["SSH_CONNECTION"] = "10.0.0.1 5001 10.0.0.2 22"
    assert unit.effect("confirm", "--digest", config(SAFE).digest)["ending"] == "ok"


def test_a_confirmation_of_another_config_confirms_nothing(unit: UnitRoot) -> None:
    unit.configure(SAFE)
    assert unit.effect("confirm", "--digest", config(CUTS).digest)["ending"] == "failed"
    assert unit.status()["config"]["unconfirmed"] == config(SAFE).digest


def test_another_config_waits_until_a_change_is_confirmed_or_gone(unit: UnitRoot) -> None:
    unit.configure(SAFE)
    outcome = unit.configure(CUTS)
    assert outcome["ending"] == "refused"
    assert "waits for its confirmation" in outcome["message"]
    assert unit.read("/etc/net/eth0.network") == "dhcp\n"


def test_a_reboot_that_would_take_a_change_back_is_refused(unit: UnitRoot) -> None:
    unit.configure(SAFE)
    assert unit.effect("activate-reboot")["ending"] == "refused"


def test_a_dead_watchdog_is_made_up_for_by_the_next_effect(unit: UnitRoot) -> None:
    confirmed(unit, SAFE)
    unit.configure(CUTS)
    change = unit.path("/data/fleet/change")
    change.write_text(change.read_text().replace('"deadline_s":', '"deadline_s":-'))
    unit.effect("confirm", "--digest", config(CUTS).digest)
    assert unit.read("/etc/net/eth0.network") == "dhcp\n"


def test_verify_confirms_what_is_well(unit: UnitRoot) -> None:
    unit.configure(SAFE)
    unit.heat()
    outcome = unit.verify(config(SAFE).digest)
    assert (outcome["ending"], outcome["unconfirmed"]) == ("ok", "")
    assert unit.hook_calls[-1] == "net check"


def test_verify_takes_back_what_is_not_well(unit: UnitRoot) -> None:
    confirmed(unit, SAFE)
    unit.configure(CUTS)
    unit.heat()
    unit.hook("net", "echo no carrier; [ $1 = reload ]")
    outcome = unit.verify(config(CUTS).digest)
    assert outcome["ending"] == "rolled_back"
    assert "no carrier" in outcome["message"]
    assert unit.read("/etc/net/eth0.network") == "dhcp\n"


def test_verify_of_a_confirmed_config_says_what_is_wrong(unit: UnitRoot) -> None:
    confirmed(unit, SAFE)
    unit.write("/etc/net/eth0.network", "edited\n")
    outcome = unit.verify(config(SAFE).digest)
    assert outcome["ending"] == "failed"
    assert "/etc/net/eth0.network was edited" in outcome["message"]
    assert unit.verify(config(CUTS).digest)["message"].startswith("the active config is")


def test_verify_wants_a_heat_agent_that_writes(unit: UnitRoot) -> None:
    confirmed(unit, SAFE)
    assert unit.verify(config(SAFE).digest)["ending"] == "ok"
    unit.path("/run/heat/state.json").unlink()
    outcome = unit.verify(config(SAFE).digest)
    assert outcome["ending"] == "failed"
    assert "heat agent" in outcome["message"]


def test_a_gateway_needs_no_heat_agent(tmp_path: Path) -> None:
    gateway = UnitRoot.make(tmp_path, kind="gateway")
    gateway.path("/run/heat/state.json").unlink()
    gateway.configure(SAFE)
    assert gateway.verify(config(SAFE).digest)["ending"] == "ok"
