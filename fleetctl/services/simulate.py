"""Simulate a rollout: from a plan, real or supposed, to what it came to on a model of the fleet. Nothing is touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo

from fleetctl.core.heat.forecast import Forecast
from fleetctl.core.heat.premises import SitePremises, premises_of
from fleetctl.core.heat.slack import by_slack
from fleetctl.core.inventory.fleet import Fleet, Unit
from fleetctl.core.plan import Plan, UnitPlan
from fleetctl.core.policy import Policy
from fleetctl.core.rollout import enlist
from fleetctl.core.rollout.state import Action
from fleetctl.core.rollout.waves import assign, placed
from fleetctl.core.simulate.build import build
from fleetctl.core.simulate.conditions import Conditions, Faults, Weather
from fleetctl.core.simulate.report import Simulation, summed_up
from fleetctl.core.simulate.world import World
from fleetctl.services.playing import Played, Terms, play

NEW_CONFIG = "1" * 64
"""Digest that stands for the new config where no plan says which."""
SUPPOSED_BUNDLE, SUPPOSED_BYTES = "2" * 64, 100_000_000
"""Digest and size of the bundle where no plan says which."""
COLDEST_C, WARMEST_C, STEP_C = -30.0, 10.0, 0.25
"""Where the limit of the outdoor temperature is looked for, and how finely."""
_LIMIT_MOST_S = 48 * 3600.0
"""A rollout that lasts longer does not complete, where the limit is looked for."""


@dataclass(frozen=True)
class Order:
    """What is to be simulated.

    Attributes:
        plan: what the units need.
        began: when it starts, aware.
        zone: returns the time zone of a site.
        forecast: the weather, which the controller foresees as it comes; None for each site's design temperature,
            of which the controller knows nothing.
    """

    fleet: Fleet
    plan: Plan
    policy: Policy
    began: datetime
    conditions: Conditions
    zone: Callable[[str], tzinfo]
    forecast: Forecast | None = None


def supposed_plan(
    fleet: Fleet, units: Sequence[Unit], at: datetime, *, reboot: bool = True, update: bool = False
) -> Plan:
    """Return a plan in which every unit given needs a new config, and a reboot for it to take effect.

    Args:
        fleet: what is declared.
        units: those that need something.
        at: when it is made.
        reboot: the config takes effect only after a reboot.
        update: every unit needs the release that is declared for it instead.
    """
    planned = tuple(_supposed_update(unit) if update else _supposed_config(unit, reboot) for unit in units)
    sites = {unit.site: fleet.sites[unit.site].digest for unit in units}
    return Plan("supposed", fleet.name, "", at, at + timedelta(days=1), "", sites, planned)


def _supposed_config(unit: Unit, reboot: bool) -> UnitPlan:
    actions = (Action.CONFIGURE, Action.REBOOT) if reboot else (Action.CONFIGURE,)
    return UnitPlan(unit.name, unit.site, unit.kind, unit.gateway, actions, (), NEW_CONFIG, "", reboot=reboot)


def _supposed_update(unit: Unit) -> UnitPlan:
    return replace(
        _supposed_config(unit, reboot=True),
        actions=(Action.UPDATE,),
        release=unit.release or "supposed",
        bundle=SUPPOSED_BUNDLE,
        bundle_bytes=SUPPOSED_BYTES,
    )


def steady(outdoor_c: float, began: datetime, most_s: float) -> Forecast:
    """Return the forecast of weather that does not change while a simulation may last."""
    times = (began - timedelta(days=1), began + timedelta(seconds=most_s, days=2))
    return Forecast(f"{outdoor_c:g} °C throughout", times, (outdoor_c, outdoor_c))


def simulate(order: Order) -> Simulation:
    """Play a rollout and sum up what it came to."""
    played = played_out(order)
    return summed_up(played.world, played.board, played.record, played.over, _conditions(order))


def played_out(order: Order) -> Played:
    """Play a rollout; returns the world and the board as they are then."""
    conditions, policy, fleet = _conditions(order), order.policy, order.fleet
    world = build(fleet, order.plan.units, order.began, conditions)
    premises = {site: premises_of(fleet, site) for site in {unit.site for unit in order.plan.units}}
    slack = _slack(order, world, premises) if policy.order == "slack" else enlist.NO_SLACK
    admitted = enlist.Admitted(enlist.in_order(order.plan.units, slack), {})
    lineup = enlist.Lineup(assign(placed(fleet, [unit.unit for unit in admitted.units]), policy))
    terms = enlist.Terms("simulated", policy, "", "simulate", order.began)
    rollout, progress = enlist.enlist(order.plan, admitted, terms, lineup)
    under = Terms(premises, order.forecast, order.zone, conditions.approval_s, conditions.most_s)
    return play(world, rollout, progress, under)


def _slack(order: Order, world: World, premises: Mapping[str, SitePremises]) -> Mapping[str, float]:
    """Return how long units can be done without, as `apply` reckons it: by what they tell now, at design weather."""
    slack: dict[str, float] = {}
    for site, of in premises.items():
        heaters = [unit.unit for unit in order.plan.units if unit.site == site and unit.unit in of.heaters]
        facts = {unit: world.observe(unit) for unit in of.heaters}
        slack |= by_slack(of, heaters, facts, order.policy, order.began, UTC)
    return slack


def with_limit(order: Order, simulation: Simulation) -> Simulation:
    """Add the outdoor temperature below which not every unit is updated, and what stops it; without faults or jobs."""
    calm = replace(order.conditions, faults=Faults(busy=0.0), most_s=_LIMIT_MOST_S)

    def at(outdoor_c: float) -> Simulation:
        forecast = steady(outdoor_c, order.began, _LIMIT_MOST_S)
        return simulate(replace(order, conditions=calm, forecast=forecast))

    limit_c = lowest_where(lambda outdoor_c: at(outdoor_c).complete, COLDEST_C, WARMEST_C, STEP_C)
    reason = at(WARMEST_C if limit_c is None else limit_c - STEP_C).stopped_by
    return replace(simulation, limit_c=limit_c, limit_reason=reason)


def lowest_where(holds: Callable[[float], bool], low: float, high: float, step: float) -> float | None:
    """Return the lowest number from which on something holds, by halving; None if it does not even hold at the top.

    Args:
        holds: what is asked; if it holds at a number it holds above.
        low, high: between these.
        step: the answer is a multiple of this.
    """
    if not holds(high):
        return None
    fails, works = int(low // step) - 1, int(high // step)
    while works - fails > 1:
        middle = (fails + works) // 2
        fails, works = (fails, middle) if holds(middle * step) else (middle, works)
    return works * step


def _conditions(order: Order) -> Conditions:
    """Return what is supposed, with the policy's margins and the weather of the forecast."""
    known, began = order.forecast, order.began
    weather = Weather.of(known.times, known.temperatures_c, began) if known else order.conditions.weather
    return replace(order.conditions, guard=order.policy.guard, weather=weather)
