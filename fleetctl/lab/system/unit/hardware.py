"""What a unit's programs share with the lab: where it is told, and the heat agent's end of the wire.

A system's init hands on no descriptors, so programs ask for them, at a socket that the boot loader put into the unit.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import NamedTuple

SOCKET = Path("/run/lab/hardware")
_ANSWER_S = 10.0


class Hardware(NamedTuple):
    """Descriptors: the pipe that the lab is told by, and the wire to power stage and sensors."""

    notify: int
    room: int


def ask() -> Hardware:
    """Ask the lab for the unit's hardware.

    Raises:
        OSError: if the lab does not answer.
    """
    with socket.socket(socket.AF_UNIX) as lab:
        lab.settimeout(_ANSWER_S)
        lab.connect(str(SOCKET))
        _, descriptors, _, _ = socket.recv_fds(lab, 64, 2)
    if len(descriptors) != 2:
        raise ConnectionError("the lab gave no hardware")
    return Hardware(*descriptors)
