"""The wire between a heat agent and its hardware, over a real socket pair."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from fleetctl.lab.unit import room
from fleetctl.lab.unit.room import Reading, Wire, commanded_w

READING = Reading(350.0, 5.0, zone_c=19.4)


@pytest.fixture
def ends() -> Iterator[tuple[Wire, socket.socket]]:
    """Return the agent's end and the lab's."""
    labs, agents = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with labs:
        labs.settimeout(5.0)
        yield Wire(agents.detach()), labs


def test_an_agent_asks_and_is_answered_whatever_came_too_late_before(ends: tuple[Wire, socket.socket]) -> None:
    wire, labs = ends
    labs.send(Reading(0.0, 5.0, zone_c=4.0).to_bytes())
    heard: list[float | None] = []

    def answer() -> None:
        heard.append(commanded_w(labs.recv(1024)))
        labs.send(READING.to_bytes())

    lab = threading.Thread(target=answer)
    lab.start()
    assert wire.exchange(350.0) == READING
    lab.join()
    assert heard == [350.0]


def test_without_an_answer_nothing_is_known(ends: tuple[Wire, socket.socket], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_ANSWER_S", 0.01)
    wire, labs = ends
    assert wire.exchange(None) is None
    assert commanded_w(labs.recv(1024)) is None
    labs.close()
    assert wire.exchange(100.0) is None


@pytest.mark.parametrize("message", [b"", b"{}", b"[]", b'{"commanded_w": "much"}', b'{"commanded_w": {}}'])
def test_what_is_no_message_is_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match="not a message"):
        commanded_w(message)
