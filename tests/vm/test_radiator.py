"""A radiator with firmware, GRUB and a kernel: adopted, configured, updated, kept from a cold release.

What stands on it afterwards is looked at by testinfra, which knows nothing of fleetctl.
"""

from __future__ import annotations

import pytest

from tests.builders.vagrant import Machines
from tests.builders.vm_fleet import Driven, adopted

pytestmark = pytest.mark.vm


@pytest.fixture(scope="module")
def radiator(machines: Machines) -> Driven:
    return adopted("radiator", machines)


def test_it_is_adopted_by_what_its_console_shows_and_configured(radiator: Driven) -> None:
    assert radiator.apply() == ("succeeded", "")
    host = radiator.machines.host("radiator")
    assert host.file("/etc/ssh/sshd_config.d/10-fleet.conf").contains("PermitRootLogin no")
    assert host.file("/etc/systemd/network/10-fleet.network").contains("10.77.1.11/24")
    for service in ("ssh", "systemd-networkd", "fleet-heat", "fleet-good"):
        assert host.service(service).is_running, service
    assert radiator.cli("plan", radiator.unit, "--detailed-exitcode").out.startswith("nothing to do")


def test_an_update_reaches_the_other_slot_with_its_config(radiator: Driven) -> None:
    before = radiator.status()
    radiator.release("radiator-2")
    assert radiator.apply() == ("succeeded", "")
    after = radiator.status()
    assert after["release"]["version"] == "radiator-2"
    assert after["slots"]["booted"] != before["slots"]["booted"]
    assert after["slots"]["states"][after["slots"]["booted"]] == "good"
    assert after["config"]["digest"] == before["config"]["digest"]
    assert after["boot_id"] != before["boot_id"]
    host = radiator.machines.host("radiator")
    assert host.file("/etc/fleet/release").contains("VERSION=radiator-2")
    assert host.mount_point("/").filesystem == "ext4"
    assert host.mount_point("/").device.endswith({"A": "2", "B": "3"}[after["slots"]["booted"]])


def test_a_release_that_boots_and_does_not_heat_is_rolled_back(radiator: Driven) -> None:
    before = radiator.status()
    radiator.release("radiator-3", breaks="cold")
    phase, reason = radiator.apply(code=1)
    assert (phase, "heat check failed" in reason) == ("rolled_back", True), reason
    after = radiator.status()
    assert [after[key] for key in ("release", "config")] == [before[key] for key in ("release", "config")]
    assert after["slots"]["booted"] == before["slots"]["booted"]
    host = radiator.machines.host("radiator")
    assert host.file("/etc/fleet/release").contains("VERSION=radiator-2")
    assert host.service("fleet-heat").is_running
