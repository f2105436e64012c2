"""`fleet-unit netboot`: the boot code of the right disk is taken away, and of no other."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fleetctl.core.images.disk import SIGNATURE, TO_THE_NEXT_DEVICE, Disk
from tests.builders.unit_root import UnitRoot

RECORD = Disk().record(b"a boot loader")
OTHER = RECORD[:440] + b"\1\2\3\4" + RECORD[444:]


@pytest.fixture
def unit(tmp_path: Path) -> UnitRoot:
    made = UnitRoot.make(tmp_path)
    made.write("/proc/cmdline", f"rauc.slot=A fleet.disk={SIGNATURE:08x} quiet\n")
    made.write("/usr/sbin/reboot", f"#!/bin/sh\ntouch {tmp_path}/rebooted\n", 0o755)
    return made


def plug_in(unit: UnitRoot, name: str, content: bytes) -> Path:
    unit.path(f"/sys/block/{name}").mkdir(parents=True)
    disk = unit.write(f"/dev/{name}", "")
    disk.write_bytes(content)
    return disk


def test_the_disk_leads_to_the_network_and_the_unit_reboots(unit: UnitRoot) -> None:
    other, disk = plug_in(unit, "sda", OTHER + b"data"), plug_in(unit, "vda", RECORD + b"data")
    plug_in(unit, "sr0", b"")
    outcome = unit.effect("netboot")
    assert outcome["ending"] == "ok", outcome
    assert disk.read_bytes() == TO_THE_NEXT_DEVICE.ljust(440, b"\0") + RECORD[440:] + b"data"
    assert other.read_bytes() == OTHER + b"data"
    deadline = time.monotonic() + 60
    while not unit.path("/rebooted").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("disks", "cmdline", "reason"),
    [
        ({"vda": RECORD}, "rauc.slot=A", "does not say which disk"),
        ({"vda": OTHER}, "", "no disks have the signature f1ee7c71"),
        ({"vda": RECORD, "vdb": RECORD}, "", "2 disks have the signature f1ee7c71"),
        ({}, "", "no disks have the signature f1ee7c71"),
    ],
)
def test_a_disk_that_is_not_surely_the_right_one_is_not_touched(
    unit: UnitRoot, disks: dict[str, bytes], cmdline: str, reason: str
) -> None:
    files = {plug_in(unit, name, content): content for name, content in disks.items()}
    if cmdline:
        unit.write("/proc/cmdline", cmdline)
    outcome = unit.effect("netboot")
    assert (outcome["ending"], reason in outcome["message"]) == ("refused", True), outcome
    assert all(file.read_bytes() == content for file, content in files.items())


def test_a_unit_that_boots_by_uefi_says_so(unit: UnitRoot) -> None:
    disk = plug_in(unit, "vda", RECORD)
    unit.path("/sys/firmware/efi").mkdir(parents=True)
    outcome = unit.effect("netboot")
    assert (outcome["ending"], "UEFI" in outcome["message"]) == ("refused", True)
    assert disk.read_bytes() == RECORD
