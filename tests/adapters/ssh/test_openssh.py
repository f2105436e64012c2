"""The configuration for OpenSSH, as OpenSSH itself reads it (`ssh -G`), and the masters that it uses."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fleetctl.adapters.ssh.masters import KEPT_CONFIGS, MasterConnections
from fleetctl.adapters.ssh.openssh import control_path, write_ssh_config
from fleetctl.core.problems import CouldNot
from fleetctl.core.route import Hop, Pin, Route
from tests.builders.sshd import Servers, servers

PIN = Pin("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIESUe4acCqz8k8Whu+SvmKnORFC/5BFRL8wp0cKRMPSw")
GATEWAY = Hop("site/gw", "gw.site", "198.51.100.7", 2222, "fleet", "/keys/id", (PIN,))
UNIT = Hop("site/unit", "unit.site", "10.77.1.11", 22, "root", "", (Pin("ssh-rsa", "AAAA"),))


def options(config: Path, alias: str) -> dict[str, str]:
    """Ask OpenSSH what it makes of the file."""
    done = subprocess.run(["ssh", "-G", "-F", config, alias], capture_output=True, text=True, check=True)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


def test_a_hop_is_what_the_route_says(tmp_path: Path) -> None:
    read = options(write_ssh_config([Route((), (GATEWAY,))], tmp_path), "gw.site")
    expected = {
        "hostname": "198.51.100.7",
        "port": "2222",
        "user": "fleet",
        "hostkeyalias": "gw.site",
        "identityfile": "/keys/id",
        "identitiesonly": "yes",
        "hostkeyalgorithms": "ssh-ed25519",
    }
    assert read | expected == read


def test_nothing_is_learnt_and_nobody_is_asked(tmp_path: Path) -> None:
    read = options(write_ssh_config([Route((), (GATEWAY,))], tmp_path), "gw.site")
    expected = {
        "userknownhostsfile": str(tmp_path / "known_hosts"),
        "globalknownhostsfile": "none",
        "stricthostkeychecking": "true",
        "updatehostkeys": "false",
        "batchmode": "yes",
        "passwordauthentication": "no",
        "forwardagent": "no",
    }
    assert read | expected == read


def test_a_unit_behind_a_gateway_gets_the_cheap_exchange_and_the_gateway_the_default(tmp_path: Path) -> None:
    config = write_ssh_config([Route((), (GATEWAY, UNIT))], tmp_path)
    assert options(config, "unit.site")["kexalgorithms"].startswith("curve25519-sha256")
    assert options(config, "gw.site")["kexalgorithms"].startswith("sntrup761")
    assert options(config, "unit.site")["proxycommand"] == f"ssh -F {config} -W [%h]:%p gw.site"


def test_an_rsa_key_is_proven_by_modern_signatures_only(tmp_path: Path) -> None:
    read = options(write_ssh_config([Route((), (UNIT,))], tmp_path), "unit.site")
    assert read["hostkeyalgorithms"] == "rsa-sha2-512,rsa-sha2-256"


def test_files_are_private_and_gateways_stand_in_them_once(tmp_path: Path) -> None:
    units = [replace(UNIT, alias=f"u{n}.site") for n in range(3)]
    config = write_ssh_config([Route((), (GATEWAY, unit)) for unit in units], tmp_path)
    assert config.read_text().count("Host gw.site\n") == 1
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_dial_command_with_quotes_and_line_breaks_stays_one_command(tmp_path: Path) -> None:
    said = tmp_path / "said"
    dial = ("sh", "-c", f'printf "%s\n" "$@" > {said}', "it's", 'two "words"\nProxyCommand evil', "100%h")
    config = write_ssh_config([Route(dial, (GATEWAY,))], tmp_path)
    subprocess.run(["ssh", "-F", config, "gw.site"], capture_output=True)
    assert said.read_text() == 'two "words"\nProxyCommand evil\n100%h\n'


@pytest.mark.parametrize("host", ['a"b', "a\nProxyCommand evil", "a\\b"])
def test_what_would_be_read_as_something_else_is_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(CouldNot, match="cannot stand in a configuration"):
        write_ssh_config([Route((), (replace(GATEWAY, host=host),))], tmp_path)


@pytest.fixture
def maker(tmp_path: Path) -> Iterator[Servers]:
    with servers(tmp_path / "servers") as made:
        yield made


def run(config: Path, alias: str, command: str = "echo in") -> str:
    done = subprocess.run(["ssh", "-F", config, alias, command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_units_share_one_connection_to_their_gateway(maker: Servers) -> None:
    gateway, units = maker.start("site/gw"), [maker.start(f"site/u{n}") for n in range(2)]
    with MasterConnections() as masters:
        config = masters.config([unit.route(through=gateway) for unit in units])
        assert [run(config, unit.hop.alias) for unit in units] == ["in", "in"]
        masters.config([units[0].route(through=gateway)])
        assert (gateway.folder / "log").read_text().count("Accepted publickey") == 1
        folder = masters.folder
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_a_gateway_that_is_itself_the_target_gets_a_connection_of_its_own(maker: Servers) -> None:
    gateway, unit = maker.start("site/gw"), maker.start("site/u")
    with MasterConnections() as masters:
        config = masters.config([unit.route(through=gateway), gateway.route()])
        connections = {run(config, gateway.hop.alias, "echo $SSH_CONNECTION") for _ in range(2)}
    assert len(connections) == 2


def test_what_is_sent_to_a_gateway_goes_over_the_connection_of_its_units(maker: Servers) -> None:
    gateway, unit = maker.start("site/gw"), maker.start("site/u")
    with MasterConnections() as masters:
        masters.config([unit.route(through=gateway)])
        sent = [*masters.command(gateway.route()), "cat"]
        assert subprocess.run(sent, input=b"bytes", capture_output=True, check=True).stdout == b"bytes"
        assert (gateway.folder / "log").read_text().count("Accepted publickey") == 1


def test_a_unit_behind_a_gateway_can_be_sent_something_too(maker: Servers) -> None:
    gateway, unit = maker.start("site/gw"), maker.start("site/u")
    with MasterConnections() as masters:
        sent = [*masters.command(unit.route(through=gateway)), "cat"]
        assert subprocess.run(sent, input=b"bytes", capture_output=True, check=True).stdout == b"bytes"


def test_a_master_ends_with_the_block(maker: Servers) -> None:
    gateway, unit = maker.start("site/gw"), maker.start("site/u")
    with MasterConnections() as masters:
        config = masters.config([unit.route(through=gateway)])
        socket = control_path(masters.folder, gateway.hop)
        check = ["ssh", "-F", str(config), "-S", str(socket), "-O", "check", gateway.hop.alias]
        assert subprocess.run(check, capture_output=True).returncode == 0
    assert not socket.exists()


def test_a_gateway_that_is_off_holds_nobody_up(maker: Servers) -> None:
    gateway, unit = maker.start("site/gw"), maker.start("site/u")
    gateway.stop()
    with MasterConnections() as masters:
        config = masters.config([unit.route(through=gateway)])
        done = subprocess.run(["ssh", "-F", config, unit.hop.alias, "true"], capture_output=True, text=True)
        assert done.returncode == 255
        gateway.start()
        assert run(masters.config([unit.route(through=gateway)]), unit.hop.alias) == "in"


def test_only_recent_configurations_are_kept(tmp_path: Path) -> None:
    with MasterConnections() as masters:
        for port in range(1, KEPT_CONFIGS + 5):
            last = masters.config([Route((), (replace(UNIT, port=port),))])
        kept = [path for path in masters.folder.iterdir() if path.is_dir()]
        assert len(kept) == KEPT_CONFIGS
        assert last.exists()
