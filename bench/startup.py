"""Start-up: `fleetctl --version` beside `ansible --version`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, Line, number
from bench.measure import Command, in_turn
from bench.programs import ANSIBLE, FLEETCTL

AT_MOST = 0.4


def lines(folder: Path, *, quick: bool) -> Iterator[Line]:
    """Yield the ratio of CPU times."""
    programs = (FLEETCTL, ANSIBLE)
    ours, theirs = in_turn([Command([program, "--version"], folder) for program in programs], 3 if quick else 15)
    detail = f"{number(ours.cpu_s * 1000)} ms and {number(theirs.cpu_s * 1000)} ms of CPU"
    yield Figure("`fleetctl --version` / `ansible --version`", ours.cpu_s / theirs.cpu_s, "times", AT_MOST, detail)
