"""Host keys: paramiko and OpenSSH, configured from the same `Route`, let in and keep out the same servers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fleetctl.adapters.ssh.failures import SshFailed
from fleetctl.adapters.ssh.openssh import write_ssh_config
from fleetctl.adapters.ssh.shell import SshShell
from fleetctl.core.facts import Cause
from fleetctl.core.route import Route
from tests.builders.sshd import Server, Servers, make_key, servers

Client = Callable[[Route], str]
"""Runs `echo in` over a route; returns what it printed.

Raises:
    SshFailed: with the cause.
"""


def by_paramiko(_: Path) -> Client:
    def run(route: Route) -> str:
        return SshShell(timeout_s=20).execute(route, ["echo", "in"])[1].decode().strip()

    return run


def by_openssh(folder: Path) -> Client:
    def run(route: Route) -> str:
        config = write_ssh_config([route], folder)
        done = subprocess.run(["ssh", "-F", config, route.target.alias, "echo in"], capture_output=True, text=True)
        if done.returncode == 255:
            raise SshFailed(cause_of(done.stderr, route), done.stderr)
        return done.stdout.strip()

    return run


def cause_of(stderr: str, route: Route) -> Cause:
    """Read OpenSSH's complaint; one about the gateway's key is one about the gateway."""
    gateway = route.gateway
    if gateway is not None and gateway.alias in stderr:
        return Cause.GATEWAY_DOWN
    if "IDENTIFICATION HAS CHANGED" in stderr or "no matching host key type" in stderr:
        return Cause.HOST_KEY_CHANGED
    if "host key is known for" in stderr:
        return Cause.HOST_KEY_UNKNOWN
    return Cause.AUTHENTICATION if "Permission denied" in stderr else Cause.UNREACHABLE


@pytest.fixture(params=[by_paramiko, by_openssh])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Client:
    folder = tmp_path / "config"
    folder.mkdir()
    made: Client = request.param(folder)
    return made


@pytest.fixture
def maker(tmp_path: Path) -> Iterator[Servers]:
    with servers(tmp_path / "servers") as made:
        yield made


@pytest.fixture
def unit(maker: Servers) -> Server:
    return maker.start("site/unit")


@pytest.fixture
def gateway(maker: Servers) -> Server:
    return maker.start("site/gateway")


def refused(client: Client, route: Route) -> Cause:
    with pytest.raises(SshFailed) as failure:
        client(route)
    return failure.value.cause


def test_a_known_key_is_let_in(client: Client, unit: Server) -> None:
    assert client(unit.route()) == "in"


def test_an_unknown_key_is_kept_out(client: Client, unit: Server) -> None:
    assert refused(client, unit.route(pins=())) is Cause.HOST_KEY_UNKNOWN


def test_a_changed_key_is_kept_out(client: Client, unit: Server, gateway: Server) -> None:
    assert refused(client, unit.route(pins=gateway.pins)) is Cause.HOST_KEY_CHANGED


def test_a_key_of_another_type_is_kept_out(client: Client, unit: Server, maker: Servers) -> None:
    other = maker.start("site/other", "ecdsa")
    assert refused(client, unit.route(pins=other.pins)) is Cause.HOST_KEY_CHANGED


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_the_pinned_type_is_asked_for_whatever_else_there_is(client: Client, maker: Servers, kind: str) -> None:
    server = maker.start("site/many", "ed25519", "ecdsa", "rsa")
    pins = tuple(pin for pin in server.pins if kind in pin.key_type)
    assert client(server.route(pins=pins)) == "in"


def test_a_rotated_key_is_kept_out_until_it_is_pinned(client: Client, unit: Server) -> None:
    before = unit.pins
    unit.stop()
    unit.new_keys()
    unit.start()
    assert refused(client, unit.route(pins=before)) is Cause.HOST_KEY_CHANGED
    assert client(unit.route(pins=(*before, *unit.pins))) == "in"


def test_a_unit_behind_its_gateway_is_let_in(client: Client, unit: Server, gateway: Server) -> None:
    assert client(unit.route(through=gateway)) == "in"
    assert "Accepted publickey" in (gateway.folder / "log").read_text()


def test_each_unit_is_known_by_its_own_name(client: Client, unit: Server, gateway: Server, maker: Servers) -> None:
    other = maker.start("site/other")
    impostor = replace(unit.hop, port=other.port)
    assert refused(client, Route((), (gateway.hop, impostor))) is Cause.HOST_KEY_CHANGED


@pytest.mark.parametrize("pins", ["none", "wrong"])
def test_a_gateway_that_is_not_known_leads_nowhere(client: Client, unit: Server, gateway: Server, pins: str) -> None:
    hop = replace(gateway.hop, pins=() if pins == "none" else unit.pins)
    assert refused(client, Route((), (hop, unit.hop))) is Cause.GATEWAY_DOWN
    assert "Accepted" not in (unit.folder / "log").read_text()


def test_a_dial_command_is_a_way_to_the_first_hop(client: Client, unit: Server, gateway: Server) -> None:
    nowhere = replace(gateway.hop, host="192.0.2.1", port=9)
    assert client(Route(gateway.dial, (nowhere, unit.hop))) == "in"
    assert refused(client, Route(gateway.dial, (replace(nowhere, pins=unit.pins),))) is Cause.HOST_KEY_CHANGED


def test_a_dial_command_that_does_not_exist_is_no_way(client: Client, unit: Server) -> None:
    assert refused(client, Route(("/no/such/command",), (unit.hop,))) is Cause.UNREACHABLE


def test_a_server_that_is_off_is_unreachable(client: Client, unit: Server, gateway: Server) -> None:
    unit.stop()
    assert refused(client, unit.route()) is Cause.UNREACHABLE


def test_a_key_that_is_not_authorised_is_kept_out(client: Client, unit: Server, tmp_path: Path) -> None:
    make_key(tmp_path / "stranger", "ed25519")
    route = Route((), (replace(unit.hop, identity_file=str(tmp_path / "stranger")),))
    assert refused(client, route) is Cause.AUTHENTICATION


def test_the_agents_keys_open_too(client: Client, unit: Server, agent: Path) -> None:
    subprocess.run(["ssh-add", "-q", str(unit.client_key)], check=True, env={**os.environ, "SSH_AUTH_SOCK": str(agent)})
    assert client(Route((), (replace(unit.hop, identity_file=""),))) == "in"


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
    monkeypatch.setenv("HOME", str(tmp_path))
    try:
        while not path.exists():
            assert process.poll() is None
        yield path
    finally:
        process.terminate()
        process.wait()
