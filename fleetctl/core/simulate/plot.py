"""A simulation as one picture: an SVG with nothing from elsewhere, four panels over one axis of time.

From above: where the units stand, how many do not heat, the coldest room, and what stood in the way of most sites.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap

from fleetctl.core.rollout_html import duration
from fleetctl.core.simulate.record import Sample, Stretch
from fleetctl.core.simulate.report import Simulation

WIDTH, LEFT, RIGHT = 960, 70, 20
_TITLE_H, _GAP, _LEGEND_H = 60, 34, 20
_LINE = 130
"""Characters that fit into the picture's width."""
_STEPS_S = (60, 300, 600, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800)
_MOST_TICKS = 9
_INK, _FAINT, _PAPER = "#222222", "#d9d9d9", "#ffffff"
_ENDED, _UNDER_WAY, _WAITING, _COLD = "#009e73", "#e69f00", "#e8e8e8", "#d55e00"
_KINDS = ("#0072b2", "#cc79a7", "#56b4e9", "#f0e442", "#8c6bb1", "#a6761d", "#666666")
"""Colours that colour-blind people can tell apart (Okabe and Ito), for constraints, the most critical first."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A rectangle of the picture and what its height stands for."""

    top: float
    height: float
    low: float
    high: float

    def y(self, value: float) -> float:
        """Return where a value is, in px from the top of the picture."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.top + self.height * (1 - share)


@dataclass(frozen=True, slots=True)
class Axis:
    """The axis of time."""

    total_s: float

    def x(self, at_s: float) -> float:
        """Return where a time is, in px from the left of the picture."""
        return LEFT + (WIDTH - LEFT - RIGHT) * at_s / (self.total_s or 1.0)

    @property
    def ticks_s(self) -> Iterable[float]:
        """Return times at which the axis has a mark, in s."""
        step = next((step for step in _STEPS_S if self.total_s / step <= _MOST_TICKS), _STEPS_S[-1])
        return (number * step for number in range(int(self.total_s // step) + 1))


def to_svg(simulation: Simulation) -> str:
    """Draw a simulation."""
    axis, samples = Axis(simulation.duration_s), simulation.samples
    units = Panel(_TITLE_H + _LEGEND_H, 170, 0, simulation.units)
    without = Panel(units.top + units.height + _GAP, 70, 0, max(simulation.most_without_heat, 1))
    rooms = Panel(without.top + without.height + _GAP, 110, *_range(samples))
    strip = Panel(rooms.top + rooms.height + _GAP, 26, 0, 1)
    kinds = [each.kind for each in simulation.constraints if each.critical_s > 0][: len(_KINDS)]
    height = strip.top + strip.height + 34 + _LEGEND_H * ((len(kinds) + 1) // 2)
    parts = [
        *_heading(simulation),
        *_framed(units, axis, "units", "{:.0f}"),
        *_units(units, axis, samples),
        *_framed(without, axis, "units without heat", "{:.0f}"),
        _without_heat(without, axis, samples),
        *_framed(rooms, axis, "coldest of the rooms touched, °C", "{:.1f}"),
        *_temperatures(rooms, axis, samples),
        *_strip(strip, axis, simulation.critical, kinds),
        *_time(axis, strip),
    ]
    return _picture(height, parts)


def _range(samples: Sequence[Sample]) -> tuple[float, float]:
    """Return the range of temperatures, at least a kelvin."""
    seen = [sample.lowest_c for sample in samples if sample.lowest_c is not None] or [18.0, 20.0]
    middle, half = (max(seen) + min(seen)) / 2, max((max(seen) - min(seen)) * 0.55, 0.5)
    return middle - half, middle + half


def _heading(simulation: Simulation) -> Iterator[str]:
    title = f"{simulation.units} units of {simulation.fleet}, policy {simulation.policy}"
    yield _text(LEFT, 20, title, size=15, weight="bold")
    supposed = "; ".join(f"{label} {value}" for label, value in simulation.supposed.items())
    lines = wrap(f"{duration(simulation.duration_s)}; {supposed}", _LINE)
    for number, line in enumerate(lines[:2]):
        yield _text(LEFT, 38 + 16 * number, line)


def _units(panel: Panel, axis: Axis, samples: Sequence[Sample]) -> Iterator[str]:
    times = [axis.x(sample.at_s) for sample in samples]
    floor = [panel.y(0)] * len(samples)
    ended = [panel.y(sample.ended) for sample in samples]
    active = [panel.y(sample.ended + sample.under_way) for sample in samples]
    yield _area(times, floor, ended, _ENDED)
    yield _area(times, ended, active, _UNDER_WAY)
    yield _area(times, active, [panel.top] * len(samples), _WAITING)
    names = (("ended", _ENDED), ("under way", _UNDER_WAY), ("waiting", _WAITING))
    for number, (name, colour) in enumerate(names):
        yield from _key(WIDTH - RIGHT - 270 + 95 * number, panel.top - 6, name, colour)


def _without_heat(panel: Panel, axis: Axis, samples: Sequence[Sample]) -> str:
    times = [axis.x(sample.at_s) for sample in samples]
    heights = [panel.y(sample.without_heat) for sample in samples]
    return _area(times, [panel.y(0)] * len(samples), heights, _COLD)


def _temperatures(panel: Panel, axis: Axis, samples: Sequence[Sample]) -> Iterator[str]:
    points = " ".join(f"{axis.x(s.at_s):.1f},{panel.y(s.lowest_c):.1f}" for s in samples if s.lowest_c is not None)
    yield f'<polyline points="{points}" fill="none" stroke="{_KINDS[0]}" stroke-width="1.5"/>'


def _strip(panel: Panel, axis: Axis, stretches: Sequence[Stretch], kinds: Sequence[str]) -> Iterator[str]:
    colours = dict(zip(kinds, _KINDS, strict=False))
    yield _text(LEFT, panel.top - 6, "what stood in the way of most sites")
    ends = [*(stretch.at_s for stretch in stretches[1:]), axis.total_s]
    for stretch, end_s in zip(stretches, ends, strict=True):
        if stretch.constraint and end_s > stretch.at_s:
            x, right = axis.x(stretch.at_s), axis.x(end_s)
            colour = colours.get(stretch.constraint, _KINDS[-1])
            yield _rect(x, panel.top, right - x, panel.height, colour)
    for number, (kind, colour) in enumerate(colours.items()):
        x = LEFT + (WIDTH - LEFT - RIGHT) / 2 * (number % 2)
        yield from _key(x, panel.top + panel.height + 34 + _LEGEND_H * (number // 2), kind, colour)


def _time(axis: Axis, strip: Panel) -> Iterator[str]:
    for at_s in axis.ticks_s:
        label = f"+{at_s / 3600:g} h" if at_s >= 3600 else f"+{at_s / 60:g} min" if at_s else "0"
        yield _text(axis.x(at_s), strip.top + strip.height + 15, label, anchor="middle")


def _framed(panel: Panel, axis: Axis, title: str, form: str) -> Iterator[str]:
    yield _text(LEFT, panel.top - 6, title)
    for at_s in axis.ticks_s:
        x = axis.x(at_s)
        yield _line(x, panel.top, x, panel.top + panel.height)
    for value in (panel.low, panel.high):
        y = panel.y(value)
        yield _line(LEFT, y, WIDTH - RIGHT, y)
        yield _text(LEFT - 6, y + 4, form.format(value), anchor="end")


def _area(xs: Sequence[float], low: Sequence[float], high: Sequence[float], colour: str) -> str:
    """Fill what lies between two lines."""
    above = [f"{x:.1f},{y:.1f}" for x, y in zip(xs, high, strict=True)]
    below = [f"{x:.1f},{y:.1f}" for x, y in zip(xs, low, strict=True)]
    return f'<polygon points="{" ".join([*above, *reversed(below)])}" fill="{colour}" fill-opacity="0.85"/>'


def _key(x: float, y: float, name: str, colour: str) -> Iterator[str]:
    yield _rect(x, y - 9, 11, 11, colour)
    yield _text(x + 16, y, name)


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _line(x: float, y: float, right: float, bottom: float) -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{right:.1f}" y2="{bottom:.1f}" stroke="{_FAINT}"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12, weight: str = "normal") -> str:
    style = f'font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" fill="{_INK}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'


def _picture(height: float, parts: Iterable[str]) -> str:
    lines = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
        f'height="{height:.0f}" font-family="system-ui, sans-serif" role="img">\n'
        f'<rect width="100%" height="100%" fill="{_PAPER}"/>\n{lines}\n</svg>\n'
    )
