"""`fleet-unit cache`: a gateway gives its complete bundles to the units of its site, and nothing to anybody else."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.builders.unit_rauc import a_bundle, digest, put
from tests.builders.unit_root import PROGRAM, PYTHON, UnitRoot

ADDRESS = "127.11.7.1"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> UnitRoot:
    made = UnitRoot.make(tmp_path_factory.mktemp("cache") / "gateway", kind="gateway")
    put(made, bundle)
    made.write(f"/data/fleet/bundles/{'b' * 64}.part", "half of it")
    return made


@pytest.fixture(scope="module")
def port(gateway: UnitRoot) -> Iterator[int]:
    with serving(gateway) as port:
        yield port


@contextmanager
def serving(gateway: UnitRoot, *arguments: str) -> Iterator[int]:
    """Run the cache, and yield its port."""
    with socket.socket() as free:
        free.bind((ADDRESS, 0))
        port = int(free.getsockname()[1])
    command = [*PYTHON, str(PROGRAM), "cache", "--bind", f"{ADDRESS}:{port}", *arguments]
    with subprocess.Popen(command, env=gateway.environment()) as process:
        try:
            until_it_listens(port)
            yield port
        finally:
            process.kill()


def until_it_listens(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection((ADDRESS, port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, "the cache does not listen"
            time.sleep(0.02)
        else:
            return


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes, dict[str, str]]:
    connection = HTTPConnection(ADDRESS, port, timeout=10)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, response.read(), dict(response.headers)
    finally:
        connection.close()


def test_a_bundle_is_given_whole_or_from_a_byte_on(port: int, bundle: Path) -> None:
    path, content = f"/bundles/{digest(bundle)}", bundle.read_bytes()
    assert ask(port, path)[:2] == (200, content)
    code, rest, headers = ask(port, path, Range="bytes=1000-")
    assert (code, rest) == (206, content[1000:])
    assert headers["Content-Range"] == f"bytes 1000-{len(content) - 1}/{len(content)}"
    assert ask(port, path, Range="bytes=5-9")[:2] == (200, content), "a range that units never ask for is passed over"


def test_past_its_end_there_is_nothing(port: int, bundle: Path) -> None:
    size = bundle.stat().st_size
    code, _, headers = ask(port, f"/bundles/{digest(bundle)}", Range=f"bytes={size}-")
    assert (code, headers["Content-Range"]) == (416, f"bytes */{size}")


def test_its_size_can_be_asked_for(port: int, bundle: Path) -> None:
    code, content, headers = ask(port, f"/bundles/{digest(bundle)}", method="HEAD")
    assert (code, content, headers["Content-Length"]) == (200, b"", str(bundle.stat().st_size))


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/bundles/",
        f"/bundles/{'a' * 64}",
        f"/bundles/{'b' * 64}",
        f"/bundles/{'b' * 64}.part",
        "/bundles/../journal",
        "/bundles/..%2f..%2f..%2fetc%2fpasswd",
        "/data/fleet/journal",
    ],
)
def test_nothing_else_is_given(port: int, path: str) -> None:
    assert ask(port, path)[0] == 404


def test_many_units_are_served_at_once(port: int, bundle: Path) -> None:
    content = bundle.read_bytes()
    with ThreadPoolExecutor(max_workers=60) as pool:
        answers = list(pool.map(lambda _: ask(port, f"/bundles/{digest(bundle)}")[1], range(60)))
    assert answers == [content] * 60


def test_who_is_not_of_the_site_gets_nothing(gateway: UnitRoot, bundle: Path) -> None:
    with serving(gateway, "--allow", "10.99.0.0/16") as port, pytest.raises(OSError, match=r"closed|reset"):
        ask(port, f"/bundles/{digest(bundle)}")


@pytest.mark.parametrize("bind", ["203.0.113.7:8480", "nonsense", "127.0.0.1:99999"])
def test_an_address_that_is_not_its_own_is_refused(gateway: UnitRoot, bind: str) -> None:
    done = gateway.run("cache", "--bind", bind)
    assert done.returncode == 1
    assert f"cannot listen on {bind}" in done.stderr.decode()
