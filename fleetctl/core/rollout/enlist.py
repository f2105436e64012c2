"""From a plan to a rollout: which units still stand as the plan saw them, and in which order they are worked on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.plan import Plan, UnitPlan
from fleetctl.core.planning import Circumstances, moved, refusal
from fleetctl.core.policy import Policy
from fleetctl.core.problems import InvalidInput, Problem
from fleetctl.core.rollout.state import Progress, Rollout
from fleetctl.core.rollout.waves import WaveOf

NEW_PLAN = "make a new plan with 'fleetctl plan --out FILE'"

NO_SLACK: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True)
class Admitted:
    """What of a plan may be applied.

    Attributes:
        units: in the order in which they are worked on.
        left_out: units that moved since the plan was made, each with what moved.
    """

    units: tuple[UnitPlan, ...]
    left_out: Mapping[str, str]


def admit(plan: Plan, standing: Circumstances) -> Admitted:
    """Hold a plan against what is now: what moved is left out, and listed.

    Raises:
        InvalidInput: if the whole plan is stale; every reason is given.
    """
    refused = refusal(plan, standing)
    if refused is not None:
        raise InvalidInput([Problem("stale-plan", refused, hint=NEW_PLAN)])
    gone = moved(plan, standing)
    if plan.units and len(gone) == len(plan.units):
        raise InvalidInput([Problem("stale-plan", f"{unit}: {reason}", hint=NEW_PLAN) for unit, reason in gone.items()])
    return Admitted(in_order(u for u in plan.units if u.unit not in gone), gone)


def in_order(units: Iterable[UnitPlan], slack_s: Mapping[str, float] = NO_SLACK) -> tuple[UnitPlan, ...]:
    """Return units in the order in which they are worked on.

    By site, its gateways before what they serve; then those first whose rooms can do without them longest, if it is
    known how long.
    """

    def place(unit: UnitPlan) -> tuple[str, bool, float, str]:
        return unit.site, unit.kind is not Kind.GATEWAY, -slack_s.get(unit.unit, 0.0), unit.unit

    return tuple(sorted(units, key=place))


@dataclass(frozen=True, slots=True)
class Terms:
    """What a rollout is started with, beside the plan."""

    id: str
    policy: Policy
    inventory: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Lineup:
    """The frozen set in its waves; without any it is one wave of everything.

    Attributes:
        interrupts: units whose configuration touches what heats.
    """

    waves: tuple[WaveOf, ...] = ()
    interrupts: frozenset[str] = frozenset()


NO_WAVES = Lineup()


def enlist(
    plan: Plan, admitted: Admitted, terms: Terms, lineup: Lineup = NO_WAVES
) -> tuple[Rollout, tuple[Progress, ...]]:
    """Make the rollout's row and the frozen set of its units."""
    waves = tuple(wave.rule for wave in lineup.waves)
    wave_of = {unit: index for index, wave in enumerate(lineup.waves) for unit in wave.units}
    first = next((index for index, wave in enumerate(lineup.waves) if wave.units), 0)
    rollout = Rollout(
        id=terms.id,
        fleet=plan.fleet,
        plan=plan.id,
        policy=terms.policy,
        inventory=terms.inventory,
        actor=terms.actor,
        created=terms.at,
        sites=tuple(dict.fromkeys(unit.site for unit in admitted.units)),
        left_out={**{out.unit: out.reason for out in plan.left_out}, **admitted.left_out},
        waves=waves,
        wave=first,
        awaiting=bool(waves) and waves[first].approval,
    )
    units = tuple(
        Progress(
            unit=unit.unit,
            site=unit.site,
            kind=unit.kind,
            gateway=unit.gateway,
            actions=unit.actions,
            config_digest=unit.config_digest,
            since=terms.at,
            wave=wave_of.get(unit.unit, 0),
            interrupts=unit.unit in lineup.interrupts and not unit.release,  # the config comes with its reboot
            release=unit.release,
            bundle=unit.bundle,
            bundle_bytes=unit.bundle_bytes,
            registration=unit.registration,
            renews=unit.renews,
            component=unit.component,
        )
        for unit in admitted.units
    )
    return rollout, units
