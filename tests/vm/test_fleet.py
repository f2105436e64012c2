"""`fleetctl` drives virtual machines through their real SSH ports: configures, updates, and takes bad releases back.

What stands on a machine afterwards is looked at by testinfra, which knows nothing of fleetctl.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import testinfra
from testinfra.host import Host

from tests.builders.cli import Cli
from tests.builders.vagrant import REPOSITORY, SSH, Machines
from tests.builders.vm_images import ImageWorks

pytestmark = pytest.mark.vm

RADIATOR, BOILER = "vm/radiator", "vm/boiler"
BOTH = (RADIATOR, BOILER)
FIRST = {"radiator": "radiator-1", "boiler": "boiler-1"}


@pytest.fixture(scope="module")
def cli(machines: Machines, home: Path, works: ImageWorks, images: dict[str, Path]) -> Cli:
    """Return the command line on the fleet of the virtual machines, whose first releases are signed."""
    folder = home / "fleet"
    told = machines.tool("vagrant", "ssh-config", *FIRST)
    words = [sys.executable, str(REPOSITORY / "vagrant/inventory"), str(folder)]
    subprocess.run(words, input=told, text=True, check=True, timeout=300)
    made = Cli(folder, {"FLEETCTL_RELEASE_KEYS": str(home / "release-keys")})
    (folder / "releases").mkdir(exist_ok=True)
    (folder / "releases/keyring.pem").write_bytes(works.keyring.read_bytes())
    if not (folder / "releases/metadata").exists():
        made("release", "keys", "init")
        for kind, version in FIRST.items():
            offer(made, kind, images[kind] / f"{version}.raucb", version)
    return made


@pytest.fixture
def hosts(machines: Machines, home: Path) -> dict[str, Host]:
    """Return each machine as testinfra sees it."""
    options = " ".join(SSH)
    return {
        name: testinfra.get_host(
            f"ssh://fleet@127.0.0.1:{port}?sudo=true&timeout=60",
            ssh_identity_file=str(home / "key"),
            ssh_extra_args=options,
        )
        for name, port in machines.ports.items()
    }


def offer(cli: Cli, kind: str, bundle: Path, version: str) -> None:
    """Sign a bundle as a release, and let its channel stand for it."""
    cli("release", "add", str(bundle))
    cli("release", "promote", f"vm-{kind}-stable", version)


def status(machines: Machines, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(machines.ask(name, "fleet-unit status"))
    return found


def phases(cli: Cli) -> dict[str, str]:
    return {row["unit"]: row["phase"] for row in cli.json("rollout", "show", "last")["units"]}


def test_machines_are_adopted_by_what_their_consoles_show_and_configured(
    cli: Cli, machines: Machines, hosts: dict[str, Host]
) -> None:
    cli("apply", *BOTH, "--yes")
    assert phases(cli) == {RADIATOR: "succeeded", BOILER: "succeeded"}
    radiator = hosts["radiator"]
    assert radiator.file("/etc/ssh/sshd_config.d/10-fleet.conf").contains("PermitRootLogin no")
    assert radiator.file("/etc/systemd/network/10-fleet.network").contains("10.77.1.11/24")
    for service in ("ssh", "systemd-networkd", "fleet-heat", "fleet-good"):
        assert radiator.service(service).is_running, service
    assert cli("plan", *BOTH, "--detailed-exitcode").out.startswith("nothing to do")


def test_an_update_reaches_the_other_slot_with_its_config(
    cli: Cli, machines: Machines, works: ImageWorks, images: dict[str, Path], hosts: dict[str, Host]
) -> None:
    before = status(machines, "radiator")
    bundle = works.variant(images["radiator"], "radiator-2", compatible="vm-radiator")
    offer(cli, "radiator", bundle, "radiator-2")
    cli("apply", RADIATOR, "--yes")
    after = status(machines, "radiator")
    assert after["release"]["version"] == "radiator-2"
    assert after["slots"]["booted"] != before["slots"]["booted"]
    assert after["slots"]["states"][after["slots"]["booted"]] == "good"
    assert after["config"]["digest"] == before["config"]["digest"]
    assert after["boot_id"] != before["boot_id"]
    assert hosts["radiator"].file("/etc/fleet/release").contains("VERSION=radiator-2")


def test_power_that_is_cut_in_mid_install_costs_only_time(
    cli: Cli, machines: Machines, works: ImageWorks, images: dict[str, Path]
) -> None:
    version = status(machines, "boiler")["release"]["version"]
    offer(cli, "boiler", works.variant(images["boiler"], "boiler-2", compatible="vm-boiler"), "boiler-2")
    process = cli.start("-o", "json", "apply", BOILER, "--yes")
    until_installing(machines, "boiler")
    machines.cut("boiler")
    machines.power_on("boiler")
    machines.wait_settled("boiler")
    assert status(machines, "boiler")["release"]["version"] == version, "it came back in the slot that it was in"
    out, _ = process.communicate(timeout=900)
    assert process.returncode == 0, out
    assert status(machines, "boiler")["release"]["version"] == "boiler-2"


def test_a_release_that_panics_and_one_that_does_not_heat_are_taken_back(
    cli: Cli, machines: Machines, works: ImageWorks, images: dict[str, Path]
) -> None:
    before = {name: status(machines, name) for name in FIRST}
    panics = works.variant(images["boiler"], "boiler-3", compatible="vm-boiler", breaks="panic")
    is_cold = works.variant(images["radiator"], "radiator-3", compatible="vm-radiator", breaks="cold")
    offer(cli, "boiler", panics, "boiler-3")
    offer(cli, "radiator", is_cold, "radiator-3")
    cli("apply", *BOTH, "--yes", code=1)
    assert phases(cli) == {RADIATOR: "rolled_back", BOILER: "rolled_back"}
    for name, was in before.items():
        now = status(machines, name)
        assert [now[key] for key in ("release", "config")] == [was[key] for key in ("release", "config")]
        assert now["slots"]["booted"] == was["slots"]["booted"]


def until_installing(machines: Machines, name: str) -> None:
    """Wait until a machine is in the midst of writing its other slot."""
    deadline = time.monotonic() + 400
    while not 0 < ((status(machines, name)["update"]["installed"] or {}).get("percent") or 0) < 100:
        assert time.monotonic() < deadline, f"{name} does not install"
        time.sleep(0.5)
