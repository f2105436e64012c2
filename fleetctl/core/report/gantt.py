"""Units over time as rows of bars, gathered by wave, site and dwelling so that thousands of them can be looked at.

A group shows the bars of all its units, one thin line a unit, and opens to the units themselves. Bars of one phase in
one drawing are one path: a page of 5,000 units stays small.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from fleetctl.core.report.axis import WIDTH, Axis, Tick
from fleetctl.core.report.decisions import WaveReport
from fleetctl.core.report.timeline import Span
from fleetctl.core.rollout_report import RolloutReport, UnitReport

OPEN_UP_TO = 40
"""A rollout of so many units is shown unit by unit at once."""
_LEAST = 3
"""Width of the shortest bar: a second of a night has to be seen."""
_LINE_PX, _MOST_PX, _LEAST_PX = 3, 72, 10
NOT_STARTED = "not started"
NO_DWELLING = "gateways and boilers"

Paths = Mapping[str, str]
"""A path's data by the phase that it stands for."""


@dataclass(frozen=True)
class Row:
    """One unit; `words` tell its bars to those who do not see them."""

    unit: UnitReport
    paths: Paths
    words: str


@dataclass(frozen=True)
class Group:
    """Units that belong together: a site's, or a dwelling's.

    Attributes:
        lines: units in the drawing, one line each.
        height_px: of the drawing.
        counts: units by phase, in words.
    """

    name: str
    counts: str
    paths: Paths
    lines: int
    height_px: int
    needs_somebody: bool
    is_of_one_site: bool
    groups: tuple[Group, ...] = ()
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True)
class WaveRows:
    """One wave on an axis of its own, with its groups, or with its units where they are few."""

    wave: WaveReport
    ticks: tuple[Tick, ...]
    groups: tuple[Group, ...] = ()
    rows: tuple[Row, ...] = ()


def by_wave(report: RolloutReport) -> Iterator[WaveRows]:
    """Yield the waves of a report with their units."""
    units = {unit.unit: unit for unit in report.units}
    for wave in report.waves:
        mine = [units[name] for name in wave.units]
        axis = _axis(report, mine)
        drawing, ticks = _Drawing(report, axis), tuple(axis.ticks())
        if len(report.units) <= OPEN_UP_TO:
            yield WaveRows(wave, ticks, rows=tuple(map(drawing.row, mine)))
        else:
            yield WaveRows(wave, ticks, groups=tuple(_groups(drawing, mine)))


def _axis(report: RolloutReport, units: Sequence[UnitReport]) -> Axis:
    """Return the stretch of time in which something was done to the units of a wave."""
    spans = [span for unit in units for span in unit.spans]
    began = min((span.began for span in spans), default=report.began)
    return Axis(began, max((span.ended for span in spans), default=report.ended), report.zone)


def _groups(drawing: _Drawing, units: Sequence[UnitReport]) -> Iterator[Group]:
    """Yield a wave's units by site, if there are several, and by dwelling; last those with nothing to draw."""
    started = [unit for unit in units if unit.spans]
    if len(drawing.report.rollout.sites) > 1:
        yield from drawing.groups(started, drawing.site_of, drawing.dwellings)
    else:
        yield from drawing.dwellings(started)
    yield from drawing.groups([unit for unit in units if not unit.spans], _not_started, None)


def _not_started(_: UnitReport) -> str:
    """Gather units of which there is nothing to draw in one group, whatever their site."""
    return NOT_STARTED


class _Drawing:
    """Draws the units of one wave on its axis."""

    def __init__(self, report: RolloutReport, axis: Axis) -> None:
        self.report, self.axis = report, axis

    def site_of(self, unit: UnitReport) -> str:
        return unit.progress.site

    def dwelling_of(self, unit: UnitReport) -> str:
        return self.report.evidence.dwellings.get(unit.unit, "") or NO_DWELLING

    def dwellings(self, units: Sequence[UnitReport]) -> tuple[Group, ...]:
        return tuple(self.groups(units, self.dwelling_of, None))

    def groups(
        self,
        units: Sequence[UnitReport],
        name_of: Callable[[UnitReport], str],
        inside: Callable[[Sequence[UnitReport]], tuple[Group, ...]] | None,
    ) -> Iterator[Group]:
        """Yield units by a name; each group holds groups, or with `inside` None rows."""
        for name, members in groupby(sorted(units, key=name_of), key=name_of):
            mine = list(members)
            counts = Counter(unit.phase.value.replace("_", " ") for unit in mine).most_common()
            yield Group(
                name=name,
                counts=", ".join(f"{count} {phase}" for phase, count in counts),
                paths=self.paths([unit.spans for unit in mine]),
                lines=len(mine),
                height_px=min(_MOST_PX, max(_LEAST_PX, _LINE_PX * len(mine))),
                needs_somebody=any(unit.needs_somebody for unit in mine),
                is_of_one_site=len({unit.progress.site for unit in mine}) == 1,
                groups=inside(mine) if inside else (),
                rows=() if inside else tuple(map(self.row, mine)),
            )

    def row(self, unit: UnitReport) -> Row:
        return Row(unit, self.paths([unit.spans]), self.words(unit))

    def paths(self, lines: Sequence[Sequence[Span]]) -> Paths:
        """Draw each unit's spans on a line of its own."""
        parts: dict[str, list[str]] = defaultdict(list)
        for number, spans in enumerate(lines):
            for span in spans:
                x = min(self.axis.x(span.began), WIDTH - _LEAST)
                width = max(_LEAST, self.axis.x(span.ended) - x)
                parts[span.what].append(f"M{x} {number}.5h{width}")
        return {what: "".join(moves) for what, moves in parts.items()}

    def words(self, unit: UnitReport) -> str:
        zone = self.report.zone_of(unit.progress.site)
        said = (f"{span.began.astimezone(zone):%H:%M:%S} {span.what.replace('_', ' ')}" for span in unit.spans)
        ended = unit.spans[-1].ended.astimezone(zone) if unit.spans and not unit.spans[-1].is_open else None
        end = f", {ended:%H:%M:%S} {unit.phase.value.replace('_', ' ')}" if ended else ""
        return ", ".join(said) + end
