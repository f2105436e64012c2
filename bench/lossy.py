"""Configuring over a bad line: 80 ms round trip and 2 % loss each way between the controller and every site.

The lab's own relay in each gateway's uplink makes the line. Work and tools are those of "Configure", each on as many
units of its own. Wall time, for waiting is what a bad line costs: every run begins with open connections to the
gateways and none to the units, and ends when the last unit is configured.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.configure import GATEWAYS, Peer, ours, playbook, pyinfra
from bench.figures import Figure, Line, number
from bench.lab import Known, known
from bench.lab import lab as a_lab
from bench.measure import once
from fleetctl.adapters.ssh.masters import MasterConnections
from fleetctl.cli import compose
from fleetctl.cli.frame import Frame
from fleetctl.cli.lab_frame import lab_folder
from fleetctl.core.inventory.fleet import Kind
from fleetctl.lab import lab

UNITS, RUNS = 20, 3
PLAYBOOK_AT_MOST, PYINFRA_AT_MOST = 1 / 8, 1 / 3


def lines(folder: Path, *, quick: bool) -> Iterator[Line]:
    """Yield the ratios of wall times."""
    units, runs = (2, 1) if quick else (UNITS, RUNS)
    with a_lab(folder / "lab", GATEWAYS + 2 * units) as fleet:
        everyone = known(fleet, 2 * units)
        of = replace(everyone, units=everyone.units[units:], routes=everyone.routes[units:])
        ours(fleet, 2 * units, 0)
        with MasterConnections() as masters:
            config = masters.config(of.routes)
            peers = [
                replace(playbook(fleet, of, config), at_most=PLAYBOOK_AT_MOST),
                replace(pyinfra(fleet, of, config), at_most=PYINFRA_AT_MOST),
            ]
            for peer in peers:
                once(peer.command)  # all files are new to the units in the first run
            with lossy_uplinks(fleet):
                yield from _compared(fleet, of, peers, runs)


def _compared(fleet: Path, of: Known, peers: list[Peer], runs: int) -> Iterator[Line]:
    """Let all tools take turns."""
    ours_s: list[float] = []
    theirs_s: dict[str, list[float]] = {peer.name: [] for peer in peers}
    for _ in range(runs):
        ours_s += ours(fleet, len(of.units), 1)[1]
        for peer in peers:
            theirs_s[peer.name].append(once(peer.command).wall_s)
    median_s = statistics.median(ours_s)
    for peer in peers:
        peer_s = statistics.median(theirs_s[peer.name])
        detail = f"{number(median_s)} s and {number(peer_s)} s of wall time"
        yield Figure(f"{len(of.units)} units / {peer.name}", median_s / peer_s, "times", peer.at_most, detail)


@contextmanager
def lossy_uplinks(folder: Path) -> Iterator[None]:
    """Put a relay into the uplink of every gateway of a fleet's lab for the length of a block.

    Raises:
        CouldNot: if the lab has no networks of its own, or this user may make no TAP devices.
    """
    frame = Frame(inventory=folder)
    gateways = [unit.name for unit in compose.fleet(frame).units() if unit.kind is Kind.GATEWAY]
    try:
        for gateway in gateways:
            lab.fault(lab_folder(frame), gateway, "lossy")
        yield
    finally:
        for gateway in gateways:
            lab.fault(lab_folder(frame), gateway, "clear")
