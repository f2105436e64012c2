"""Large fleets: `fleetctl plan --no-refresh` (load, validate, render, plan) beside `ansible-inventory --list`.

The same fleet for both, synthetic, eight files a unit, facts of every unit at hand. Cold is without `.fleetctl/cache`.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, Line, number
from bench.measure import Command, Usage, compared, once, repeated
from bench.programs import ANSIBLE_INVENTORY, FLEETCTL, HOME, PYTHON

WARM_AT_MOST, COLD_AT_MOST, ONE_SITE_AT_MOST, MEMORY_AT_MOST_MB = 1 / 10, 1 / 2, 1 / 10, 1500.0
COMPARED = 10_000
"""The size whose ratios are promised."""
LARGE = 100_000


@dataclass(frozen=True)
class Size:
    """How large a fleet is, and how often it is measured.

    Attributes:
        peer: whether Ansible is measured too; at 100,000 hosts it takes minutes and shows nothing new.
    """

    units: int
    runs: int
    peer: bool = True


SIZES = (Size(1_000, 5), Size(COMPARED, 5), Size(LARGE, 3, peer=False))
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
        cold, warm, changed = self._plan(self._forget), self._plan(), self._plan(self._change_one_site)
        name = f"{self.size.units:,} units"
        if self.size.peer:
            used, theirs = compared(warm, Command([ANSIBLE_INVENTORY, "-i", self.ini, "--list"]), self.size.runs)
            cold_used = repeated(cold, self.size.runs)
            promised = self.size.units == COMPARED
            yield _ratio(f"{name}, warm / `ansible-inventory`", used, theirs, WARM_AT_MOST if promised else None)
            yield _ratio(f"{name}, cold / `ansible-inventory`", cold_used, theirs, COLD_AT_MOST if promised else None)
            yield Figure(f"{name}, memory of `ansible-inventory`", theirs.rss_mb, "MB")
        else:
            used, cold_used = compared(warm, cold, self.size.runs)
        changed_used = repeated(changed, self.size.runs)
        yield Figure(f"{name}, warm", used.cpu_s, "s", None, "CPU")
        yield Figure(f"{name}, cold", cold_used.cpu_s, "s", None, "CPU")
        large = self.size.units == LARGE
        yield _ratio(f"{name}, one site changed / cold", changed_used, cold_used, ONE_SITE_AT_MOST if large else None)
        memory = max(used.rss_mb, cold_used.rss_mb)
        yield Figure(
            f"{name}, memory", memory, "MB", MEMORY_AT_MOST_MB if large else None, "the larger of cold and warm"
        )

    def _plan(self, before: Callable[[], None] = lambda: None) -> Command:
        return Command([FLEETCTL, "-i", self.folder, "plan", "--no-refresh"], before=before)

    def _forget(self) -> None:
        shutil.rmtree(self.folder / ".fleetctl" / "cache", ignore_errors=True)

    def _change_one_site(self) -> None:
        file = min((self.folder / "sites").iterdir())
        text = file.read_text().splitlines()
        text[0] = f"title: Site 1, change {next(self._changes)}"
        file.write_text("\n".join(text) + "\n")


def _ratio(what: str, ours: Usage, theirs: Usage, at_most: float | None) -> Figure:
    detail = f"{number(ours.cpu_s)} s and {number(theirs.cpu_s)} s of CPU"
    return Figure(what, ours.cpu_s / theirs.cpu_s, "times", at_most, detail)


def _program(name: str, *arguments: Path | int) -> None:
    """Run one of our programs, in a process of its own so that this one stays small."""
    once(Command([PYTHON, "-m", f"bench.{name}", *map(str, arguments)], HOME))
