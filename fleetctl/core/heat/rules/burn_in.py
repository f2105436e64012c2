"""Full load on purpose: no burn-in where it is warm already (G10)."""

from __future__ import annotations

from fleetctl.core.heat.premises import Heater
from fleetctl.core.heat.readings import Told
from fleetctl.core.heat.verdict import Verdict, celsius, verdict
from fleetctl.core.policy import Guard


def warmest_c(tells: Told, heater: Heater, guard: Guard) -> float:
    """Return what a burn-in, or a heat pulse, may not exceed: the module's limit in water, setpoint + 3 K in a room."""
    if heater.loop:
        return heater.water_max_c if heater.water_max_c is not None else float("inf")
    setpoint_c = heater.highest_setpoint_c if tells.setpoint_c is None else tells.setpoint_c
    return setpoint_c + guard.overheat_k


def overheat(tells: Told, heater: Heater, guard: Guard) -> Verdict:
    """G10: no burn-in on a loop above the module's limit, or in a room over its setpoint + 3 K."""
    limit_c = warmest_c(tells, heater, guard)
    arithmetic = f"{celsius(tells.measured_c)}, limit {celsius(limit_c)}"
    return verdict("G10", heater.unit, tells.measured_c <= limit_c, arithmetic)
