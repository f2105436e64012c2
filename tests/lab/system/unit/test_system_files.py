"""What a unit finds in its files at boot."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path

import pytest

from fleetctl.lab.layout import CONTROLLER, Level, lay_out
from fleetctl.lab.system.unit import system_files
from fleetctl.lab.unit.network import parse
from tests.builders.lab_fleets import lab_fleet

SETTINGS = {stand.unit: stand.settings for stand in lay_out(lab_fleet(sites=1), Level.SYSTEM).stands}
RADIATOR, GATEWAY = SETTINGS["site-1/rad-1"], SETTINGS["site-1/gw"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root whose slot brings a release."""
    for name in ("etc/fleet", "data"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "etc/fleet/release").write_text("VERSION=2.0\n")
    return tmp_path


def test_the_slot_says_the_version_and_the_machine_the_rest(root: Path) -> None:
    system_files.write(RADIATOR, root)
    told = dict(line.split("=") for line in (root / "etc/fleet/release").read_text().splitlines())
    assert told == {
        "VERSION": "2.0",
        "MODEL": "qh-1",
        "KIND": "radiator",
        "SERIAL": "LAB-1-11",
        "COMPATIBLE": "radiator-lab",
    }


def test_rauc_never_activates_what_it_installs_and_knows_both_slots(root: Path) -> None:
    system_files.write(RADIATOR, root)
    config = ConfigParser()
    config.read(root / "etc/rauc/system.conf")
    assert config["system"]["compatible"] == "radiator-lab"
    assert config.getboolean("system", "activate-installed") is False
    assert [config[f"slot.rootfs.{n}"]["bootname"] for n in (0, 1)] == ["A", "B"]


def test_a_gateway_has_a_cache_and_heats_nothing(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    system_files.write(RADIATOR, root)
    wanted = "run/systemd/system/multi-user.target.wants"
    assert {p.name for p in (root / wanted).iterdir()} == {"fleet-heat.service", "fleet-compute.service"}
    other = tmp_path_factory.mktemp("gateway")
    for name in ("etc/fleet", "data"):
        (other / name).mkdir(parents=True)
    (other / "etc/fleet/release").write_text("VERSION=2.0\n")
    system_files.write(GATEWAY, other)
    assert {p.name for p in (other / wanted).iterdir()} == {"fleet-cache.service", "fleet-hub.service"}
    assert "LAB_CACHE=10.77.1.1:8480" in (other / "run/lab/environment").read_text()


def test_a_second_boot_writes_the_same(root: Path) -> None:
    system_files.write(RADIATOR, root)
    (root / "run/systemd/system/multi-user.target.wants").rename(root / "away")  # /run is fresh at each boot
    written = (root / "etc/rauc/system.conf").stat().st_mtime_ns
    system_files.write(RADIATOR, root)
    assert (root / "etc/rauc/system.conf").stat().st_mtime_ns == written


def test_fleetctls_files_win_over_the_labs_but_for_the_uplink() -> None:
    files = dict(system_files.network(GATEWAY))
    assert sorted(files) == ["00-lab-wan0.network", "99-lab-lan0.network"]
    assert "00-lab-wan0.network" < "10-fleet-lan.network" < "20-fleet-uplink.network" < "99-lab-lan0.network"
    assert parse(files["99-lab-lan0.network"]).addresses == ("10.77.1.1/24",)
    assert f"Destination={CONTROLLER}/32" in files["00-lab-wan0.network"]
