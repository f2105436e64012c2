"""`fleetctl probe`: observe units, store what was seen, say where they are not what is declared."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from fleetctl.cli.arguments import Selection
from fleetctl.cli.frame import Exit, Frame, colour, frame_of, print_json
from fleetctl.cli.table import print_table

if TYPE_CHECKING:
    from fleetctl.core.facts import Observation
    from fleetctl.core.inventory.fleet import Fleet, Unit
    from fleetctl.core.observed import Report
    from fleetctl.ports import State
    from fleetctl.services.probe import Probed


def probe(
    ctx: typer.Context,
    selection: Selection = None,
    detailed_exitcode: Annotated[bool, typer.Option(help="Exit with 3 if a unit is not what is declared.")] = False,
) -> None:
    """Observe units over SSH, store the facts, and report drift; exits with 1 if a unit could not be observed."""
    from fleetctl.cli import compose
    from fleetctl.core.observed import counts, document, reports
    from fleetctl.core.selectors import select
    from fleetctl.services.render import desired_states

    frame = frame_of(ctx)
    fleet = compose.fleet(frame)
    units = select(fleet, selection or ())
    wanted = desired_states(fleet, units, compose.template_files(frame), compose.site_cache(frame))
    with compose.state(frame) as state:
        found = reports(wanted, observe(frame, state, fleet, units))
    if frame.is_json:
        print_json(document(found))
    else:
        _print(frame, found)
    frame.notes().print(counts(found))
    raise typer.Exit(_exit_code(found, detailed_exitcode=detailed_exitcode))


def observe(frame: Frame, state: State, fleet: Fleet, units: Sequence[Unit]) -> Mapping[str, Observation]:
    """Observe units and store what was seen, with progress on standard error; returns it by the unit's name."""
    from fleetctl.adapters.platform.memory import Memory
    from fleetctl.adapters.platform.prober import PlatformProber
    from fleetctl.cli import compose
    from fleetctl.cli.platforms import platforms_of
    from fleetctl.cli.ways import routes_to
    from fleetctl.ports import Target
    from fleetctl.services.probe import probe as ask

    routes = routes_to(frame, state, fleet, units)
    targets = [Target(unit.name, route) for unit, route in zip(units, routes, strict=True)]
    of_fleet = platforms_of(frame, fleet, compose.secrets(frame, fleet))
    prober, seen = PlatformProber(compose.prober(), of_fleet.of, Memory()), {}
    try:
        with _progress(frame, len(targets)) as progress:
            for probed in ask(prober, state.units, targets):
                seen[probed.observation.unit] = probed.observation
                progress.show(probed)
    finally:
        prober.close()
        of_fleet.close()
    return seen


class Shown(Protocol):
    """Shows the answers as they come."""

    def show(self, probed: Probed) -> None:
        """Take one answer in."""
        ...


class Lines:
    """A line on standard error for each unit that could not be observed: what a log needs."""

    def show(self, probed: Probed) -> None:
        """Take one answer in."""
        for line in _complaint(probed):
            sys.stderr.write(line + "\n")


class Bar:
    """A bar in the terminal, and the same lines above it."""

    def __init__(self, frame: Frame, total: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("[bold]probe"), BarColumn(bar_width=28), MofNCompleteColumn(), TimeElapsedColumn())
        self.progress = Progress(*columns, console=frame.notes(), transient=True)
        self._task = self.progress.add_task("probe", total=total)

    def show(self, probed: Probed) -> None:
        """Take one answer in."""
        self.progress.update(self._task, completed=probed.done)
        for line in _complaint(probed):
            self.progress.console.print(line, style="yellow")


@contextmanager
def _progress(frame: Frame, total: int) -> Iterator[Shown]:
    if not colour():
        yield Lines()
        return
    bar = Bar(frame, total)
    with bar.progress:
        yield bar


def _complaint(probed: Probed) -> Iterator[str]:
    from fleetctl.core.facts import Unobserved

    seen = probed.observation
    if isinstance(seen, Unobserved):
        about = "" if seen.message.startswith(seen.unit) else f"{seen.unit}: "
        yield f"{about}{seen.message}"
        if seen.hint:
            yield f"  hint: {seen.hint}"


def _print(frame: Frame, found: Sequence[Report]) -> None:
    from fleetctl.core.observed import COLUMNS, row

    print_table(frame, COLUMNS, map(row, found))


def _exit_code(found: Sequence[Report], *, detailed_exitcode: bool) -> int:
    if any(report.facts is None for report in found):
        return Exit.FAILED
    return Exit.CHANGES if detailed_exitcode and any(report.drift for report in found) else Exit.DONE
