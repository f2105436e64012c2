"""How rooms and tanks warm and cool: exact steps of small linear models, for any length of step.

Every model has `step(state, inputs, dt_s) -> state`, with inputs held constant over the step. The lab, `simulate` and
the tests call these; the heat guard uses the closed form `OneNode.coast_s`. Sources: ISO 13790 for the capacities and
for the coupling of air and mass. Occupants, sun and wind are not modelled: gains only ever help.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

WATER_KJ_L_K = 4.115
"""rho c of water at 60 °C: 983.2 kg/m³ times 4.185 kJ/(kg K), in kJ/(L K)."""

_AIR_SHARE = 0.05
"""Share of a zone's capacity that follows the air at once: the air itself, furniture, the skin of the walls."""
_COUPLING_W_K_PER_KJ_K = 0.056
"""Air to mass: 9.2 W/(m²K) per floor area (ISO 13790's H_is and H_ms in series) at 165 kJ/(m²K)."""
_CONVECTIVE_SHARE = 0.5
"""Share of a radiator's heat that goes into the air; the rest is radiation that the walls take up."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What acts on a zone during a step.

    Attributes:
        outdoor_c: outdoor temperature.
        power_w: heat given into the zone.
        neighbours: zones that it exchanges heat with, as (W/K, °C).
    """

    outdoor_c: float
    power_w: float = 0.0
    neighbours: tuple[tuple[float, float], ...] = ()

    def losses(self, h_w_k: float) -> tuple[float, float]:
        """Return the conductance to everything outside, in W/K, and the one temperature that stands for all of it."""
        if not self.neighbours:
            return h_w_k, self.outdoor_c
        total_w_k = h_w_k + sum(w_k for w_k, _ in self.neighbours)
        inflow_w = h_w_k * self.outdoor_c + sum(w_k * c for w_k, c in self.neighbours)
        return total_w_k, (inflow_w / total_w_k if total_w_k else self.outdoor_c)


@dataclass(frozen=True, slots=True)
class OneNode:
    """A zone as one capacity: `C dT/dt = H (Te - T) + P`. The state is its temperature in °C."""

    c_kj_k: float
    h_w_k: float

    @property
    def tau_s(self) -> float:
        """Return the time constant C / H."""
        return self.c_kj_k * 1000 / self.h_w_k

    def steady_c(self, inputs: Surroundings) -> float:
        """Return where the temperature ends up: `Te + P / H`."""
        total_w_k, outside_c = inputs.losses(self.h_w_k)
        return outside_c + inputs.power_w / total_w_k

    def step(self, state: float, inputs: Surroundings, dt_s: float) -> float:
        """Return the temperature after `dt_s`."""
        total_w_k, _ = inputs.losses(self.h_w_k)
        steady_c = self.steady_c(inputs)
        return steady_c + (state - steady_c) * math.exp(-dt_s * total_w_k / (self.c_kj_k * 1000))

    def coast_s(self, state: float, floor_c: float, inputs: Surroundings) -> float:
        """Return how long the zone stays at or above a floor.

        Infinite if it never falls below it, even if it is below now and warms up; 0 if it is at or below the floor.
        """
        total_w_k, _ = inputs.losses(self.h_w_k)
        steady_c = self.steady_c(inputs)
        if steady_c >= floor_c:
            return math.inf
        if state <= floor_c:
            return 0.0
        return self.c_kj_k * 1000 / total_w_k * math.log((state - steady_c) / (floor_c - steady_c))


@dataclass(frozen=True, slots=True)
class AirAndMass:
    """State of a zone of two nodes; a thermometer in the room reads `air_c`."""

    air_c: float
    mass_c: float


