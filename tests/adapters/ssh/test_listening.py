"""A gateway's real sshd listens for a server of this machine, as long as it is wanted and no longer."""

from __future__ import annotations

import http.server
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import pytest

from fleetctl.adapters.ssh import listening as module
from fleetctl.adapters.ssh.listening import Listener, listening
from fleetctl.adapters.ssh.openssh import write_ssh_config
from fleetctl.core.problems import CouldNot
from tests.builders.sshd import Server, Servers, free_port, servers


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Servers]:
    with servers(tmp_path / "servers") as maker:
        yield maker


@pytest.fixture
def here() -> Iterator[int]:
    """The port of a server on this machine's loopback."""

    class Hello(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"here")

        def log_message(self, format: str, *args: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def listener(gateway: Server, folder: Path, there: int, here: int) -> Listener:
    folder.mkdir(exist_ok=True)
    config = write_ssh_config([gateway.route()], folder)
    return Listener(gateway.unit, config, gateway.hop.alias, f"127.0.0.1:{there}", here)


def fetched(port: int) -> bytes:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            content: bytes = answer.read()
            return content
    except (URLError, OSError):
        return b""


def wait_for(port: int, content: bytes) -> None:
    wait_until(lambda: fetched(port) == content)


def wait_until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_gateway_leads_machines_here_while_it_is_wanted(made: Servers, tmp_path: Path, here: int) -> None:
    there = free_port()
    to = listener(made.start("s/gw"), tmp_path / "config", there, here)
    with listening([to], {}, print):
        assert fetched(there) == b"here"
    wait_for(there, b"")


def test_a_gateway_that_was_away_listens_again(
    made: Servers, tmp_path: Path, here: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.1)
    said: list[str] = []
    there, gateway = free_port(), made.start("s/gw")
    with listening([listener(gateway, tmp_path / "config", there, here)], {}, said.append):
        gateway.stop()
        wait_for(there, b"")
        wait_until(lambda: said)
        gateway.start()
        wait_for(there, b"here")
    assert len(said) == 1, "told once, however often it was tried"


def test_a_gateway_that_does_not_allow_it_is_told_with_the_reason(made: Servers, tmp_path: Path, here: int) -> None:
    there, gateway = free_port(), made.start("s/gw")
    first = listener(gateway, tmp_path / "config", there, here)
    refused = pytest.raises(CouldNot, match=r"s/gw does not listen at 127\.0\.0\.1")
    with listening([first], {}, print), refused as caught, listening([first], {}, print):
        pass
    assert "fleetctl plan" in caught.value.hint


def test_a_gateway_that_listens_at_its_loopback_alone_is_told(made: Servers, tmp_path: Path, here: int) -> None:
    to = listener(made.start("s/gw"), tmp_path / "config", there := free_port(), here)
    elsewhere = replace(to, place=f"127.0.0.2:{there}")
    with (
        pytest.raises(CouldNot, match=r"does not listen at 127\.0\.0\.2.*elsewhere"),
        listening([elsewhere], {}, print),
    ):
        pass
    wait_for(there, b"")


def test_a_gateway_that_is_away_keeps_no_other_from_coming_back(
    made: Servers, tmp_path: Path, here: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.1)
    said: list[str] = []
    gateways = [made.start("s/gw"), made.start("t/gw")]
    places = [free_port(), free_port()]
    folders = [tmp_path / "first", tmp_path / "second"]
    to = [listener(*each, here) for each in zip(gateways, folders, places, strict=True)]
    with listening(to, {}, said.append):
        for gateway in gateways:
            gateway.stop()
        wait_until(lambda: said)
        gateways[1].start()
        wait_for(places[1], b"here")
