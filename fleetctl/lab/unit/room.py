"""The wire between a unit's heat agent and the hardware that the lab stands in for: power stage, sensors, the room.

It is one end of a socket pair that init inherits at each boot and hands on to the agent, so it is the same at every
level of the lab. The agent says what power it asks for; the lab answers with what its sensors show.
"""

from __future__ import annotations

import json
import select
import socket
from dataclasses import asdict, dataclass
from typing import Protocol

_ANSWER_S = 5.0
_SIZE = 1024


@dataclass(frozen=True)
class Reading:
    """What a unit's sensors show.

    Attributes:
        power_w: power that flows.
        outdoor_c: for weather compensation.
        zone_c: temperature of the room; None at a boiler.
        water_out_c, water_return_c: of a boiler's water; None at a radiator.
        heatsink_c: of its processors' heatsink.
        throttles: how often its processors were slowed because they were too hot.
    """

    power_w: float
    outdoor_c: float
    zone_c: float | None = None
    water_out_c: float | None = None
    water_return_c: float | None = None
    heatsink_c: float | None = None
    throttles: int | None = None

    def to_bytes(self) -> bytes:
        """Return the reading as a message."""
        return json.dumps(asdict(self)).encode()


class Room(Protocol):
    """What the agent commands and reads."""

    def exchange(self, commanded_w: float | None) -> Reading | None:
        """Ask for a power, in W, or only read; returns what the sensors show then, or None if they do not answer."""
        ...


def has_answer(wire: socket.socket, within_s: float) -> bool:
    """Wait for something to read. Not by select(2): in a lab of hundreds the wire's descriptor is beyond its 1,024."""
    waiting = select.poll()
    waiting.register(wire, select.POLLIN)
    return bool(waiting.poll(within_s * 1000))


class Wire:
    """The room at the other end of an inherited socket."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(False)

    def exchange(self, commanded_w: float | None) -> Reading | None:
        """Ask for a power, in W, or only read; returns what the sensors show then, or None if they do not answer."""
        try:
            self._forget_late_answers()
            self._socket.send(json.dumps({"commanded_w": commanded_w}).encode())
            if not has_answer(self._socket, _ANSWER_S):
                return None
            answer = self._socket.recv(_SIZE)
        except OSError:  # the lab's supervisor is gone; a unit goes on without
            return None
        return Reading(**json.loads(answer)) if answer else None

    def _forget_late_answers(self) -> None:
        try:
            while self._socket.recv(_SIZE):
                pass
        except BlockingIOError:
            return


def commanded_w(message: bytes) -> float | None:
    """Read an agent's message: the power that it asks for, or None if it only reads.

    Raises:
        ValueError: if it is none.
    """
    try:
        asked = json.loads(message)["commanded_w"]
        return None if asked is None else float(asked)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a message of a heat agent: {message!r}") from error
