"""The templates that ship: every file is what its daemon reads, checked by the daemon itself where it is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from fleetctl.adapters.share import TemplateFolders
from fleetctl.core.config import Config
from fleetctl.core.inventory.fleet import ComputeSettings, Fleet, Loop, SiteNetwork, Unit
from fleetctl.core.render import Renderer
from tests.builders.fleets import a_boiler, a_building, a_fleet, a_gateway, a_plant, a_radiator, a_site

NETWORKD_KEYS = {
    "Match": {"MACAddress", "Type", "Name"},
    "Network": {
        "Address", "Gateway", "DNS", "Domains", "LinkLocalAddressing", "IPv6AcceptRA", "LLDP", "EmitLLDP", "DHCP",
        "ConfigureWithoutCarrier", "IPMasquerade",
    },
    "Link": {"RequiredForOnline"},
    "DHCPv4": {"UseHostname", "UseDomains", "SendHostname", "Hostname"},
}  # fmt: skip
"""Keys that systemd.network(5) of systemd 252 knows, as far as they are used."""
SAMPLE = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*\{(?P<labels>([a-zA-Z_][a-zA-Z0-9_]*="(\\.|[^"\\\n])*",?)*)\} \S+')


def bare_site() -> Fleet:
    """Return a fleet with as little declared as possible."""
    units = (
        a_gateway("bare", 9, mac="", uplink_address=""),
        a_radiator("bare", 9, 0, mac="", compute=ComputeSettings(), labels={}),
        a_boiler("bare", 9, 1, mac=""),
    )
    site = a_site("bare", 9, units, network=SiteNetwork("10.77.9.0/24"))
    loop = Loop("hot-water", 200.0, 2000.0)
    return a_fleet(replace(site, loops={"hot-water": loop}))


FLEETS = (a_fleet(a_building(radiators=30), a_plant()), bare_site())
CONFIGS: dict[str, Config] = {
    config.unit: config
    for fleet in FLEETS
    for config in Renderer(TemplateFolders().read(), fleet).configs(fleet.units())
}
UNITS: dict[str, Unit] = {unit.name: unit for fleet in FLEETS for unit in fleet.units()}


def files(path: str) -> list[Any]:
    """Return a parameter for each unit that has a file whose path matches."""
    return [
        pytest.param(config.unit, file.content, id=f"{config.unit}{file.path}")
        for config in CONFIGS.values()
        if UNITS[config.unit].id in ("gw-1", "a101-1", "boiler-1", "boiler-2")
        for file in config.files
        if re.fullmatch(path, file.path)
    ]


def sections(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield section, key and value of a systemd file; fails on any other line."""
    section = ""
    for line in text.splitlines():
        if head := re.fullmatch(r"\[(\w+)\]", line):
            section = head[1]
        elif line and not line.startswith("#"):
            setting = re.fullmatch(r"(\w+)=(.*)", line)
            assert setting, line
            yield section, setting[1], setting[2]


def test_every_unit_has_eight_files_or_more() -> None:
    assert min(len(config.files) for config in CONFIGS.values()) >= 8


@pytest.mark.parametrize("config", CONFIGS.values(), ids=lambda config: config.unit)
def test_every_file_ends_with_one_line_break_and_has_no_blank_at_an_end_of_line(config: Config) -> None:
    for file in config.files:
        assert file.content.endswith("\n"), file.path
        assert not file.content.endswith("\n\n"), file.path
        assert not re.search(r"[ \t]$", file.content, re.MULTILINE), file.path


@pytest.mark.parametrize(("unit", "text"), files(r"/etc/systemd/network/.*\.network"))
def test_networkd_knows_every_setting(unit: str, text: str) -> None:
    settings = list(sections(text))

    assert all(key in NETWORKD_KEYS[section] for section, key, _ in settings)
    assert any(section == "Match" for section, _, _ in settings)


@pytest.mark.parametrize(("unit", "text"), files(r"/etc/systemd/network/10-.*\.network"))
def test_a_unit_gives_itself_its_address(unit: str, text: str) -> None:
    found = {(section, key): value for section, key, value in sections(text)}

    assert found["Network", "Address"] == f"{UNITS[unit].address}/24"
    assert found["Match", "MACAddress" if UNITS[unit].mac else "Name" if "gw" in unit else "Type"]


