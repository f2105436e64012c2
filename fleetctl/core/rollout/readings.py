"""What a rollout keeps of its probes: how warm it was and what ran, at most once a minute for each unit.

The facts of a unit are replaced by newer ones; readings stay, so that a report can show what a rollout did to the heat.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fleetctl.core.facts import Facts
from fleetctl.core.heat.premises import Heater, SitePremises
from fleetctl.core.heat.readings import Told, told
from fleetctl.core.rollout.state import Rollout

EVERY_S = 60
"""Of the probes of one unit within one such stretch of time the last is kept."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one probe saw of a unit while a rollout worked on it.

    Attributes:
        space: id of the zone or loop that the unit heats, as it was then; empty for a gateway.
        temperature_c: of the room or of the water; None if the telemetry was too old or not plausible (G8).
        setpoint_c: chosen by the resident, or else declared; None on a loop.
        power_w, commanded_w: None if there was no telemetry.
        version: of the booted system.
        config_digest: of the active config.
    """

    rollout: str
    unit: str
    at: datetime
    version: str
    config_digest: str
    space: str = ""
    temperature_c: float | None = None
    setpoint_c: float | None = None
    power_w: float | None = None
    commanded_w: float | None = None

    @property
    def minute(self) -> int:
        """Return the number of the stretch of time that it stands for."""
        return int(self.at.timestamp()) // EVERY_S


def reading_of(rollout: Rollout, seen: Facts, premises: SitePremises | None) -> Reading:
    """Return what is kept of a probe; premises are those of the unit's site, if the inventory still has it."""
    bare = Reading(rollout.id, seen.unit, seen.at, seen.version, seen.config_digest)
    heater = premises.heaters.get(seen.unit) if premises else None
    if premises is None or heater is None:
        return bare
    tells = told(seen, heater.kind, rollout.policy.guard)
    heat = seen.heat if isinstance(tells, Told) else None
    return Reading(
        rollout=bare.rollout,
        unit=bare.unit,
        at=bare.at,
        version=bare.version,
        config_digest=bare.config_digest,
        space=heater.zone or heater.loop,
        temperature_c=tells.measured_c if isinstance(tells, Told) else None,
        setpoint_c=_setpoint_c(tells, heater, premises),
        power_w=heat.power_w if heat else None,
        commanded_w=heat.commanded_w if heat else None,
    )


def _setpoint_c(tells: Told | str, heater: Heater, premises: SitePremises) -> float | None:
    if isinstance(tells, Told) and tells.setpoint_c is not None:
        return tells.setpoint_c
    zone = premises.zones.get(heater.zone)
    return zone.setpoint_c if zone else None
