"""What fleetctl relies on of RAUC, whichever RAUC it is.

A `Driver` runs `rauc` on a unit, reboots it and makes bundles for it: one drives the stand-in of the first tier, the
other the real RAUC of the second.

What boot loaders do differently is left open: until the running slot is marked good, GRUB's integration shows it as
bad and names the other one as primary, so these tests wait for mark-good before they look at either.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from fleetctl.lab.bundles import Signer, signer_in
from fleetctl.lab.layout import Level
from fleetctl.lab.system import bundles as real
from fleetctl.lab.unit import bundle
from tests.builders.lab_fleets import lab_fleet
from tests.builders.labs import Lab, a_lab

pytestmark = pytest.mark.lab


@dataclass(frozen=True)
class Said:
    """What a command ended with."""

    code: int
    out: str
    err: str


class Driver(Protocol):
    """A unit with RAUC, two slots, and `activate-installed=false`."""

    compatible: str

    def rauc(self, *arguments: str) -> Said:
        """Run `rauc` on the unit."""
        ...

    def bundle(self, version: str, *, compatible: str = "", boots: bool = True, damaged: bool = False) -> str:
        """Put a bundle on the unit and return its path there; one that does not boot panics early."""
        ...

    def reboot(self) -> None:
        """Reboot, and wait until the unit has marked the slot good that it ended up in."""
        ...

    def version(self) -> str:
        """Return VERSION of `/etc/fleet/release`."""
        ...


class StandIn:
    """Drives a unit of the first tier."""

    compatible = "radiator-lab"

    def __init__(self, lab: Lab, unit: str, folder: Path) -> None:
        self._lab, self._unit, self._folder = lab, unit, folder

    def rauc(self, *arguments: str) -> Said:
        result = self._lab.run(self._unit, shlex.join(["rauc", *arguments]))
        return Said(result.returncode, result.stdout, result.stderr)

    def bundle(self, version: str, *, compatible: str = "", boots: bool = True, damaged: bool = False) -> str:
        path, files = self._folder / f"{version}.raucb", {"etc/fleet/marker": f"marker of {version}\n"}
        bundle.write(path, compatible or self.compatible, version, files if boots else {**files, "etc/fleet/panic": ""})
        content = path.read_bytes()
        return self._put(path.name, content.replace(b"marker of", b"maRKer of") if damaged else content)

    def reboot(self) -> None:
        self._lab.reboot(self._unit)

    def version(self) -> str:
        return self._lab.ask(self._unit, "sed -n s/^VERSION=//p /etc/fleet/release")

    def _put(self, name: str, content: bytes) -> str:
        there = f"/data/{name}"
        assert self._lab.run(self._unit, f"cat > {there}", given=content).returncode == 0
        return there


class Real(StandIn):
    """Drives a unit of the second tier, whose bundles have to be signed."""

    def __init__(self, lab: Lab, unit: str, folder: Path, signer: Signer) -> None:
        super().__init__(lab, unit, folder)
        self._signer = signer

    def bundle(self, version: str, *, compatible: str = "", boots: bool = True, damaged: bool = False) -> str:
        path = self._folder / f"{version}.raucb"
        real.build(path, compatible or self.compatible, version, self._signer, fails="" if boots else "panic")
        content = path.read_bytes()
        half = len(content) // 2
        return self._put(path.name, content[:half] + b"?" + content[half + 1 :] if damaged else content)


@pytest.fixture(scope="module", params=["stand-in", pytest.param("real", marks=pytest.mark.system)])
def a_unit_with_rauc(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    folder, unit = tmp_path_factory.mktemp("rauc"), "site-1/rad-1"
    if request.param == "real":
        signer = signer_in(folder / "signer")
        with a_lab(lab_fleet(sites=1), folder / "lab", Level.SYSTEM, keyring=signer.pem) as lab:
            yield Real(lab, unit, folder, signer)
        return
    with a_lab(lab_fleet(sites=1), folder / "lab", Level.NAMESPACES) as lab:
        yield StandIn(lab, unit, folder)


@pytest.fixture
def unit(a_unit_with_rauc: Driver) -> Driver:
    """Return the unit with both slots good and the booted one primary, whatever the test before did."""
    for mark in (("mark-good", "other"), ("mark-active", "booted")):
        assert a_unit_with_rauc.rauc("status", *mark).code == 0
    return a_unit_with_rauc


@dataclass(frozen=True)
class Seen:
    """One `rauc status`."""

    document: dict[str, Any]

    @property
    def slots(self) -> dict[str, dict[str, Any]]:
        return {name: about for entry in self.document["slots"] for name, about in entry.items()}

    @property
    def primary(self) -> str:
        return str(self.document["boot_primary"])

    @property
    def booted(self) -> str:
        """The slot that runs, found by its boot name as RAUC's `booted` has it."""
        return next(name for name, about in self.slots.items() if about["bootname"] == self.document["booted"])

    @property
    def other(self) -> str:
        return next(name for name in self.slots if name != self.booted)

    def boot_status(self, slot: str) -> str:
        return str(self.slots[slot]["boot_status"])


def see(unit: Driver, *options: str) -> Seen:
    said = unit.rauc("status", *options, "--output-format=json")
    assert said.code == 0, said.err
    return Seen(json.loads(said.out))


