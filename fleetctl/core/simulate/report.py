"""What a simulated rollout came to, as a value and as plain data of schema `fleetctl/simulation/v1`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fleetctl.core.clock import to_text
from fleetctl.core.rollout.board import Board
from fleetctl.core.rollout.state import Phase, Progress
from fleetctl.core.simulate.conditions import Conditions
from fleetctl.core.simulate.record import Record, Sample, Stretch
from fleetctl.core.simulate.spaces import Space
from fleetctl.core.simulate.world import World

SCHEMA = "fleetctl/simulation/v1"
_J_PER_KWH = 3.6e6
_NEVER_STARTED = "it was not started"


@dataclass(frozen=True, slots=True)
class Constraint:
    """One kind of reason that units waited for.

    Attributes:
        kind: the guard's rule, or the reason without figures and names.
        critical_s: how long it stood in the way of more sites than any other.
        site_s: sites that it blocked, added up over time.
        example: one such reason, in full.
    """

    kind: str
    critical_s: float
    site_s: float
    example: str


@dataclass(frozen=True, slots=True)
class Zone:
    """What a room, a flat or a tank went through.

    Attributes:
        began_c: its temperature at the beginning.
        lowest_c, lowest_s: its lowest temperature, and when.
        floor_c: temperature below which it is too cold.
        lacked_kwh: heat that was not delivered.
        most_down: the most of its units that did not heat at once.
    """

    name: str
    setpoint_c: float
    began_c: float
    lowest_c: float
    lowest_s: float
    floor_c: float
    lacked_kwh: float
    most_down: int

    @property
    def is_too_cold(self) -> bool:
        """Say whether it fell below its floor and was not below before."""
        return self.lowest_c < self.floor_c <= self.began_c


@dataclass(frozen=True, slots=True)
class Open:
    """A unit that is in no end state, or not in one that anybody wants, and why."""

    unit: str
    phase: Phase
    reason: str


@dataclass(frozen=True)
class Simulation:
    """What a simulated rollout came to.

    Attributes:
        supposed: what was supposed, for people: label and value.
        over: why it was stopped before an end, in words; empty if it ended.
        constraints: the longest critical one first.
        zones: those that a heater was taken from, the coldest first (measured from its floor).
        unfinished: units in no end state.
        attention: units in an end state that somebody has to look after.
        limit_c: outdoor temperature below which not every unit is updated; None if nobody asked.
        limit_reason: what stops it there, in words.
    """

    fleet: str
    policy: str
    began: datetime
    supposed: Mapping[str, str]
    status: str
    reason: str
    over: str
    duration_s: float
    counts: Mapping[str, int]
    constraints: tuple[Constraint, ...]
    critical: tuple[Stretch, ...]
    zones: tuple[Zone, ...]
    samples: tuple[Sample, ...]
    starts: tuple[tuple[float, str], ...]
    unfinished: tuple[Open, ...]
    attention: tuple[Open, ...]
    most_without_heat: int
    jobs_lost: int = 0
    limit_c: float | None = None
    limit_reason: str = ""

    @property
    def units(self) -> int:
        """Return how many units the rollout has."""
        return sum(self.counts.values())

    @property
    def complete(self) -> bool:
        """Say whether every unit was updated."""
        return self.counts.get(Phase.SUCCEEDED.value, 0) == self.units

    @property
    def stopped_by(self) -> str:
        """Return one reason in full of the kind that blocked most; the guard's rather than another."""
        guards = [each for each in self.constraints if each.kind.startswith("G")]
        return max(guards or self.constraints, key=lambda each: each.site_s).example if self.constraints else ""

    @property
    def lacked_kwh(self) -> float:
        """Return the heat that was not delivered, of all zones."""
        return sum(zone.lacked_kwh for zone in self.zones)

    @property
    def too_cold(self) -> tuple[Zone, ...]:
        """Return the zones that fell below their floor."""
        return tuple(zone for zone in self.zones if zone.is_too_cold)


def summed_up(world: World, board: Board, record: Record, over: str, conditions: Conditions) -> Simulation:
    """Put together what was seen."""
    rollout = board.rollout
    for space in world.spaces:
        space.advance(world.at_s)
    return Simulation(
        fleet=rollout.fleet,
        policy=rollout.policy.name,
        began=world.time.began,
        supposed=_supposed(conditions),
        status=rollout.status.value,
        reason=rollout.reason,
        over=over,
        duration_s=world.at_s,
        counts={phase.value: count for phase, count in board.phases.most_common() if count},
        constraints=tuple(_constraints(record)),
        critical=tuple(record.stretches),
        zones=tuple(sorted(map(_zone, filter(_is_touched, world.spaces)), key=lambda z: z.lowest_c - z.floor_c)),
        samples=tuple(record.samples),
        starts=tuple(record.starts),
        unfinished=tuple(_listed(board.units.values(), ended=False)),
        attention=tuple(_listed(board.units.values(), ended=True)),
        most_without_heat=world.most_without_heat,
        jobs_lost=sum(unit.jobs_lost for unit in world.units.values()),
    )


