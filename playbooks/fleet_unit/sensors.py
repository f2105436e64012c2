"""What the sensors of a building's rooms told a gateway: its hub writes a line for each round, the last hour of them.

A line is `{"at": UNIX_S, "temperatures_c": {"SENSOR": C, ...}}`. This only reads. A large building tells more in a
proof of its rooms than one answer holds, so it is told in pages.
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
PAGE_BYTES = 512 * 1024


def sensors(since: float, skip: int = 0) -> Document:
    """Return a page of the readings since a Unix time, after as many as are skipped, and whether there are more.

    A line that was torn by a power cut is passed over.
    """
    later = [reading for reading in _readings() if reading["at"] >= since][skip:]
    page = later[: _fitting(later)]
    return {"schema": SENSORS_SCHEMA, "readings": page, "more": len(page) < len(later)}


def _fitting(readings: list[Document]) -> int:
    """Return how many of the first readings make a page: one at least."""
    size = 0
    for number, reading in enumerate(readings):
        size += len(json.dumps(reading))
        if number and size > PAGE_BYTES:
            return number
    return len(readings)


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
