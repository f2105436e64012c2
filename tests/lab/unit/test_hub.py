from __future__ import annotations

import json
import socket
from pathlib import Path

from fleetctl.lab.unit import hub


def test_each_round_is_a_line_and_the_last_thousands_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "sensors.jsonl"
    lines = hub.write(path, {"t-a1": 20.5}, 0)
    assert lines == 1
    assert json.loads(path.read_text())["temperatures_c"] == {"t-a1": 20.5}
    assert hub.write(path, {"t-a1": 21.0}, 2000) == 1
    assert json.loads((tmp_path / "sensors.jsonl.1").read_text())["temperatures_c"] == {"t-a1": 20.5}
    assert json.loads(path.read_text())["temperatures_c"] == {"t-a1": 21.0}


def test_a_house_that_does_not_answer_says_nothing() -> None:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with here:
        there.close()
        assert hub.exchange(here) == {}


def test_the_house_is_asked_and_answers() -> None:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with here, there:
        there.send(b'{"every_s": 1, "temperatures_c": {}}')
        assert hub.exchange(here) == {"every_s": 1, "temperatures_c": {}}
        assert there.recv(100) == b"sensors"
