"""The checks of the service hooks, on a folder that stands for a unit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fleetctl.lab.base import SERVICES
from fleetctl.lab.layout import Level, lay_out
from fleetctl.lab.unit import file_checks, hooks
from tests.builders.lab_fleets import lab_fleet

CHECKS = {**hooks.CHECKS, **file_checks.CHECKS}
SETTINGS = {s.unit: s.settings for s in lay_out(lab_fleet(), Level.PROCESSES).stands}["site-1/rad-1"]
NETWORK = "[Match]\nName=eth0\n[Network]\nAddress=10.77.1.11/24\nGateway=10.77.1.1\n"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty staged tree; FLEET_ROOT is a unit without a network of its own."""
    root = tmp_path / "root"
    for name in ("run/lab", "etc/ssh"):
        (root / name).mkdir(parents=True)
    (root / "run/lab/unit.json").write_text(SETTINGS.to_json())
    key = root / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    (root / "etc/ssh/sshd_config").write_text(f"Include {root}/etc/ssh/sshd_config.d/*.conf\nHostKey {key}\n")
    monkeypatch.setenv("FLEET_ROOT", str(root))
    return tmp_path / "tree"


def staged(tree: Path, path: str, text: str) -> Path:
    """Stage one file; returns the tree."""
    file = tree / path
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return tree


GOOD = [
    ("network", "etc/systemd/network/10-fleet.network", NETWORK),
    ("ssh", "etc/ssh/sshd_config.d/10-fleet.conf", "PasswordAuthentication no\n"),
    ("heat", "etc/fleet/heat.toml", "[limits]\npower_w = 650\n"),
    ("time", "etc/systemd/timesyncd.conf.d/10-fleet.conf", "# by fleetctl\n[Time]\nNTP=10.77.1.1\n"),
    ("time", "etc/chrony/conf.d/10-fleet.conf", "server 10.0.0.1 iburst\nlocal stratum 10\n"),
    ("compute", "etc/fleet/compute.env", "FLEET_PLATFORM=none\nOPTIONS='-a b'\n"),
    ("boot", "etc/fleet/boot.conf", 'FLEET_CMDLINE="panic=10 oops=panic"\n'),
    ("labels", "etc/fleet/labels.prom", '# TYPE fleet gauge\nfleet_unit_info{site="a",unit="b c"} 1\n'),
    ("netboot", "etc/dnsmasq.d/fleet.conf", "bogus-priv\nlisten-address=10.77.1.1\n"),
    ("netboot", "srv/fleet/netboot/boot.ipxe", "#!ipxe\nshell\n"),
]
BAD = [
    ("network", "etc/systemd/network/10-fleet.network", NETWORK.replace("/24", "/99"), "10-fleet.network"),
    ("ssh", "etc/ssh/sshd_config.d/10-fleet.conf", "NoSuchOption yes\n", "NoSuchOption"),
    ("heat", "etc/fleet/heat.toml", "[limits]\npower_w = 9000\n", "this unit has 650"),
    ("time", "etc/chrony/conf.d/10-fleet.conf", "# ok\nserve 10.0.0.1\n", "line 2 is not a directive"),
    ("time", "etc/systemd/timesyncd.conf.d/10-fleet.conf", "[Clock]\n", "line 1"),
    ("compute", "etc/fleet/compute.env", "TOKEN='half\n", "line 1 is not NAME=value"),
    ("boot", "etc/fleet/boot.conf", "two words\n", "line 1 is not NAME=value"),
    ("labels", "etc/fleet/labels.prom", "fleet_unit_info\n", "line 1 is not a sample"),
    ("netboot", "etc/dnsmasq.d/fleet.conf", "Rubbish here\n", "line 1 is not an option"),
    ("netboot", "srv/fleet/netboot/boot.ipxe", "shell\n", "does not begin"),
]


@pytest.mark.parametrize(("service", "path", "text"), GOOD)
def test_a_good_file_passes(tree: Path, service: str, path: str, text: str) -> None:
    CHECKS[service](staged(tree, path, text))


@pytest.mark.parametrize(("service", "path", "text", "complaint"), BAD)
def test_a_bad_file_fails_with_the_reason(tree: Path, service: str, path: str, text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        CHECKS[service](staged(tree, path, text))


def test_what_is_wrong_with_a_private_file_does_not_give_it_away(tree: Path) -> None:
    with pytest.raises(ValueError, match="line 1") as caught:
        file_checks.check_variables("etc/fleet", "compute.env")(
            staged(tree, "etc/fleet/compute.env", "TOKEN='hunter2\n")
        )
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_without_files_passes(tree: Path, service: str) -> None:
    tree.mkdir()
    CHECKS[service](tree)


def test_every_service_has_a_hook() -> None:
    assert set(CHECKS) == set(SERVICES)
