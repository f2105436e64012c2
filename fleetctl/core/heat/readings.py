"""What a unit's telemetry is worth: a fresh and plausible temperature, or nothing and why (G8).

Everything is judged pessimistically: of the sensors of a zone the one nearest to its floor counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fleetctl.core.facts import Facts, Heat, Observation, Unobserved
from fleetctl.core.heat.premises import Heater, Loop, Zone
from fleetctl.core.heat.verdict import celsius, span
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.policy import Guard

ROOM_C = (-20.0, 50.0)
WATER_C = (0.0, 100.0)


@dataclass(frozen=True, slots=True)
class Reading:
    """One sensor of a zone.

    Attributes:
        unit: whose sensor it is.
        measured_c: as it was told.
        temperature_c: less the sensor's error.
        setpoint_c: what the resident chose here, as declared if that is not known.
        floor_c: what this place may not fall below.
    """

    unit: str
    measured_c: float
    temperature_c: float
    setpoint_c: float
    floor_c: float


def floor_c(setpoint_c: float, guard: Guard) -> float:
    """Return T_min, the temperature that a place may not fall below: 18 °C, or less where less is asked for."""
    return min(guard.floor_c, setpoint_c - guard.setpoint_margin_k)


@dataclass(frozen=True, slots=True)
class Told:
    """What fresh and plausible telemetry says: the temperature of the room or of the water, and the setpoint."""

    measured_c: float
    setpoint_c: float | None


def told(observation: Observation | None, kind: Kind, guard: Guard, now_utc: datetime | None = None) -> Told | str:
    """Return what a unit tells, or why its temperature is unknown (G8).

    Args:
        observation: the latest; None if there never was one.
        kind: of the unit: a boiler measures water.
        guard: the margins.
        now_utc: the time that has passed since the observation counts too; None takes the observation as of now.
    """
    if observation is None:
        return "was never observed"
    if isinstance(observation, Unobserved):
        return f"could not be observed ({observation.cause.value.replace('_', ' ')})"
    heat = observation.heat
    if heat is None:
        return "has no heat telemetry"
    age_s = age_of(observation, heat, now_utc)
    if age_s > guard.telemetry_age_s:
        return f"told its temperature {span(age_s)} ago, limit {span(guard.telemetry_age_s)}"
    measured_c, (low, high) = (heat.water_out_c, WATER_C) if kind is Kind.BOILER else (heat.zone_temperature_c, ROOM_C)
    if measured_c is None:
        return "tells no temperature"
    if not low <= measured_c <= high:  # so written, a figure that is not a number is refused too
        return f"tells {celsius(measured_c)}, outside of {low:g} to {high:g} °C"
    return Told(measured_c, heat.setpoint_c)


def age_of(facts: Facts, heat: Heat, now_utc: datetime | None = None) -> float:
    """Return the age of telemetry in s: on the unit when it was asked, and the time since then."""
    since_s = (now_utc - facts.at).total_seconds() if now_utc is not None else 0.0
    return heat.age_s + max(0.0, since_s)


def weakest(
    zone: Zone, facts: Mapping[str, Observation], guard: Guard, now_utc: datetime | None = None
) -> Reading | None:
    """Return the reading of a zone that is nearest to its floor; None if no unit of the zone tells one."""
    return min(readings(zone, facts, guard, now_utc), key=lambda r: r.temperature_c - r.floor_c, default=None)


def readings(
    zone: Zone, facts: Mapping[str, Observation], guard: Guard, now_utc: datetime | None = None
) -> Iterable[Reading]:
    """Yield what is known of a zone: a reading for each of its units with fresh, plausible telemetry."""
    for unit in zone.heaters:
        tells = told(facts.get(unit), Kind.RADIATOR, guard, now_utc)
        if isinstance(tells, Told):
            setpoint_c = zone.setpoint_c if tells.setpoint_c is None else tells.setpoint_c
            less_error_c = tells.measured_c - guard.sensor_error_k
            yield Reading(unit, tells.measured_c, less_error_c, setpoint_c, floor_c(setpoint_c, guard))


def water_c(
    loop: Loop, facts: Mapping[str, Observation], guard: Guard, now_utc: datetime | None = None
) -> float | None:
    """Return the coldest water that a boiler of the loop tells, less the sensor's error; None if none tells."""
    tells = (told(facts.get(unit), Kind.BOILER, guard, now_utc) for unit in loop.heaters)
    return min((each.measured_c - guard.sensor_error_k for each in tells if isinstance(each, Told)), default=None)


def silent(
    heaters: Iterable[Heater], facts: Mapping[str, Observation], guard: Guard, now_utc: datetime
) -> Iterable[tuple[str, str]]:
    """Yield those of some heaters whose temperature is unknown, with the reason."""
    for heater in heaters:
        tells = told(facts.get(heater.unit), heater.kind, guard, now_utc)
        if isinstance(tells, str):
            yield heater.unit, tells
