"""Updates of running stand-ins, by hand over SSH: a bundle goes through the gateway's cache into the other slot."""

from __future__ import annotations

import hashlib
import itertools
import json
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fleetctl.lab.bundles import Signer, build, signer_in
from fleetctl.lab.layout import Level
from tests.builders.lab_fleets import lab_fleet
from tests.builders.labs import Lab, a_lab, wait_until

pytestmark = pytest.mark.lab

GATEWAY, RADIATOR, GATEWAYS_ADDRESS = "site-1/gw", "site-1/rad-1", "10.77.1.1"


@dataclass
class Site:
    """A gateway and a radiator, and what a controller would ask of them."""

    lab: Lab
    folder: Path
    signer: Signer
    steps: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def unit(self, unit: str, *words: str, given: bytes = b"") -> dict[str, Any]:
        """Run `fleet-unit` on a unit; return its document."""
        done = self.lab.run(unit, shlex.join(["fleet-unit", *words]), given=given)
        assert done.returncode == 0, done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def effect(self, unit: str, command: str, *words: str, given: bytes = b"") -> dict[str, Any]:
        """Ask for an effect as a new step."""
        step = ("--epoch", "1", "--attempt", "r1:x:1", "--step", str(next(self.steps)))
        return self.unit(unit, command, *step, *words, given=given)

    def bundle(
        self, version: str, *, fails: str = "", compatible: str = "radiator-lab", by: Signer | None = None
    ) -> Path:
        """Build a release."""
        path = self.folder / f"{version}.raucb"
        build(path, compatible, version, by or self.signer, fails=fails, ballast_bytes=500_000)
        return path

    def carry(self, bundle: Path) -> str:
        """Bring a bundle to the gateway; return its digest."""
        content = bundle.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        about = ("--bundle", sha256, "--size", str(len(content)), "--offset", "0")
        assert self.effect(GATEWAY, "receive", *about, given=content)["received_bytes"] == len(content)
        return sha256

    def stage(self, bundle: Path) -> str:
        """Let the radiator fetch a bundle from its gateway, to the end; return the digest."""
        sha256 = self.carry(bundle)
        url = f"http://{GATEWAYS_ADDRESS}:8480/bundles/{sha256}"
        about = ("--bundle", sha256, "--size", str(bundle.stat().st_size), "--url", url)
        assert self.effect(RADIATOR, "stage", *about)["ending"] == "ok"
        self.until("staged", lambda told: told["ready"])
        return sha256

    def install(self, bundle: Path, version: str) -> None:
        """Install a release on the radiator, to the end."""
        sha256 = self.stage(bundle)
        outcome = self.effect(RADIATOR, "install", "--bundle", sha256, "--release", version)
        assert outcome["ending"] == "ok", outcome["message"]
        self.until("installed", lambda told: told["done"])

    def boot_other(self) -> None:
        """Let the radiator boot its other slot, and wait until it has marked good wherever it ended up."""
        before = self.lab.boots(RADIATOR)
        other = "B" if self.slot == "A" else "A"
        outcome = self.effect(RADIATOR, "activate-reboot", "--slot", other)
        assert outcome["ending"] == "ok", outcome["message"]
        self.until_booted(before)

    def until_booted(self, before: int) -> None:
        """Wait until the radiator has booted again and is good."""
        lab = self.lab
        wait_until(lambda: lab.boots(RADIATOR) > before and lab.phase(RADIATOR) == "good", "it is back", 120.0)

    def until(self, what: str, is_so: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Wait until the radiator's status says something of `staged` or `installed`."""
        told: dict[str, Any] = {}

        def look() -> bool:
            told.update(self.told(what))
            assert not told["failure"], told["failure"]
            return bool(is_so(told))

        wait_until(look, f"{what} is so")
        return told

    def told(self, what: str) -> dict[str, Any]:
        """Return what the radiator's status says of `staged` or `installed`."""
        told: dict[str, Any] = self.unit(RADIATOR, "status")["update"][what]
        return told

    @property
    def slot(self) -> str:
        """The radiator's booted slot."""
        return str(self.unit(RADIATOR, "status")["slots"]["booted"])

    @property
    def version(self) -> str:
        """What the radiator's system says that it is."""
        return self.lab.ask(RADIATOR, "sed -n s/^VERSION=//p /etc/fleet/release")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("updates")
    signer = signer_in(folder / "signer")
    with a_lab(lab_fleet(sites=1), folder / "lab", Level.NAMESPACES, keyring=signer.pem) as lab:
        yield Site(lab, folder, signer)


def test_a_release_goes_through_the_gateways_cache_into_the_other_slot(site: Site) -> None:
    slot, version = site.slot, site.version
    site.install(site.bundle("2.0.0"), "2.0.0")
    assert (site.slot, site.version) == (slot, version)
    site.boot_other()
    assert (site.slot, site.version) == ("B" if slot == "A" else "A", "2.0.0")


def test_a_release_that_panics_falls_back_by_itself_and_is_not_tried_again(site: Site) -> None:
    slot, version = site.slot, site.version
    site.install(site.bundle("2.1.0", fails="panic"), "2.1.0")
    site.boot_other()
    assert (site.slot, site.version) == (slot, version)
    assert "fell back" in site.told("installed")["failure"]
    other = "B" if slot == "A" else "A"
    assert site.effect(RADIATOR, "activate-reboot", "--slot", other)["ending"] == "refused"


def test_a_release_without_a_heat_agent_is_left_by_the_unit_itself(site: Site) -> None:
    slot = site.slot
    site.install(site.bundle("2.2.0", fails="no-agent"), "2.2.0")
    site.boot_other()
    assert site.slot == slot
    assert "fell back" in site.told("installed")["failure"]


def test_a_release_that_heats_by_nothing_is_good_for_the_unit_and_the_way_back_is_open(site: Site) -> None:
    version = site.version
    site.install(site.bundle("2.3.0", fails="no-heat"), "2.3.0")
    site.boot_other()
    assert site.version == "2.3.0"
    heat = site.unit(RADIATOR, "status")["heat"]
    assert heat["power_w"] == 0.0
    assert heat["commanded_w"] > 0.0
    site.boot_other()
    assert site.version == version


def test_power_that_is_cut_while_a_slot_is_written_costs_nothing_but_the_time(site: Site) -> None:
    slot, bundle = site.slot, site.bundle("2.4.0")
    sha256 = site.stage(bundle)
    site.lab.ask(RADIATOR, "mkdir -p /data/lab && echo 30 > /data/lab/slow-flash")
    site.effect(RADIATOR, "install", "--bundle", sha256, "--release", "2.4.0")
    site.until("installed", lambda told: told["percent"] >= 40)
    before = site.lab.boots(RADIATOR)
    site.lab.fault(RADIATOR, "cut")
    wait_until(lambda: site.lab.phase(RADIATOR) == "off", "it is off")
    site.lab.fault(RADIATOR, "on")
    site.until_booted(before)
    assert site.slot == slot
    assert "cut short" in site.told("installed")["failure"]
    site.lab.ask(RADIATOR, "rm /data/lab/slow-flash")
    site.install(bundle, "2.4.0")


def test_what_the_keyring_does_not_vouch_for_is_not_installed(site: Site, tmp_path: Path) -> None:
    sha256 = site.stage(site.bundle("2.5.0", by=signer_in(tmp_path)))
    outcome = site.effect(RADIATOR, "install", "--bundle", sha256, "--release", "2.5.0")
    assert outcome["ending"] == "refused"
    assert "signature verification failed" in outcome["message"]
