"""The hub of a gateway: hears the sensors that stand in rooms, and keeps what they told in the last hours.

It writes a line to `/run/heat/sensors.jsonl` for each round, which `fleet-unit sensors` reads; the part before goes to
the file with `.1` behind it.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import time
from pathlib import Path
from typing import Any

from fleetctl.lab.unit.place import root
from fleetctl.lab.unit.room import has_answer

FILE = "run/heat/sensors.jsonl"
_LINES = 2000
_ANSWER_S = 5.0
_PATIENCE_S = 5.0
_SIZE = 1 << 16


def main() -> int:
    """Run until it is ended; the argument is the number of the wire's descriptor."""
    return keep_hearing(int(sys.argv[1]))


def keep_hearing(descriptor: int) -> int:
    """Hear sensors over an inherited wire until the process is ended."""
    wire = socket.socket(fileno=descriptor)
    wire.setblocking(False)
    lines = 0
    while True:
        told = exchange(wire)
        if told and told["temperatures_c"]:
            lines = write(root() / FILE, told["temperatures_c"], lines)
            time.sleep(told["every_s"])
        else:
            time.sleep(_PATIENCE_S)


def exchange(wire: socket.socket) -> dict[str, Any]:
    """Ask the house what its sensors show; nothing if it does not answer."""
    with contextlib.suppress(OSError):
        wire.send(b"sensors")
        if has_answer(wire, _ANSWER_S):
            told: dict[str, Any] = json.loads(wire.recv(_SIZE))
            return told
    return {}


def write(path: Path, temperatures_c: dict[str, float], lines: int) -> int:
    """Add a line to a file that has so many, or begin another one; return how many it has then."""
    if lines >= _LINES:
        path.replace(path.with_name(f"{path.name}.1"))
        lines = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps({"at": round(time.time(), 3), "temperatures_c": temperatures_c}) + "\n")
    return lines + 1
