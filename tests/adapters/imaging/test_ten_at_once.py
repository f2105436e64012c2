"""Ten machines are imaged at once over a link that is too narrow for them: each gets its part of it."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.builders import imager as bench
from tests.builders import one_machine
from tests.builders.imaging import host_key, machine

MACHINES = 10
LINK = 24_000_000 / 8
"""Bytes per second."""
BYTES = 1_000_000
"""That each machine fetches: of noise, which nothing packs."""


def lacking() -> str:
    """Return why no link can be shaped here; empty if one can."""
    if os.geteuid() != 0:
        return "shaping a link needs root"
    if shutil.which("ip") is None or shutil.which("tc") is None:
        return "iproute2 is not installed"
    return bench.lacking()


pytestmark = pytest.mark.skipif(bool(lacking()), reason=lacking() or "-")


class Link:
    """Two network namespaces with a cable between them."""

    def __init__(self, stack: ExitStack) -> None:
        mark = f"ft{os.getpid() % 100_000}"
        self.server, self.clients = f"{mark}s", f"{mark}c"
        for name in (self.server, self.clients):
            self._ip("netns", "add", name)
            stack.callback(self._ip, "netns", "delete", name)
        self._ip("link", "add", "e0", "netns", self.server, "type", "veth", "peer", "name", "e0", "netns", self.clients)
        for name, address in ((self.server, "10.9.9.1/24"), (self.clients, "10.9.9.2/24")):
            self._ip("-n", name, "address", "add", address, "dev", "e0")
            self._ip("-n", name, "link", "set", "e0", "up")
        shape = f"tc qdisc add dev e0 root tbf rate {int(LINK * 8)}bit burst 32kb latency 200ms"
        subprocess.run([*self.inside(self.server), *shape.split()], check=True)

    def inside(self, name: str) -> list[str]:
        return ["ip", "netns", "exec", name]

    def _ip(self, *words: str) -> None:
        subprocess.run(["ip", *words], check=True)


@pytest.fixture(scope="module")
def link() -> Iterator[Link]:
    with ExitStack() as stack:
        try:
            made = Link(stack)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no network namespaces here: {error}")
        yield made


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    noise = random.Random(1).randbytes(BYTES // 3)
    return bench.write_image(tmp_path_factory.mktemp("images") / "image", noise)


def begin_together(clients: Sequence[subprocess.Popen[bytes]]) -> None:
    """Let all begin once the last is ready: one that starts late on a busy machine is not starved by the server."""
    for client in clients:
        assert client.stdout is not None
        assert client.stdout.readline() == b"ready\n"
    for client in clients:
        assert client.stdin is not None
        client.stdin.write(b"\n")
        client.stdin.flush()


@pytest.mark.parametrize(("rate", "at_least"), [(0.0, 0.25), (0.85 * LINK, 0.6)])
def test_no_machine_is_starved(link: Link, image: Path, tmp_path: Path, rate: float, at_least: float) -> None:
    """When the first machine has everything, the last has at least this part of it."""
    options = [str(image), str(tmp_path / "server"), "10.9.9.1", "8099", str(rate), str(MACHINES)]
    serve = [*link.inside(link.server), sys.executable, "-m", "tests.builders.imaging_server", *options]
    run_one = [*link.inside(link.clients), sys.executable, "-I", one_machine.__file__, "http://10.9.9.1:8099"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        numbers = range(1, MACHINES + 1)
        said_by = [[machine(n).serial, machine(n).mac, host_key(chr(64 + n))] for n in numbers]
        clients = [
            subprocess.Popen([*run_one, *words, "together"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for words in said_by
        ]
        begin_together(clients)
        said = [client.communicate(timeout=120)[0] for client in clients]
        assert server.stdout.read() == f"{MACHINES}\n"
    samples = [json.loads(each) for each in said]
    first_end = min(each[-1][0] for each in samples)
    whole = samples[0][-1][1]
    parts = [max((count for at, count in each if at <= first_end), default=0) / whole for each in samples]
    assert min(parts) >= at_least, sorted(parts)
