"""Turn a plan into a rollout. Effects on units are the controller's; this only writes rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC

from fleetctl.core.config import Config
from fleetctl.core.heat.premises import premises_of
from fleetctl.core.heat.slack import by_slack
from fleetctl.core.inventory.fleet import Fleet
from fleetctl.core.names import did_you_mean
from fleetctl.core.plan import Plan
from fleetctl.core.plan_document import to_document
from fleetctl.core.planning import Circumstances
from fleetctl.core.policy import Policy
from fleetctl.core.problems import CouldNot, InvalidInput, Problem
from fleetctl.core.releases.catalogue import Catalogue
from fleetctl.core.rollout.enlist import NEW_PLAN, Admitted, Lineup, Terms, admit, enlist, in_order
from fleetctl.core.rollout.state import Action, Rollout
from fleetctl.core.rollout.waves import assign, placed
from fleetctl.ports import Clock, Releases, State
from fleetctl.services.declared import Declared
from fleetctl.services.marks import refused
from fleetctl.services.standing_releases import gifts_of, refuse_standing, supply

HEAT_SERVICE = "heat"
"""The service hook, in the templates' manifest, of files that make the heat agent start anew."""


def saved(plan: Plan, state: State) -> dict[str, object]:
    """Record a plan in the state and return its document; only what was recorded can be applied from a file."""
    document = to_document(plan)
    state.plans.save(plan, str(document["digest"]))
    return document


def check_saved(plan: Plan, digest: str, state: State) -> None:
    """Refuse a plan that this state never made, that was edited, or that was applied before.

    Raises:
        InvalidInput: says which.
    """
    recorded = state.plans.digest(plan.id)
    used = state.plans.used_by(plan.id)
    if plan.state != state.uuid or recorded is None:
        message = f"plan {plan.id} was made with another state ({plan.state}), this one is {state.uuid}"
        raise InvalidInput([Problem("foreign-plan", message, hint=NEW_PLAN)])
    if recorded != digest:
        raise InvalidInput([Problem("edited-plan", f"plan {plan.id} was edited after it was saved", hint=NEW_PLAN)])
    if used is not None:
        message = f"plan {plan.id} was applied before, by rollout {used}; a plan is applied once"
        raise InvalidInput([Problem("used-plan", message, hint=NEW_PLAN)])


def policy_of(fleet: Fleet, name: str | None) -> Policy:
    """Return a policy by its name; without a name the fleet's `default`, or the built-in one.

    Raises:
        InvalidInput: if the fleet has no such policy.
    """
    if name is None:
        return fleet.policies.get("default", Policy("default"))
    if name not in fleet.policies:
        hint = did_you_mean(name, fleet.policies)
        raise InvalidInput([Problem("unknown-policy", f"the fleet has no policy '{name}'", hint=hint)])
    return fleet.policies[name]


def start(
    declared: Declared, plan: Plan, state: State, clock: Clock, terms: Terms, releases: Releases | None = None
) -> Rollout:
    """Add the rollout of a plan, with its frozen units and their configs.

    Args:
        declared: what is declared now.
        plan: what is to be done.
        state: that the plan was made with.
        clock: of this machine.
        terms: what the rollout is started with.
        releases: the fleet's signed releases; None if the plan updates nobody.

    Raises:
        InvalidInput: if the plan is stale as a whole, or updates units that may not be updated now; says why.
        CouldNot: if what is signed cannot be read.
    """
    units = [declared.fleet.by_name[u.unit] for u in plan.units if u.unit in declared.fleet.by_name]
    now = clock.now().utc
    if releases is not None:
        refuse_standing(declared.fleet, gifts_of(declared.fleet, plan.units), releases, now)
    standing = Circumstances(
        state=state.uuid,
        at=now,
        site_digests=declared.site_digests,
        config_digests={d.unit: d.config_digest for d in declared.desired(units)},
        observed=state.units.facts([unit.name for unit in units]),
        releases=dict(_wanted(declared.fleet, plan)),
        catalogue=supply(releases).catalogue if releases else Catalogue(),
        refused=refused(state, [unit.name for unit in units]),
    )
    admitted = _in_order(declared.fleet, admit(plan, standing), state, terms)
    chosen = {unit.unit for unit in admitted.units if Action.CONFIGURE in unit.actions}
    configs = {c.digest: c for c in declared.configs([unit for unit in units if unit.name in chosen])}
    waves = assign(placed(declared.fleet, [unit.unit for unit in admitted.units]), terms.policy)
    lineup = Lineup(waves, frozenset(_interrupting(admitted, configs)))
    rollout, progress = enlist(plan, admitted, terms, lineup)
    state.rollouts.add(rollout, progress, configs)
    return rollout


def _wanted(fleet: Fleet, plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield which release each unit should get now, of what the plan updates in it."""
    for planned in plan.units:
        unit = fleet.by_name.get(planned.unit)
        if unit is None:
            continue
        model = fleet.models.get(unit.model)
        of_component = model.components.get(planned.component, "") if model else ""
        yield unit.name, of_component if planned.component else unit.release


def _in_order(fleet: Fleet, admitted: Admitted, state: State, terms: Terms) -> Admitted:
    """Let units of much thermal slack go first if the policy wants it, by the last facts and at design weather."""
    if terms.policy.order != "slack":
        return admitted
    slack: dict[str, float] = {}
    for site in {unit.site for unit in admitted.units}:
        premises = premises_of(fleet, site)
        heaters = [unit.unit for unit in admitted.units if unit.unit in premises.heaters]
        facts = state.units.facts(premises.heaters)
        slack |= by_slack(premises, heaters, facts, terms.policy, terms.at, UTC)
    return replace(admitted, units=in_order(admitted.units, slack))


def _interrupting(admitted: Admitted, configs: Mapping[str, Config]) -> Iterator[str]:
    """Yield the units whose heat agent is reloaded by their new config: that is an interruption of heat."""
    for unit in admitted.units:
        config = configs.get(unit.config_digest)
        if config and any(file.service == HEAT_SERVICE and file.path in unit.files for file in config.files):
            yield unit.unit


def refuse_held_sites(state: State, sites: Iterable[str], *, led: bool) -> None:
    """Refuse to start where an unfinished rollout holds a site and no controller is there to end it.

    Args:
        state: the state.
        sites: of the new rollout.
        led: a controller drives all active rollouts; then the new one simply waits for its turn.

    Raises:
        CouldNot: names the rollout and what to do with it.
    """
    if led:
        return
    wanted = set(sites)
    for rollout in state.journal.rollouts(active=True):
        shared = sorted(wanted & set(rollout.sites))
        if shared:
            raise CouldNot(
                f"rollout {rollout.id} is unfinished ({rollout.status.value}) and works on site {', '.join(shared)}",
                hint=f"'fleetctl rollout resume {rollout.id}' goes on with it, 'fleetctl rollout abort' ends it",
            )