def to_document(simulation: Simulation) -> dict[str, Any]:
    """Return a simulation as plain data."""
    return {
        "schema": SCHEMA,
        "fleet": simulation.fleet,
        "policy": simulation.policy,
        "began": to_text(simulation.began),
        "supposed": dict(simulation.supposed),
        "status": simulation.status,
        "reason": simulation.over or simulation.reason,
        "complete": simulation.complete,
        "duration_s": round(simulation.duration_s, 1),
        "counts": dict(simulation.counts),
        "limit_outdoor_c": simulation.limit_c,
        "limit_reason": simulation.limit_reason,
        "heat_not_delivered_kwh": round(simulation.lacked_kwh, 3),
        "most_without_heat": simulation.most_without_heat,
        "jobs_lost": simulation.jobs_lost,
        "constraints": [_constraint_document(each) for each in simulation.constraints],
        "critical": [{"at_s": each.at_s, "constraint": each.constraint} for each in simulation.critical],
        "zones": [_zone_document(zone) for zone in simulation.zones],
        "unfinished": [_open_document(each) for each in simulation.unfinished],
        "attention": [_open_document(each) for each in simulation.attention],
        "starts": [{"at_s": at_s, "unit": unit} for at_s, unit in simulation.starts],
        "samples": [_sample_document(sample) for sample in simulation.samples],
    }


def _supposed(conditions: Conditions) -> Mapping[str, str]:
    """Say what was supposed; what does not happen is left out."""
    weather, faults = conditions.weather, conditions.faults
    temperatures_c = weather.temperatures_c if weather else ()
    low, high = min(temperatures_c, default=0.0), max(temperatures_c, default=0.0)
    outdoor = "each site's design temperature" if not weather else f"{low:g} °C" + f" to {high:g} °C" * (low != high)
    rates = {
        "configurations refused": faults.fail_rate,
        "reboots that hang": faults.hang_rate,
        "reboots without heat": faults.cold_rate,
        "outcomes lost": faults.lost_rate,
        "flaky links": faults.flaky_links,
    }
    return {
        "outdoors": outdoor,
        "setpoint": "as declared" if conditions.setpoint_c is None else f"{conditions.setpoint_c:g} °C",
        "seed": str(conditions.seed),
        **{what: f"{100 * rate:g} %" for what, rate in rates.items() if rate},
        **({"gateways that go silent": str(faults.dead_gateways)} if faults.dead_gateways else {}),
    }


def _constraints(record: Record) -> Iterable[Constraint]:
    kinds = sorted(record.site_s, key=lambda kind: (-record.dominant_s.get(kind, 0.0), -record.site_s[kind]))
    for kind in kinds:
        yield Constraint(kind, record.dominant_s.get(kind, 0.0), record.site_s[kind], record.examples[kind])


def _is_touched(space: Space) -> bool:
    return space.touched


def _zone(space: Space) -> Zone:
    shape = space.shape
    return Zone(
        name=shape.name,
        setpoint_c=shape.setpoint_c,
        began_c=space.began_c,
        lowest_c=space.lowest_c,
        lowest_s=space.lowest_at_s,
        floor_c=shape.floor_c,
        lacked_kwh=space.lacked_j / _J_PER_KWH,
        most_down=space.most_down,
    )


def _listed(units: Iterable[Progress], *, ended: bool) -> Iterable[Open]:
    for unit in units:
        if unit.phase.is_end is ended and unit.phase is not Phase.SUCCEEDED:
            yield Open(unit.unit, unit.phase, unit.reason or (_NEVER_STARTED if not unit.attempt else ""))


def _constraint_document(constraint: Constraint) -> dict[str, Any]:
    return {
        "kind": constraint.kind,
        "critical_s": round(constraint.critical_s, 1),
        "site_s": round(constraint.site_s, 1),
        "example": constraint.example,
    }


def _zone_document(zone: Zone) -> dict[str, Any]:
    return {
        "zone": zone.name,
        "setpoint_c": zone.setpoint_c,
        "floor_c": zone.floor_c,
        "lowest_c": round(zone.lowest_c, 3),
        "lowest_s": round(zone.lowest_s, 1),
        "heat_not_delivered_kwh": round(zone.lacked_kwh, 4),
        "most_units_without_heat": zone.most_down,
        "too_cold": zone.is_too_cold,
    }


def _open_document(listed: Open) -> dict[str, Any]:
    return {"unit": listed.unit, "phase": listed.phase.value, "reason": listed.reason}


def _sample_document(sample: Sample) -> dict[str, Any]:
    return {
        "at_s": sample.at_s,
        "waiting": sample.waiting,
        "under_way": sample.under_way,
        "without_heat": sample.without_heat,
        "ended": sample.ended,
        "lowest_c": None if sample.lowest_c is None else round(sample.lowest_c, 3),
    }
