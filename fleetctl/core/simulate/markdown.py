"""A simulation for people: Markdown, to be read in a terminal or put under a merge request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fleetctl.core.rollout_html import duration
from fleetctl.core.simulate.report import Constraint, Open, Simulation, Zone

_MOST_ROWS = 10
_MOST_LISTED = 40


def to_markdown(simulation: Simulation) -> str:
    """Return the report; long lists are cut and say so (the JSON document has all of them)."""
    parts = (
        _head(simulation),
        _units(simulation),
        _waited(simulation.constraints),
        _cold(simulation),
        _list("Not at an end", simulation.unfinished),
        _list("At an end, and somebody has to look", simulation.attention),
    )
    return "\n\n".join("\n".join(lines) for part in parts if (lines := list(part))) + "\n"


def _head(simulation: Simulation) -> Iterator[str]:
    yield f"# Simulated rollout of {simulation.units} units of {simulation.fleet}"
    yield ""
    updated = "Every unit was updated" if simulation.complete else "Not every unit was updated"
    yield f"{updated}: {simulation.over or simulation.reason or simulation.status}."
    if simulation.limit_reason:
        yield ""
        yield _limit(simulation)
    yield ""
    yield f"- begins {simulation.began:%Y-%m-%d %H:%M} UTC, takes {duration(simulation.duration_s)}"
    yield f"- policy `{simulation.policy}`"
    yield from (f"- {label}: {value}" for label, value in simulation.supposed.items())
    yield f"- heat not delivered: {simulation.lacked_kwh:.2f} kWh"
    yield f"- zones that fell below their floor: {len(simulation.too_cold)}"
    yield f"- at most {simulation.most_without_heat} units without heat at once; {simulation.jobs_lost} jobs ended"


def _limit(simulation: Simulation) -> str:
    if simulation.limit_c is None:
        return f"No outdoor temperature lets every unit be updated: {simulation.limit_reason}."
    warm = f"Down to {simulation.limit_c:g} °C outdoors every unit can be updated"
    return f"{warm}; below that not all: {simulation.limit_reason}."


def _units(simulation: Simulation) -> Iterator[str]:
    yield from ("## Units", "", "| state | units |", "|---|---:|")
    yield from (f"| {state.replace('_', ' ')} | {count} |" for state, count in simulation.counts.items())


def _waited(constraints: Sequence[Constraint]) -> Iterator[str]:
    if constraints:
        yield from ("## What units waited for", "", "| reason | critical for | site-hours | for instance |")
        yield "|---|---:|---:|---|"
    for each in constraints[:_MOST_ROWS]:
        yield f"| {each.kind} | {duration(each.critical_s)} | {each.site_s / 3600:.1f} | {each.example} |"


def _cold(simulation: Simulation) -> Iterator[str]:
    if not simulation.zones:
        return
    yield from ("## Coldest zones", "", "| zone | lowest | floor | setpoint | when | not delivered |")
    yield "|---|---:|---:|---:|---:|---:|"
    yield from map(_zone, simulation.zones[:_MOST_ROWS])
    if len(simulation.zones) > _MOST_ROWS:
        yield f"\n{len(simulation.zones) - _MOST_ROWS} further zones were never nearer to their floor."


def _zone(zone: Zone) -> str:
    cells = (
        zone.name,
        f"{zone.lowest_c:.2f} °C" + " **too cold**" * zone.is_too_cold,
        f"{zone.floor_c:g} °C",
        f"{zone.setpoint_c:g} °C",
        f"+{duration(zone.lowest_s)}",
        f"{zone.lacked_kwh:.2f} kWh",
    )
    return f"| {' | '.join(cells)} |"


def _list(title: str, listed: Sequence[Open]) -> Iterator[str]:
    if not listed:
        return
    yield from (f"## {title}", "")
    for each in listed[:_MOST_LISTED]:
        yield f"- `{each.unit}` {each.phase.value.replace('_', ' ')}" + (f": {each.reason}" if each.reason else "")
    if len(listed) > _MOST_LISTED:
        yield f"- and {len(listed) - _MOST_LISTED} more"
