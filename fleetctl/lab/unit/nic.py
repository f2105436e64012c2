"""The errors that a stand-in's network port counts. A virtual cable damages nothing, so its kernel never counts one:
the lab lends the unit a counter of its own, shown where the kernel keeps the port's.

The counter lies outside of the unit, as hardware does; whoever reads it there reads `/sys/class/net`.
"""

from __future__ import annotations

import os
from pathlib import Path

from fleetctl.lab.unit import system

FILE = "port-errors"
"""Of a unit whose kernel shows its own counters: beside its settings."""


def shown(root: Path, interface: str) -> Path:
    """Return where a unit finds what one of its ports counted."""
    return root / "sys/class/net" / interface / "statistics/rx_errors"


def lend(folder: Path, root: Path, interface: str) -> None:
    """Show the counter of a unit in a root that is being furnished; it begins at zero, as after every power-on.

    Args:
        folder: of the unit, outside of its root.
        root: that has the kernel's files.
        interface: name of the port.
    """
    counter = folder / FILE
    counter.write_text("0\n")
    system.bind(counter, shown(root, interface))


def count(counter: Path, errors: int) -> int:
    """Count some more errors; returns how many there are. The file stays the one that is shown."""
    counter.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(counter, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        total = int(os.read(descriptor, 32) or b"0") + errors
        os.pwrite(descriptor, b"%d\n" % total, 0)
    finally:
        os.close(descriptor)
    return total
