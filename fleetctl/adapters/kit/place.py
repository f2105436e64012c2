"""Where a kit is, seen from the fleet's folder that commands work with."""

from __future__ import annotations

from pathlib import Path

from fleetctl.core.kit.manifest import FILE, WORK


def kit_around(fleet: Path) -> Path | None:
    """Return the kit that a fleet's folder belongs to; None if it belongs to none."""
    work = fleet.resolve().parent
    return work.parent if work.name == WORK and (work.parent / FILE).is_file() else None
