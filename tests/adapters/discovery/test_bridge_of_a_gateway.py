"""A gateway whose ports are one bridge tells where blank machines hang: real bridges, cables and frames."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fleetctl.adapters.discovery.looked import Looked, read_look
from fleetctl.adapters.share import playbooks_folder

LOOK = playbooks_folder(Path()) / "fleet-unit"
KNOWN, BLANK = "02:00:00:00:09:01", "02:00:00:00:09:02"
DISCOVER = """
import socket, sys
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind(("e0", 0))
wire.send(b"\\xff" * 6 + bytes.fromhex(sys.argv[1].replace(":", "")) + b"\\x88\\xb5" + bytes(46))
"""
"""What a machine without a system sends before it has an address: a frame to everybody."""


def lacking() -> str:
    if os.geteuid() != 0:
        return "network namespaces need root"
    return "" if shutil.which("ip") and shutil.which("bridge") else "iproute2 is not installed"


pytestmark = pytest.mark.skipif(bool(lacking()), reason=lacking() or "-")


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@pytest.fixture
def gateway() -> Iterator[list[str]]:
    """Yield what runs a command on a gateway with three ports: a machine with an address, a blank one, nobody."""
    mark = f"fb{os.getpid() % 100_000}"
    names = {part: f"{mark}{part}" for part in ("g", "1", "2")}
    with ExitStack() as stack:
        for name in names.values():
            ip("netns", "add", name)
            stack.callback(ip, "netns", "delete", name)
        ip("-n", names["g"], "link", "add", "br0", "type", "bridge")
        for part, mac in (("1", KNOWN), ("2", BLANK)):
            peer = ("peer", "name", "e0", "address", mac, "netns", names[part])
            ip("-n", names["g"], "link", "add", f"lan{part}", "type", "veth", *peer)
            ip("-n", names["g"], "link", "set", f"lan{part}", "master", "br0", "up")
            ip("-n", names[part], "link", "set", "e0", "up")
        ip("-n", names["g"], "address", "add", "10.9.8.1/24", "dev", "br0")
        ip("-n", names["g"], "link", "set", "br0", "up")
        ip("-n", names["1"], "address", "add", "10.9.8.11/24", "dev", "e0")
        blank = ["ip", "netns", "exec", names["2"], sys.executable, "-c", DISCOVER, BLANK]
        subprocess.run(blank, check=True)
        yield ["ip", "netns", "exec", names["g"]]


def looked(gateway: list[str], network: str) -> Looked:
    command = [*gateway, sys.executable, "-IS", str(LOOK), "look", "--sweep", network]
    return read_look(subprocess.run(command, check=True, capture_output=True, timeout=120).stdout, by="s/gw-a")


def test_it_tells_the_port_of_a_machine_that_tells_nothing(gateway: list[str]) -> None:
    seen = looked(gateway, "10.9.8.0/24")
    assert {each.macs[0]: str(each.port) for each in seen.bridged} == {KNOWN: "gw-a/lan1", BLANK: "gw-a/lan2"}
    assert [each.macs for each in seen.neighbours] == [(KNOWN,)]
    assert "bridge" not in seen.gaps


def test_a_bridge_into_another_network_is_not_asked(gateway: list[str]) -> None:
    assert looked(gateway, "10.9.0.0/16").bridged == ()
