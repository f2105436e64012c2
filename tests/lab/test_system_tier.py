"""The second tier of the lab: what only a system of a unit's own, a real RAUC and a real disk can show."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fleetctl.core.commissioning.burn_in import Expected, Verdict, judge
from fleetctl.core.commissioning.load import run_from
from fleetctl.core.config import Config, ConfigFile, payload
from fleetctl.core.inventory.fleet import BurnIn
from fleetctl.core.problems import CouldNot
from fleetctl.lab import lab
from fleetctl.lab.bundles import Signer, signer_in
from fleetctl.lab.folder import LabFolder
from fleetctl.lab.layout import Level
from fleetctl.lab.system import bundles, cgroups, disks
from fleetctl.lab.unit import slots
from tests.builders.lab_fleets import lab_fleet
from tests.builders.labs import Lab, a_lab, traces, wait_until

pytestmark = pytest.mark.system

RADIATOR, BOILER, GATEWAY = "site-1/rad-1", "site-1/boiler-1", "site-1/gw"
COMPATIBLE = "radiator-lab"


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return signer_in(tmp_path_factory.mktemp("signer"))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Iterator[Lab]:
    path = tmp_path_factory.mktemp("system") / "lab"
    with a_lab(lab_fleet(sites=1), path, Level.SYSTEM, keyring=signer.pem) as made:
        subtree = cgroups.of(LabFolder(path).known_record())
        yield made
    assert left_of(path, subtree) == []


def left_of(path: Path, subtree: Path) -> list[str]:
    """Return what is left of a lab: also what no namespace holds."""
    loops = [file.read_text().strip() for file in Path("/sys/block").glob("loop*/loop/backing_file")]
    cgroup = [str(subtree)] if subtree.exists() else []
    return traces(path) + [name for name in loops if name.startswith(str(path))] + cgroup


def status(here: Lab, unit: str = RADIATOR) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(here.ask(unit, "fleet-unit status"))
    return document


def computing(here: Lab, unit: str) -> int:
    """Return how many programs make a load on a unit."""
    return int(here.run(unit, "cat /proc/[0-9]*/comm | grep -c '^stress-ng'").stdout)


def test_a_burn_in_computes_with_the_program_of_our_images_and_is_judged(here: Lab) -> None:
    begun = json.loads(
        here.ask(RADIATOR, "fleet-unit burn-in --epoch 1 --attempt burn --step 1 --seconds 12 --every 0.5 --limit-c 26")
    )
    assert begun["ending"] == "ok", begun["message"]
    wait_until(lambda: computing(here, RADIATOR) > 1, "stress-ng computes", within_s=60.0)
    wait_until(lambda: status(here)["load"]["state"] != "running", "the burn-in is over", within_s=60.0)
    assert status(here)["load"]["state"] == "done", status(here)["load"]
    wait_until(lambda: computing(here, RADIATOR) == 0, "nothing computes any more", within_s=60.0)
    verdict = judge(run_from(json.loads(here.ask(RADIATOR, "fleet-unit samples"))), BurnIn(), Expected(650.0))
    assert isinstance(verdict, Verdict), verdict.reason
    assert verdict.passed, verdict.reason


@contextmanager
def booting_again(here: Lab, unit: str, times: int = 1) -> Iterator[None]:
    """Let what is done here boot a unit so many times, and wait until it has marked its slot good after the last."""
    before = here.boots(unit)
    yield
    wait_until(
        lambda: here.boots(unit) >= before + times and here.phase(unit) == "good", f"{unit} is back", within_s=60.0
    )


@pytest.mark.parametrize("unit", [GATEWAY, RADIATOR, BOILER])
def test_a_unit_runs_systemd_and_nothing_in_it_failed(here: Lab, unit: str) -> None:
    assert here.ask(unit, "cat /proc/1/comm; hostname").splitlines() == ["systemd", here.fleet.by_name[unit].host_name]
    wait_until(lambda: here.run(unit, "systemctl is-system-running").stdout != "starting\n", "the boot is over")
    assert here.ask(unit, "systemctl --failed --no-legend") == ""


def test_a_unit_is_what_the_inventory_says(here: Lab) -> None:
    told = status(here)
    assert told["release"] == {"serial": "LAB-1-11", "model": "qh-1", "kind": "radiator", "version": "1.0.0"}
    assert told["slots"] == {"booted": "A", "primary": "A", "states": {"A": "good", "B": "good"}}
    assert told["heat"]["power_w"] > 0
    uptime_s = float(here.ask(RADIATOR, "cut -d' ' -f1 /proc/uptime"))
    assert uptime_s < float(Path("/proc/uptime").read_text().split()[0])


def test_a_unit_cannot_change_the_kernel_that_all_share(here: Lab) -> None:
    refused = here.run(RADIATOR, "echo 1 > /proc/sys/vm/drop_caches")
    assert "Read-only" in refused.stderr
    assert here.run(RADIATOR, "ls /sys/kernel/debug/*").returncode != 0


def test_networkd_takes_what_is_applied_and_what_cuts_a_unit_off_is_taken_back(here: Lab) -> None:
    text = "[Match]\nMACAddress=02:00:00:00:01:02\n[Network]\nAddress=10.77.1.99/24\n"
    file = ConfigFile("/etc/systemd/network/10-fleet.network", text, service="network", confirm=True)
    given = json.dumps(payload(Config(BOILER, (file,)), str)).encode()
    command = "fleet-unit configure --epoch 1 --attempt a1 --step 1 --confirm-timeout 8"
    with pytest.raises(subprocess.TimeoutExpired):  # the answer is lost with the network that the change takes away
        here.run(BOILER, command, given=given, timeout_s=5.0)
    assert not here.answers(BOILER, within_s=1.0)
    wait_until(lambda: here.answers(BOILER), "the old address is back", within_s=60.0)
    assert status(here, BOILER)["config"]["digest"] == ""


def test_a_signed_release_goes_to_the_other_slot_and_is_booted_and_marked_good(
    here: Lab, signer: Signer, tmp_path: Path
) -> None:
    release = tmp_path / "2.0.raucb"
    bundles.build(release, COMPATIBLE, "2.0", signer, files={"etc/fleet/marker": "of 2.0\n"})
    content = release.read_bytes()
    digest, before = hashlib.sha256(content).hexdigest(), status(here)
    step = "--epoch 1 --attempt a2 --step"
    here.run(RADIATOR, f"fleet-unit receive {step} 1 --bundle {digest} --size {len(content)} --offset 0", given=content)
    here.ask(RADIATOR, f"fleet-unit stage {step} 2 --bundle {digest} --size {len(content)}")
    wait_until(lambda: status(here)["update"]["staged"]["ready"], "the bundle is staged")
    started = json.loads(here.ask(RADIATOR, f"fleet-unit install {step} 3 --bundle {digest} --release 2.0"))
    assert started["ending"] == "ok", started
    wait_until(lambda: status(here)["update"]["installed"]["done"], "the bundle is installed", within_s=60.0)
    assert status(here)["slots"]["booted"] == "A"

    with booting_again(here, RADIATOR):
        here.ask(RADIATOR, f"fleet-unit activate-reboot {step} 4 --slot B")
    after = status(here)
    assert after["boot_id"] != before["boot_id"]
    assert (after["release"]["version"], after["release"]["serial"]) == ("2.0", "LAB-1-11")
    assert after["slots"] == {"booted": "B", "primary": "B", "states": {"A": "good", "B": "good"}}
    assert here.ask(RADIATOR, "cat /etc/fleet/marker") == "of 2.0"
    grown = int(here.ask(RADIATOR, "df -B1 --output=size /run/lab/slot | tail -1"))
    assert grown > 2 * disks.IMAGE_BYTES, "the file system has the size of its slot"


def test_a_bundle_that_somebody_else_signed_is_refused(here: Lab, tmp_path: Path) -> None:
    bundles.build(tmp_path / "x.raucb", COMPATIBLE, "6.6", signer_in(tmp_path / "somebody"))
    here.run(RADIATOR, "cat > /data/x.raucb", given=(tmp_path / "x.raucb").read_bytes())
    refused = here.run(RADIATOR, "rauc install /data/x.raucb")
    assert refused.returncode != 0
    assert "signature verification failed" in refused.stdout


def test_what_was_synced_outlives_a_power_cut_and_the_rest_is_lost(here: Lab) -> None:
    for folder in ("/data", "/var/lib"):
        here.ask(BOILER, f"echo one > {folder}/kept && sync -f {folder}/kept && echo two > {folder}/lost")
    here.fault(BOILER, "cut")
    wait_until(lambda: here.phase(BOILER) == "off", "the boiler is off")
    with pytest.raises(CouldNot, match="is off"):
        here.fault(BOILER, "fill-disk")
    with booting_again(here, BOILER):
        here.fault(BOILER, "on")
    for folder in ("/data", "/var/lib"):
        assert here.ask(BOILER, f"cat {folder}/kept; cat {folder}/lost 2>/dev/null || true") == "one"


def test_a_cut_while_a_slot_is_written_comes_back_on_the_old_one(here: Lab, signer: Signer, tmp_path: Path) -> None:
    bundles.build(tmp_path / "3.0.raucb", "boiler-lab", "3.0", signer, image_bytes=disks.SLOT_BYTES)
    here.run(BOILER, "cat > /data/3.0.raucb", given=(tmp_path / "3.0.raucb").read_bytes())
    alias = here.fleet.by_name[BOILER].alias
    command = ["ssh", "-F", str(here.ssh_config), alias, "rauc install /data/3.0.raucb"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as install:
        assert install.stdout is not None
        assert any("Copying image" in line for line in install.stdout)
        with booting_again(here, BOILER):
            here.fault(BOILER, "cut")
            here.fault(BOILER, "on")
        install.kill()
    told = status(here, BOILER)
    assert (told["slots"]["booted"], told["release"]["version"]) == ("A", "1.0.0")
    assert told["slots"]["states"] == {"A": "good", "B": "bad"}


def test_a_slot_that_cannot_be_mounted_is_tried_and_given_up(here: Lab) -> None:
    here.ask(BOILER, "dd if=/dev/urandom of=/dev/slotB bs=64k count=16 conv=fsync; rauc status mark-active rootfs.1")
    with booting_again(here, BOILER, times=slots.ATTEMPTS + 1):
        here.run(BOILER, "reboot")
    told = status(here, BOILER)
    assert (told["slots"]["booted"], told["slots"]["states"]["B"]) == ("A", "bad")


def test_a_disk_is_full_for_its_unit_alone(here: Lab) -> None:
    here.fault(RADIATOR, "fill-disk")
    assert "No space left" in here.run(RADIATOR, "cp /etc/passwd /data/y").stderr
    here.ask(BOILER, "cp /etc/passwd /data/y")
    here.fault(RADIATOR, "free-disk")
    here.ask(RADIATOR, "cp /etc/passwd /data/y")


def test_nothing_is_left_of_a_lab_whose_supervisor_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "lab"
    with a_lab(lab_fleet(sites=1, radiators=0), path, Level.SYSTEM):
        record = LabFolder(path).known_record()
        os.kill(record.pid, signal.SIGKILL)
        lab.down(path)
        assert left_of(path, cgroups.of(record)) == []
