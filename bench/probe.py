"""`fleetctl probe`'s prober beside a bare paramiko exec of the same command, over the same routes, in the same run.

Units are stand-ins of the lab behind their gateways, and both connect to each gateway once. The bare exec is what a
script would do: paramiko's own choice of key exchange and cipher, sixteen threads, no deadlines, no host keys compared,
the answer not parsed. It borrows one thing of ours, the stream that sends nothing after its end (`ssh.forwarded`):
without it paramiko loses the gateway's connection on a busy machine. They take turns, five times; with 400 units once.
The whole command holds more than its prober: its imports alone are 67 MB, of which Typer with pydantic has 19,
SQLAlchemy 18 and paramiko 16.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figures import Figure, Line, number
from bench.lab import lab
from bench.measure import Command, once
from bench.programs import FLEETCTL, HOME, PYTHON

RATIO_AT_MOST, MEMORY_AT_MOST_MB = 1.5, 60.0
LARGE = 400


def lines(folder: Path, *, quick: bool) -> Iterator[Line]:
    """Yield the ratios for labs of several sizes."""
    for units in (4,) if quick else (20, 100, LARGE):
        with lab(folder / f"lab-{units}", units) as fleet:
            yield from _ratios(fleet, units, rounds=1 if quick or units == LARGE else 5)
            yield from _memory(fleet, units)


def _ratios(fleet: Path, units: int, rounds: int) -> Iterator[Line]:
    report = fleet / "probed.json"
    once(Command([PYTHON, "-m", "bench.probed", "both", fleet, str(rounds), report], HOME))
    found: dict[str, Any] = json.loads(report.read_text())
    ours, bare = found["ours"], found["bare"]
    cpu = f"{number(1000 * ours['cpu_s'] / units)} ms and {number(1000 * bare['cpu_s'] / units)} ms of CPU a unit"
    yield Figure(f"{units} units, prober / bare exec", ours["cpu_s"] / bare["cpu_s"], "times", RATIO_AT_MOST, cpu)
    wall = f"{number(ours['wall_s'])} s and {number(bare['wall_s'])} s; the units share this machine"
    yield Figure(f"{units} units, the same in wall time", ours["wall_s"] / bare["wall_s"], "times", None, wall)


def _memory(fleet: Path, units: int) -> Iterator[Line]:
    alone = once(Command([PYTHON, "-m", "bench.probed", "ours", fleet, "1", fleet / "alone.json"], HOME))
    at_most = MEMORY_AT_MOST_MB if units == LARGE else None
    yield Figure(f"{units} units, memory of a process that only probes", alone.rss_mb, "MB", at_most)
    whole = once(Command([FLEETCTL, "-i", fleet, "probe"]))
    yield Figure(f"{units} units, memory of `fleetctl probe`", whole.rss_mb, "MB", None, "inventory and state included")
