"""A lab to measure on: real SSH to stand-in units of a synthetic fleet, each behind its site's gateway."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.programs import FLEETCTL
from fleetctl.cli import compose
from fleetctl.cli.frame import Frame
from fleetctl.cli.ways import routes_to
from fleetctl.core.inventory.fleet import Fleet, Unit
from fleetctl.core.route import Route
from fleetctl.lab.sample import sample_files


@contextmanager
def lab(folder: Path, units: int, *, sites: int = 0) -> Iterator[Path]:
    """Bring up a lab of `units` stand-ins, gateways included, for the length of a block; yields the fleet's folder."""
    write_sample(folder, units, sites=sites)
    with up(folder):
        yield folder


def write_sample(folder: Path, units: int, *, sites: int = 0) -> None:
    """Write the files of the fleet that such a lab stands for."""
    for name, text in sample_files(units, sites).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@contextmanager
def up(folder: Path) -> Iterator[None]:
    """Bring up the lab of a fleet for the length of a block."""
    subprocess.run([FLEETCTL, "-i", folder, "lab", "up"], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run([FLEETCTL, "-i", folder, "lab", "down"], check=True, capture_output=True)


@dataclass(frozen=True)
class Known:
    """A lab's units with the ways to them."""

    fleet: Fleet
    units: Sequence[Unit]
    routes: Sequence[Route]


def known(folder: Path, units: int | None = None) -> Known:
    """Return the first units of a lab that are behind a gateway, or all units."""
    frame = Frame(inventory=folder)
    fleet = compose.fleet(frame)
    chosen = list(fleet.units()) if units is None else [unit for unit in fleet.units() if unit.gateway][:units]
    with compose.state(frame) as state:
        return Known(fleet, chosen, routes_to(frame, state, fleet, chosen))
