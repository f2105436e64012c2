"""Large fleets: `fleetctl plan --no-refresh` (load, validate, render, plan) beside `ansible-inventory --list`.

The same fleet for both, synthetic, eight files a unit, facts of every unit at hand. Cold is without `.fleetctl/cache`.
Medians of five rounds; of two at 100,000 units. Ansible's inventory is one INI file with group variables.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, Line, number
from bench.measure import Command, Usage, in_turn, once
from bench.programs import ANSIBLE_INVENTORY, FLEETCTL, HOME, PYTHON

WARM_AT_MOST, COLD_AT_MOST, ONE_SITE_AT_MOST, MEMORY_AT_MOST_MB = 1 / 10, 1 / 2, 1 / 10, 1500.0
COMPARED = 10_000
"""The size whose ratios are promised."""
LARGE = 100_000
START_UP = (
    "Most of a warm run is start-up (the imports of SQLAlchemy, Typer and pydantic), which does not grow with the fleet"
)
DECODED = "What is left is that of a warm run: every site's declaration is decoded, every unit's facts are hashed"


@dataclass(frozen=True)
class Size:
    """How large a fleet is, and how often it is measured."""

    units: int
    runs: int


SIZES = (Size(1_000, 5), Size(COMPARED, 5), Size(LARGE, 2))
QUICK = (Size(200, 1),)


def lines(folder: Path, *, quick: bool) -> Iterator[Line]:
    """Yield the figures of every size."""
    for size in QUICK if quick else SIZES:
        yield from _Fleet(folder / f"fleet-{size.units}", size).lines()


class _Fleet:
    """One synthetic fleet with its facts, and the same fleet as an Ansible inventory."""

    def __init__(self, folder: Path, size: Size) -> None:
        self.folder, self.size = folder, size
        self.ini = folder.with_suffix(".ini")
        _program("generate", folder, size.units)
        _program("observed", folder)
        _program("peers.ansible_inventory", folder, self.ini)
        self._changes = itertools.count(1)

    def lines(self) -> Iterator[Line]:
        ansible = Command([ANSIBLE_INVENTORY, "-i", self.ini, "--list"])
        plans = [self._plan(self._forget), self._plan(), self._plan(self._change_one_site)]
        cold, warm, changed, theirs = in_turn([*plans, ansible], self.size.runs)
        name, large = f"{self.size.units:,} units", self.size.units == LARGE
        promised = self.size.units == COMPARED
        yield _ratio(f"{name}, warm / `ansible-inventory`", warm, theirs, WARM_AT_MOST if promised else None, START_UP)
        yield _ratio(f"{name}, cold / `ansible-inventory`", cold, theirs, COLD_AT_MOST if promised else None)
        yield _ratio(f"{name}, one site changed / cold", changed, cold, ONE_SITE_AT_MOST if large else None, DECODED)
        memory, at_most = max(warm.rss_mb, cold.rss_mb), MEMORY_AT_MOST_MB if large else None
        detail = f"the larger of cold and warm; `ansible-inventory` took {number(theirs.rss_mb)} MB"
        yield Figure(f"{name}, memory", memory, "MB", at_most, detail)

    def _plan(self, before: Callable[[], None] = lambda: None) -> Command:
        return Command([FLEETCTL, "-i", self.folder, "plan", "--no-refresh"], before=before)

    def _forget(self) -> None:
        shutil.rmtree(self.folder / ".fleetctl" / "cache", ignore_errors=True)

    def _change_one_site(self) -> None:
        file = min((self.folder / "sites").iterdir())
        text = file.read_text().splitlines()
        text[0] = f"title: Site 1, change {next(self._changes)}"
        file.write_text("\n".join(text) + "\n")


def _ratio(what: str, ours: Usage, theirs: Usage, at_most: float | None, limit: str = "") -> Figure:
    detail = f"{number(ours.cpu_s)} s and {number(theirs.cpu_s)} s of CPU"
    return Figure(what, ours.cpu_s / theirs.cpu_s, "times", at_most, detail, limit)


def _program(name: str, *arguments: Path | int) -> None:
    """Run one of our programs, in a process of its own so that this one stays small."""
    once(Command([PYTHON, "-m", f"bench.{name}", *map(str, arguments)], HOME))