@dataclass(frozen=True, slots=True)
class TwoNode:
    """A zone whose air falls faster than its mass: what a sensor sees when a radiator goes out.

    `Ca dTa/dt = H (Te - Ta) + K (Tm - Ta) + s P` and `Cm dTm/dt = K (Ta - Tm) + (1 - s) P`.

    Attributes:
        air_kj_k, mass_kj_k: capacities of air and mass.
        h_w_k: heat loss from the air to the outside.
        coupling_w_k: K, between air and mass.
        convective_share: s, the share of the heat that goes into the air.
    """

    air_kj_k: float
    mass_kj_k: float
    h_w_k: float
    coupling_w_k: float
    convective_share: float = _CONVECTIVE_SHARE

    @classmethod
    def of(cls, c_kj_k: float, h_w_k: float) -> TwoNode:
        """Split a zone's capacity and loss as ISO 13790 does for a usual room."""
        return cls(_AIR_SHARE * c_kj_k, (1 - _AIR_SHARE) * c_kj_k, h_w_k, _COUPLING_W_K_PER_KJ_K * c_kj_k)

    def steady(self, inputs: Surroundings) -> AirAndMass:
        """Return where both temperatures end up."""
        total_w_k, outside_c = inputs.losses(self.h_w_k)
        air_c = outside_c + inputs.power_w / total_w_k
        return AirAndMass(air_c, air_c + (1 - self.convective_share) * inputs.power_w / self.coupling_w_k)

    def step(self, state: AirAndMass, inputs: Surroundings, dt_s: float) -> AirAndMass:
        """Return both temperatures after `dt_s`: the exact solution, by the two rates of the system."""
        total_w_k, _ = inputs.losses(self.h_w_k)
        steady = self.steady(inputs)
        from_air, from_mass = self.coupling_w_k / (self.air_kj_k * 1000), self.coupling_w_k / (self.mass_kj_k * 1000)
        air_rate = from_air + total_w_k / (self.air_kj_k * 1000)
        air_k, mass_k = state.air_c - steady.air_c, state.mass_c - steady.mass_c
        # d/dt (air, mass) = ((-air_rate, from_air), (from_mass, -from_mass)) (air, mass); both rates are real and < 0.
        middle, half = (
            -(air_rate + from_mass) / 2,
            math.hypot((air_rate - from_mass) / 2, math.sqrt(from_air * from_mass)),
        )
        fast, slow = math.exp((middle - half) * dt_s), math.exp((middle + half) * dt_s)
        keep = ((slow + fast) * half - (slow - fast) * middle) / (2 * half)
        mix = (slow - fast) / (2 * half)
        return AirAndMass(
            steady.air_c + keep * air_k + mix * (from_air * mass_k - air_rate * air_k),
            steady.mass_c + keep * mass_k + mix * (from_mass * air_k - from_mass * mass_k),
        )


@dataclass(frozen=True, slots=True)
class Flows:
    """What acts on a tank during a step, in W.

    Attributes:
        heat_w: heat from the units.
        backup_w: heat from the conventional boilers.
        draw_w: heat that leaves with the water drawn.
        loop_w: heat that the circulation loses.
        ambient_c: temperature around the tank.
    """

    heat_w: float = 0.0
    backup_w: float = 0.0
    draw_w: float = 0.0
    loop_w: float = 0.0
    ambient_c: float = 18.0

    @property
    def net_w(self) -> float:
        """Return what flows in, less what flows out, the tank's own loss apart."""
        return self.heat_w + self.backup_w - self.draw_w - self.loop_w


@dataclass(frozen=True, slots=True)
class Tank:
    """A stirred tank: `rho c V dT/dt = P_in - P_draw - P_loop - UA (T - T_amb)`. The state is its temperature in °C."""

    volume_l: float
    ua_w_k: float = 0.0

    @property
    def c_kj_k(self) -> float:
        """Return the heat that one kelvin of the water holds."""
        return WATER_KJ_L_K * self.volume_l

    def step(self, state: float, inputs: Flows, dt_s: float) -> float:
        """Return the temperature after `dt_s`."""
        lasting = -dt_s * self.ua_w_k / (self.c_kj_k * 1000)
        inflow_w = inputs.net_w - self.ua_w_k * (state - inputs.ambient_c)
        share = math.expm1(lasting) / lasting if lasting else 1.0
        return state + inflow_w * dt_s * share / (self.c_kj_k * 1000)

    def hold_s(self, state: float, least_c: float, inputs: Flows) -> float:
        """Return how long the tank holds a temperature (G4), at the loss that it has now: `rho c V (T - least) / loss`.

        Infinite if nothing is lost; 0 if it is colder than that already.
        """
        loss_w = self.ua_w_k * (state - inputs.ambient_c) - inputs.net_w
        if loss_w <= 0:
            return math.inf
        return max(0.0, self.c_kj_k * 1000 * (state - least_c) / loss_w)


def exchange(
    neighbours_w_k: Mapping[str, float], temperatures_c: Mapping[str, float]
) -> tuple[tuple[float, float], ...]:
    """Return what a zone exchanges heat with, for `Surroundings`: its `neighbours_w_k` at the temperatures of all."""
    return tuple((w_k, temperatures_c[other]) for other, w_k in neighbours_w_k.items())
