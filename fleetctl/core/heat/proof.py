"""Whether a unit heats, whether it is down, and whether a zone fell: what is concluded from telemetry.

Nothing here is about permission; that is `guard`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fleetctl.core.facts import Cause, Facts, Heat, Observation
from fleetctl.core.heat.premises import Heater, Zone
from fleetctl.core.heat.readings import Told, age_of, told, weakest
from fleetctl.core.heat.rules.burn_in import warmest_c
from fleetctl.core.heat.verdict import celsius, span, watts
from fleetctl.core.policy import Guard

LITTLE_SHARE = 0.1
"""Of a unit's power: less than this commanded proves nothing, and a unit that asks for it is not cold."""
DEAD_SHARE = 0.1
"""Of the commanded power: under this a unit is down."""
_SILENT = frozenset({Cause.UNREACHABLE, Cause.TIMED_OUT})
"""Causes that lie with the unit itself: of one behind a dead gateway nothing is known."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether a unit delivers heat.

    Attributes:
        state: `yes`; `no`: it was asked for heat and gives too little; `not_proven`: too little is asked for to tell;
            `unknown`: its telemetry is missing, old or implausible.
        text: the arithmetic: `585 of 650 W delivered, 90 % needed; living room 20.1 °C`.
        pulse: with `not_proven`: a heat pulse would prove it, and the room is not too warm for one.
    """

    state: Literal["yes", "no", "not_proven", "unknown"]
    text: str
    pulse: bool = False


def delivers(facts: Facts, heater: Heater, guard: Guard) -> Proof:
    """Return whether a unit gives at least its share of the commanded power, and its own sensor responds."""
    tells, heat = told(facts, heater.kind, guard), facts.heat
    if heat is None or isinstance(tells, str):
        return Proof("unknown", f"{heater.unit} {tells}")
    if heat.commanded_w < LITTLE_SHARE * heater.power_w:
        return _not_proven(heat, tells, heater, guard)
    needed_w = guard.delivered_share * heat.commanded_w
    text = (
        f"{heater.unit} delivers {watts(heat.power_w)} of {watts(heat.commanded_w)} commanded, "
        f"{100 * guard.delivered_share:g} % needed ({watts(needed_w)}); its sensor tells {celsius(tells.measured_c)}"
    )
    return Proof("yes" if heat.power_w >= needed_w else "no", text)


def _not_proven(heat: Heat, tells: Told, heater: Heater, guard: Guard) -> Proof:
    little = f"{watts(heat.commanded_w)} of {watts(heater.power_w)} commanded: too little to prove heat"
    limit_c = warmest_c(tells, heater, guard)
    if tells.measured_c + guard.pulse_k > limit_c:
        fact = f"{celsius(tells.measured_c)} is too warm for a pulse of {guard.pulse_k:g} K, limit {celsius(limit_c)}"
        return Proof("not_proven", f"{heater.unit}: {little}; {fact}")
    return Proof("not_proven", f"{heater.unit}: {little}; a pulse of {span(guard.pulse_s)} would", pulse=True)


def already_down(observation: Observation, before: Observation | None, heater: Heater, guard: Guard) -> bool:
    """Say whether a unit gives no heat anyway, so that its repair costs no budget.

    It takes two readings: of a unit that is unreachable, or whose agent is silent, past the age at which telemetry is
    unknown; or of one that gives under 10 % of what is commanded. A low setpoint is not cold.
    """
    if before is None:
        return False
    if _no_heat_told(observation, guard):
        waited_s = (observation.at - before.at).total_seconds()
        return _no_heat_told(before, guard) or waited_s > guard.telemetry_age_s
    return _is_dead(observation, heater) and _is_dead(before, heater)


def _no_heat_told(observation: Observation, guard: Guard) -> bool:
    if not isinstance(observation, Facts):
        return observation.cause in _SILENT
    return observation.heat is None or age_of(observation, observation.heat) > guard.telemetry_age_s


def _is_dead(observation: Observation, heater: Heater) -> bool:
    heat = observation.heat if isinstance(observation, Facts) else None
    if heat is None or heat.commanded_w < LITTLE_SHARE * heater.power_w:
        return False
    return heat.power_w < DEAD_SHARE * heat.commanded_w


def zone_temperature_c(
    zone: Zone, facts: Mapping[str, Observation], guard: Guard, now_utc: datetime | None = None
) -> float | None:
    """Return the temperature of a zone where it is nearest to its floor, less the sensor's error; None if unknown.

    With `now_utc` the time since the observations counts as their age.
    """
    reading = weakest(zone, facts, guard, now_utc)
    return reading.temperature_c if reading else None


def fell(
    zone: Zone,
    before_c: float | None,
    facts: Mapping[str, Observation],
    guard: Guard,
    now_utc: datetime | None = None,
) -> str | None:
    """Return in words that a zone fell below its floor since we touched it (G12), or None.

    The air of a room dips when a radiator goes out and comes back with it; the floor is allowed that dip, or the alarm
    would be false. A zone that was below its floor before, or of which nothing was known then, did not fall.

    Args:
        zone: the zone that was touched.
        before_c: its `zone_temperature_c` before that.
        facts: the latest observations.
        guard: the margins.
        now_utc: see `zone_temperature_c`.
    """
    reading = weakest(zone, facts, guard, now_utc)
    if reading is None or before_c is None or before_c + guard.sensor_error_k < reading.floor_c:
        return None
    if reading.measured_c >= reading.floor_c - guard.air_dip_k:
        return None
    return (
        f"G12 {zone.id}: fell to {celsius(reading.measured_c)} at {reading.unit}, it was "
        f"{celsius(before_c + guard.sensor_error_k)} before; its floor is {celsius(reading.floor_c)}, "
        f"less an air dip of {guard.air_dip_k:g} K"
    )
