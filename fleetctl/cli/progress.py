"""How a rollout looks while it runs: a live bar in a terminal, one line an event in a pipe, JSON lines for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from fleetctl.cli.frame import Frame, colour
from fleetctl.core.clock import to_text

if TYPE_CHECKING:
    from fleetctl.core.rollout.state import Noted, Progress, Rollout

STYLES = {
    "unit-succeeded": "green",
    "unit-failed": "red",
    "unit-rolled-back": "red",
    "unit-deferred": "yellow",
    "unit-skipped": "yellow",
    "unit-cancelled": "yellow",
    "attempt-failed": "yellow",
    "step-in-doubt": "yellow",
    "unit-rolls-back": "yellow",
    "unit-waits": "dim",
    "jobs-lost": "yellow",
    "wave-opened": "bold",
    "approval-needed": "bold yellow",
    "site-halted": "bold red",
    "rollout-halted": "bold red",
    "rollout-failed": "bold red",
    "rollout-succeeded": "bold green",
}
ENDS = frozenset(
    {"unit-succeeded", "unit-failed", "unit-rolled-back", "unit-deferred", "unit-skipped", "unit-cancelled"}
)
NOBODY: Mapping[str, str] = {}
OPENS = frozenset({"wave-opened", "approval-needed", "command-approve"})
"""Entries whose text begins with `wave NAME`."""
QUIET = frozenset({"attempt-started", "unit-succeeded", "unit-reboots", "unit-releases", "unit-soaks"})
"""Seen in the bar; a line of their own only in a pipe."""


class View(Protocol):
    """Shows the events of a rollout."""

    def show(self, note: Noted) -> None:
        """Take one event in."""
        ...


@contextmanager
def viewing(frame: Frame, title: str, total: int, tally: Tally | None = None) -> Iterator[View]:
    """Show a rollout's events in the form that fits where they go.

    Args:
        frame: the global options.
        title: what stands before the bar.
        total: how many units the rollout has.
        tally: how it stands already; None if nothing has happened.
    """
    if frame.is_json:
        yield Lines(lambda note: sys.stdout.write(json.dumps(event_document(note)) + "\n"))
    elif not colour():
        yield Lines(lambda note: sys.stderr.write(plain_line(note) + "\n"))
    else:
        with _bar(frame, title, total, tally or Tally()) as view:
            yield view


def show_all(view: View, notes: Iterable[Noted]) -> None:
    """Show every event."""
    for note in notes:
        view.show(note)


def event_document(note: Noted) -> dict[str, Any]:
    """Return an event as a document of schema `fleetctl/event/v1`."""
    return {
        "schema": "fleetctl/event/v1",
        "at": to_text(note.at),
        "rollout": note.rollout,
        "unit": note.unit,
        "what": note.what,
        "text": note.text,
    }


def plain_line(note: Noted) -> str:
    """Return an event as one line of text."""
    return f"{note.at:%H:%M:%S}  {note.unit or note.rollout:<32} {note.what:<18} {note.text}".rstrip()


class Lines:
    """One line an event."""

    def __init__(self, write: Callable[[Noted], object]) -> None:
        self._write = write

    def show(self, note: Noted) -> None:
        """Write the event."""
        self._write(note)
        sys.stdout.flush()


class Tally:
    """Folds events into what a bar shows: which wave is open, who is under way, who ended how.

    Args:
        ended: units that have ended already, with the event that said so.
        wave: name of the open wave; empty if there is but one.
        awaiting: it waits for a person.
        halted: sites that are halted.
    """

    def __init__(
        self, ended: Mapping[str, str] = NOBODY, wave: str = "", awaiting: bool = False, halted: Iterable[str] = ()
    ) -> None:
        self.under_way: dict[str, str] = {}
        self.ended = dict(ended)
        self.wave, self.awaiting, self.halted = wave, awaiting, set(halted)
        self.over = False

    def fold(self, note: Noted) -> None:
        """Take one event in."""
        self.over = note.what.startswith("rollout-")
        self._fold_gate(note)
        if note.what in ENDS:
            self.under_way.pop(note.unit, None)
            self.ended[note.unit] = note.what
        elif note.what == "attempt-failed":
            self.under_way.pop(note.unit, None)
        elif note.unit:
            self.ended.pop(note.unit, None)
            self.under_way[note.unit] = note.what

    def _fold_gate(self, note: Noted) -> None:
        if note.what in OPENS:
            self.wave, self.awaiting = _wave_of(note.text), note.what == "approval-needed"
        elif note.what == "site-halted":
            self.halted.add(note.text.partition(":")[0])
        elif note.what == "command-resume":
            self.halted.clear()

    @property
    def gate(self) -> str:
        """Return the open wave, whether it waits for a person, and how many sites are halted."""
        waits = " waits for approval" if self.awaiting else ""
        sites = f"{len(self.halted)} site{'s' * (len(self.halted) != 1)} halted" if self.halted else ""
        return ", ".join(filter(None, (f"wave {self.wave}{waits}" if self.wave else "", sites)))

    def completed(self, total: int) -> int:
        """Return how far the bar goes: its end is reached, and its clock stops, only when the rollout says so."""
        return len(self.ended) if self.over else min(len(self.ended), total - 1)

    @property
    def counts(self) -> str:
        """Return how many ended in which way, in words."""
        ends = list(self.ended.values())
        words = [(what.removeprefix("unit-"), ends.count(what)) for what in sorted(ENDS)]
        return ", ".join(f"{count} {word}" for word, count in words if count)

    @property
    def busy(self) -> str:
        """Return the units under way, as many as fit a line."""
        names = [unit.rpartition("/")[2] for unit in self.under_way]
        return " ".join(names[:6]) + (f" +{len(names) - 6}" if len(names) > 6 else "")


def tally_of(row: Rollout, units: Iterable[Progress]) -> Tally:
    """Return how a rollout stands, for a view that begins now."""
    ended = {unit.unit: f"unit-{unit.phase.value.replace('_', '-')}" for unit in units if unit.phase.is_end}
    wave = row.waves[row.wave].name if len(row.waves) > 1 else ""
    return Tally(ended, wave, row.awaiting, row.halted_sites)


def tally_before(row: Rollout) -> Tally:
    """Return how a rollout stood when nothing had happened, for a view that is told everything."""
    return Tally(wave=row.waves[0].name if len(row.waves) > 1 else "", awaiting=row.awaiting and row.wave == 0)


def _wave_of(text: str) -> str:
    """Return the name in `wave NAME: ...`, `wave NAME (...)` or `wave NAME is ...`; names hold no blank."""
    return text.removeprefix("wave ").partition(" ")[0].rstrip(":")


@contextmanager
def _bar(frame: Frame, title: str, total: int, tally: Tally) -> Iterator[View]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[bold]{task.fields[gate]}[/]  {task.fields[counts]}  [dim]{task.fields[busy]}"),
    )
    with Progress(*columns, console=frame.notes(), transient=False) as progress:
        task = progress.add_task(title, total=total, gate=tally.gate, counts=tally.counts, busy="")

        def show(note: Noted) -> None:
            tally.fold(note)
            gate = tally.gate if total else ""  # a controller's rollouts have each their own
            done = tally.completed(total)
            progress.update(task, completed=done, gate=gate, counts=tally.counts, busy=tally.busy)
            if note.what not in QUIET:
                progress.console.print(plain_line(note), style=STYLES.get(note.what, ""))

        yield Lines(show)
