"""Who told nothing for a while in the midst of a proof of rooms: what went on meanwhile is not made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from fleetctl.core.commissioning.fit import Series
from fleetctl.core.commissioning.responses import Heating, Sensing, common_time
from fleetctl.core.heat.verdict import span

COVERED_SHARE = 0.8
"""Of the time of heat: a sensor that told for less died or came late. It is left out, for all are judged by the time
that they share."""

Time = tuple[float, float]
"""From when to when, in s."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A sensor that was left out.

    Attributes:
        why: in words that follow its id.
        came_back: it fell silent and told again: if it is asked once more, it may tell all.
    """

    sensor: Sensing
    why: str
    came_back: bool = False


def heard_by(
    heatings: Sequence[Heating], sensors: Sequence[Sensing], turn_s: float
) -> tuple[Sequence[Sensing], Sequence[LeftOut]]:
    """Return the sensors that told for long enough, and never for longer than a turn nothing, and the others.

    Args:
        heatings: that were watched.
        sensors: that watched.
        turn_s: for which each unit heats or does not; who saw nothing of a turn did not see the pattern.

    Raises:
        NeverTogether: if the units were not heated at the same time.
    """
    if not heatings:
        return sensors, ()
    time = common_time([each.powers for each in heatings])
    left_out = [out for each in sensors if (out := _left_out(each, time, turn_s)) is not None]
    gone = {out.sensor.id for out in left_out}
    return [each for each in sensors if each.id not in gone], left_out


def gap(heating: Heating, turn_s: float) -> str:
    """Return that a unit did not tell for longer than a turn what it gave; empty if it did."""
    if not heating.powers:
        return ""
    began, ended = heating.powers[0][0], heating.powers[-1][0]
    silent, again = longest_pause(heating.powers, (began, ended))
    if again - silent <= turn_s:
        return ""
    return f"it did not tell what it gave after {span(silent - began)}, for {span(again - silent)}"


def longest_pause(series: Series, time: Time) -> Time:
    """Return the longest part of a time in which a series told nothing between two readings."""
    first, last = time
    pauses = [(max(early, first), min(late, last)) for (early, _), (late, _) in pairwise(series)]
    return max(pauses, key=lambda pause: pause[1] - pause[0], default=(first, first))


def covered_share(series: Series, time: Time) -> float:
    """Return of how much of a time a series tells, from its first reading to its last."""
    first, last = time
    return max(0.0, min(last, series[-1][0]) - max(first, series[0][0])) / (last - first)


def _left_out(sensor: Sensing, time: Time, turn_s: float) -> LeftOut | None:
    share, (silent, again) = covered_share(sensor.temperatures, time), longest_pause(sensor.temperatures, time)
    if share < COVERED_SHARE:
        return LeftOut(sensor, f"told for {100 * share:.0f} % of the time")
    if again - silent > turn_s:
        why = f"fell silent after {span(silent - time[0])}, for {span(again - silent)}, and came back"
        return LeftOut(sensor, why, came_back=True)
    return None
