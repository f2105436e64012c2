"""What the sensors of a building's rooms told a gateway: its hub writes a line for each round, the last hour of them.

A line is `{"at": UNIX_S, "temperatures_c": {"SENSOR": C, ...}}`. This only reads.
"""

from __future__ import annotations

import json

from fleet_unit.files import read_text
from fleet_unit.paths import SENSORS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleet_unit.kinds import Document

SENSORS_SCHEMA = "fleetctl/unit-sensors/v1"


def sensors(since: float) -> Document:
    """Return the readings since a Unix time; a line that was torn by a power cut is passed over."""
    return {"schema": SENSORS_SCHEMA, "readings": [reading for reading in _readings() if reading["at"] >= since]}


def _readings() -> Iterator[Document]:
    for path in (SENSORS + ".1", SENSORS):
        for reading in map(_read, read_text(path).splitlines()):
            if reading:
                yield reading


def _read(line: str) -> Document:
    try:
        reading = json.loads(line)
        return {"at": float(reading["at"]), "temperatures_c": dict(reading["temperatures_c"])}
    except (ValueError, KeyError, TypeError):
        return {}
