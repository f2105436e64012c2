"""A radiator with firmware, GRUB and a kernel: adopted, configured, updated, kept from a cold release.

What stands on it afterwards is looked at by testinfra, which knows nothing of fleetctl.
"""

from __future__ import annotations

import subprocess
import time

import pytest

from fleetctl.adapters.bundles.layout import sha256
from tests.builders.vagrant import Machines
from tests.builders.vm_fleet import ENDED_S, Driven, adopted

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


def test_a_release_that_does_not_heat_comes_as_what_is_new_in_it_and_is_rolled_back(radiator: Driven) -> None:
    before = radiator.status()
    bundle = radiator.release("radiator-3", breaks="cold")
    received = rx_bytes(radiator)
    rollout = radiator.cli.start("apply", radiator.unit, "--yes")
    until_staged(radiator, sha256(bundle), rollout)
    came, size = rx_bytes(radiator) - received, bundle.stat().st_size
    assert radiator.status()["boot_id"] == before["boot_id"], "it rebooted before anybody looked"
    print(f"{came / 1e6:.1f} MB of {size / 1e6:.1f} MB came")
    assert 0 < came < size / 10
    phase, reason = radiator.outcome(rollout, code=1)
    assert (phase, "heat check failed" in reason) == ("rolled_back", True), reason
    after = radiator.status()
    assert [after[key] for key in ("release", "config")] == [before[key] for key in ("release", "config")]
    assert after["slots"]["booted"] == before["slots"]["booted"]
    host = radiator.machines.host("radiator")
    assert host.file("/etc/fleet/release").contains("VERSION=radiator-2")
    assert host.service("fleet-heat").is_running


def rx_bytes(radiator: Driven) -> int:
    """Return how many bytes the machine has received since it booted."""
    return int(radiator.machines.ask("radiator", "cat /sys/class/net/e*/statistics/rx_bytes"))


def until_staged(radiator: Driven, bundle: str, rollout: subprocess.Popen[str]) -> None:
    """Wait until a machine has all of a bundle that a rollout brings."""
    deadline = time.monotonic() + ENDED_S
    while (staged := radiator.status()["update"]["staged"])["sha256"] != bundle or not staged["ready"]:
        assert rollout.poll() is None, f"it ended: {staged}"
        assert time.monotonic() < deadline, staged
        time.sleep(0.5)