@pytest.mark.parametrize(("unit", "text"), files(r"/etc/systemd/timesyncd.conf.d/.*"))
def test_time_comes_from_the_gateway_if_no_server_is_declared(unit: str, text: str) -> None:
    gateway = next(u.address for u in UNITS.values() if u.site == UNITS[unit].site and u.id == "gw-1")

    assert list(sections(text)) == [("Time", "NTP", gateway), ("Time", "FallbackNTP", "")]


@pytest.fixture(scope="module")
def host_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = tmp_path_factory.mktemp("key") / "host"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    return key


@pytest.mark.skipif(shutil.which("sshd", path="/usr/sbin:/usr/bin") is None, reason="sshd is not installed")
@pytest.mark.parametrize(("unit", "text"), files("/etc/ssh/sshd_config.d/.*"))
def test_sshd_takes_its_settings(unit: str, text: str, host_key: Path, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # what a service manager makes before it starts sshd as root
    (tmp_path / "drop-in.conf").write_text(text)
    (tmp_path / "sshd_config").write_text(f"Include {tmp_path}/*.conf\nHostKey {host_key}\n")

    done = subprocess.run(["/usr/sbin/sshd", "-T", "-f", str(tmp_path / "sshd_config")], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    effective = dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
    assert effective["passwordauthentication"] == effective["kbdinteractiveauthentication"] == "no"
    gateway = "gw" in unit
    assert effective["allowtcpforwarding"] == ("yes" if gateway else "no")
    assert effective["permitlisten"] == (f"{UNITS[unit].address}:8099" if gateway else "any")
    assert effective["gatewayports"] == ("clientspecified" if gateway else "no")
    assert effective["permitrootlogin"] == ("without-password" if UNITS[unit].ssh.user == "root" else "no")


@pytest.mark.parametrize(("unit", "text"), files("/etc/fleet/heat.toml"))
def test_the_heat_agent_gets_toml_within_the_hardwares_limits(unit: str, text: str) -> None:
    settings = tomllib.loads(text)

    assert 0 < settings["limits"]["power_w"] <= 2000.0
    assert settings["state"] == {"path": "/run/heat/state.json", "every_s": 30}
    assert settings["watchdog"]["timeout_s"] == UNITS[unit].heat.watchdog_s


@pytest.mark.parametrize(("unit", "text"), files("/etc/fleet/heat.toml"))
def test_the_residents_own_setpoint_is_never_written(unit: str, text: str) -> None:
    setpoint = tomllib.loads(text).get("setpoint", {})

    assert set(setpoint) <= {"min_c", "max_c", "default_c"}


def test_a_boiler_keeps_hot_water_safe() -> None:
    large, small = (
        tomllib.loads(next(f.content for f in CONFIGS[unit].files if f.path == "/etc/fleet/heat.toml"))
        for unit in ("hot-water/boiler-1", "bare/boiler-2")
    )

    assert large["loop"]["storage_min_c"] == 55.0
    assert large["loop"]["return_min_c"] == small["loop"]["return_min_c"] == 50.0
    assert large["disinfection"] == {"mode": "daily", "at": "03:00"}
    assert large["limits"]["water_max_c"] == 65.0
    assert "storage_min_c" not in small["loop"]
    assert "disinfection" not in small


@pytest.mark.parametrize(("unit", "text"), files(r"/etc/fleet/(compute\.env|boot\.conf)"))
def test_the_shell_reads_environment_files_as_they_are_meant(unit: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "env").write_text(text)
    script = 'set -eu; . "$1"; printf "%s" "${SLURMD_OPTIONS:-${FLEET_PLATFORM:-$FLEET_CMDLINE}}"'

    done = subprocess.run(["sh", "-c", script, "sh", tmp_path / "env"], capture_output=True, text=True, check=True)

    expected = {
        "les-sables/a101-1": "-Z -N les-sables-a101-1 --conf-server slurm.example.net:6817 "
        "--conf 'CPUs=12 Feature=radiator,les-sables'"
    }
    if "FLEET_CMDLINE" in text:
        assert done.stdout.startswith("console=ttyS0,115200 panic=10")
    else:
        assert done.stdout == expected.get(unit, "none")


@pytest.mark.parametrize(("unit", "text"), files(r"/var/lib/prometheus/.*\.prom"))
def test_labels_are_in_prometheus_text_format(unit: str, text: str) -> None:
    assert text.startswith("# HELP fleet_unit_info ")
    samples = [line for line in text.splitlines() if not line.startswith("#")]

    assert len(samples) == 1
    sample = SAMPLE.fullmatch(samples[0])
    assert sample
    assert f'unit="{unit}"' in sample["labels"]


def test_labels_that_people_give_cannot_break_the_format() -> None:
    unit = a_radiator("s", 1, 0, labels={"a b": 'x"} 1\nevil{y="\\'})
    fleet = a_fleet(a_site("s", 1, (a_gateway("s", 1), unit)))
    config = Renderer(TemplateFolders().read(), fleet).config(unit)
    text = next(file.content for file in config.files if file.path.endswith(".prom"))

    assert [bool(SAMPLE.fullmatch(line)) for line in text.splitlines()] == [False, False, True]


@pytest.mark.skipif(shutil.which("dnsmasq") is None, reason="dnsmasq is not installed")
@pytest.mark.parametrize(("unit", "text"), files("/etc/dnsmasq.d/.*"))
def test_dnsmasq_takes_its_settings(unit: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "fleet.conf").write_text(text)

    done = subprocess.run(["dnsmasq", "--test", "-C", str(tmp_path / "fleet.conf")], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


def test_dnsmasq_serves_the_units_behind_the_gateway_and_no_others() -> None:
    text = next(f.content for f in CONFIGS["les-sables/gw-1"].files if f.path.startswith("/etc/dnsmasq.d"))

    hosts = re.findall(r"^dhcp-host=([0-9a-f:]{17}),([0-9.]+),([a-z0-9-]+)$", text, re.MULTILINE)

    expected = [u for u in UNITS.values() if u.site == "les-sables" and u.gateway == "gw-1"]
    assert hosts == [(unit.mac, unit.address, unit.id) for unit in expected]


def test_a_machine_that_is_not_declared_gets_an_address_of_nobodys_and_no_router() -> None:
    text = next(f.content for f in CONFIGS["les-sables/gw-1"].files if f.path.startswith("/etc/dnsmasq.d"))
    found = re.search(r"^dhcp-range=set:stranger,([0-9.]+),([0-9.]+),", text, re.MULTILINE)
    assert found
    first, last = map(IPv4Address, found.groups())
    taken = [IPv4Address(unit.address) for unit in UNITS.values() if unit.site == "les-sables"]
    assert first <= last
    assert not [address for address in taken if first <= address <= last]
    assert "dhcp-ignore=tag:!known,tag:!netboot\n" in text
    assert "option=tag:!stranger,option:router," in text


@pytest.mark.parametrize(("unit", "text"), files(r".*\.ipxe"))
def test_ipxe_asks_the_gateway(unit: str, text: str) -> None:
    assert text.startswith("#!ipxe\n")
    assert f"chain --autofree http://{UNITS[unit].address}:8099/v1/boot.ipxe?" in text


@pytest.mark.parametrize("config", CONFIGS.values(), ids=lambda config: config.unit)
def test_what_could_cut_a_unit_off_or_leave_it_cold_is_confirmed(config: Config) -> None:
    confirmed = {file.service for file in config.files if file.confirm}
    hot = set() if "gw" in config.unit else {"heat"}

    assert confirmed == {"network", "ssh"} | hot
    assert {file.path for file in config.files if file.reboot} == {"/etc/fleet/boot.conf"}


def test_only_files_that_need_one_hold_a_secret_and_others_cannot_read_them() -> None:
    holders = {(f.path, f.mode) for config in CONFIGS.values() for f in config.files if f.secrets}

    assert holders == {("/etc/fleet/compute.env", 0o600)}
