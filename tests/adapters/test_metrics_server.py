"""Metrics over a real socket and in a real file."""

from __future__ import annotations

import socket
import stat
from http.client import HTTPConnection
from pathlib import Path

import pytest

from fleetctl.adapters.metrics_server import serving, write_metrics
from fleetctl.core.problems import CouldNot


def get(port: int, path: str) -> tuple[int, str, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read().decode()
    finally:
        connection.close()


def test_each_request_gets_what_is_so_now() -> None:
    numbers = iter(range(10))
    with serving("127.0.0.1", 0, lambda: f"x {next(numbers)}\n") as port:
        assert get(port, "/metrics") == (200, "text/plain; version=0.0.4; charset=utf-8", "x 0\n")
        assert get(port, "/metrics?name=x")[2] == "x 1\n"


def test_nothing_else_is_offered() -> None:
    with serving("127.0.0.1", 0, lambda: "secret\n") as port:
        status, _, body = get(port, "/state.db")
    assert status == 404
    assert "secret" not in body


def test_a_port_that_is_taken_is_said() -> None:
    with serving("127.0.0.1", 0, str) as port:
        second = serving("127.0.0.1", port, str)
        with pytest.raises(CouldNot, match=f"127.0.0.1 port {port}: Address already"):
            second.__enter__()


def test_the_port_is_free_afterwards() -> None:
    with serving("127.0.0.1", 0, str) as port:
        pass
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))


def test_a_file_is_written_whole_for_everybody_to_read(tmp_path: Path) -> None:
    file = tmp_path / "fleet.prom"
    write_metrics(file, "x 1\n")
    write_metrics(file, "x 2\n")
    assert file.read_text() == "x 2\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [path.name for path in tmp_path.iterdir()] == ["fleet.prom"]
    with pytest.raises(CouldNot, match="cannot be written"):
        write_metrics(tmp_path / "nowhere" / "fleet.prom", "x 1\n")