def test_status_has_the_keys_that_fleetctl_reads(unit: Driver) -> None:
    seen = see(unit)
    assert {"compatible", "variant", "booted", "boot_primary", "slots"} <= seen.document.keys()
    assert seen.document["compatible"] == unit.compatible
    assert sorted(seen.slots) == ["rootfs.0", "rootfs.1"]
    keys = {"class", "device", "type", "bootname", "state", "parent", "mountpoint", "boot_status"}
    assert all(keys <= about.keys() for about in seen.slots.values())


def test_exactly_one_slot_is_booted(unit: Driver) -> None:
    """Where it is mounted is left open: RAUC 1.8 does not say so of a device that is named by a link."""
    seen = see(unit)
    states = {name: about["state"] for name, about in seen.slots.items()}
    assert states == {seen.booted: "booted", seen.other: "inactive"}
    assert seen.slots[seen.other]["mountpoint"] is None


def test_a_healthy_unit_is_good_and_primary(unit: Driver) -> None:
    seen = see(unit)
    assert (seen.primary, seen.boot_status(seen.booted)) == (seen.booted, "good")


def test_the_shell_form_says_the_same(unit: Driver) -> None:
    said, seen = unit.rauc("status", "--output-format=shell").out, see(unit)
    lines = dict(line.split("=", 1) for line in said.splitlines() if line)
    assert shlex.split(lines["RAUC_SYSTEM_BOOTED_BOOTNAME"]) == [seen.document["booted"]]
    assert shlex.split(lines["RAUC_BOOT_PRIMARY"]) == [seen.primary]


def test_the_readable_form_names_both_slots(unit: Driver) -> None:
    said = unit.rauc("status").out
    assert "[rootfs.0]" in said
    assert "[rootfs.1]" in said


def test_an_unknown_form_is_refused(unit: Driver) -> None:
    assert unit.rauc("status", "--output-format=xml").code != 0


def test_marking_a_slot_bad_and_good_again(unit: Driver) -> None:
    name = see(unit).other
    assert unit.rauc("status", "mark-bad", name).code == 0
    assert see(unit).boot_status(name) == "bad"
    assert unit.rauc("status", "mark-good", "other").code == 0
    assert see(unit).boot_status(name) == "good"


def test_marking_a_slot_active_makes_it_primary_and_boots_nothing(unit: Driver) -> None:
    before = see(unit)
    assert unit.rauc("status", "mark-active", "other").code == 0
    after = see(unit)
    assert (after.primary, after.booted) == (before.other, before.booted)


def test_a_slot_that_is_not_there_cannot_be_marked(unit: Driver) -> None:
    assert unit.rauc("status", "mark-good", "rootfs.7").code != 0
    assert unit.rauc("status", "mark-good", "nonsense").code != 0


def test_info_tells_what_a_bundle_is_for(unit: Driver) -> None:
    document = json.loads(unit.rauc("info", "--output-format=json", unit.bundle("4.0", boots=False)).out)
    assert (document["compatible"], document["version"]) == (unit.compatible, "4.0")


def test_an_install_is_not_activated_and_a_reboot_stays_on_its_slot(unit: Driver) -> None:
    """Else any blackout after an install would boot the new slot outside of every gate."""
    before, version = see(unit), unit.version()
    assert unit.rauc("install", unit.bundle("5.0", boots=False)).code == 0
    after = see(unit, "--detailed")
    assert (after.booted, after.primary) == (before.booted, before.booted)
    written = after.slots[before.other]["slot_status"]
    assert (written["bundle"]["version"], written["status"]) == ("5.0", "ok")
    assert written["installed"]["timestamp"].endswith("Z")
    unit.reboot()
    assert unit.version() == version


def test_an_installed_slot_that_is_activated_boots_and_is_marked_good(unit: Driver) -> None:
    before = see(unit)
    unit.rauc("install", unit.bundle("7.0"))
    unit.rauc("status", "mark-active", "other")
    unit.reboot()
    after = see(unit)
    assert (after.booted, after.primary, unit.version()) == (before.other, before.other, "7.0")
    assert after.boot_status(after.booted) == "good"


def test_a_system_that_does_not_boot_falls_back_and_is_bad(unit: Driver) -> None:
    before, version = see(unit), unit.version()
    unit.rauc("install", unit.bundle("8.0", boots=False))
    unit.rauc("status", "mark-active", "other")
    unit.reboot()
    after = see(unit)
    assert (after.booted, unit.version()) == (before.booted, version)
    assert after.boot_status(before.other) == "bad"


@pytest.mark.parametrize(
    ("version", "wrong"),
    [("9.0", {"compatible": "something-else"}), ("9.1", {"damaged": True})],
    ids=["foreign", "damaged"],
)
def test_a_bundle_that_is_not_for_this_unit_or_damaged_is_refused(
    unit: Driver, version: str, wrong: dict[str, Any]
) -> None:
    before = see(unit)
    refused = unit.rauc("install", unit.bundle(version, boots=False, **wrong))
    assert refused.code != 0
    assert "failed" in refused.err
    after = see(unit)
    assert (after.booted, after.primary) == (before.booted, before.booted)


def test_a_bundle_that_is_not_there_is_refused(unit: Driver) -> None:
    assert unit.rauc("install", "/data/nowhere.raucb").code != 0
