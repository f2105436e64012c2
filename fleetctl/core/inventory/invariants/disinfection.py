"""Windows of a policy and the daily raise of a loop's water: boilers are not touched inside or across it (G4)."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from fleetctl.core.heat.question import HEADROOM
from fleetctl.core.heat.rules.water import HOLD_S, RAISE_S
from fleetctl.core.inventory.flaws import Flaw, site_path
from fleetctl.core.inventory.fleet import Loop, Model, Site
from fleetctl.core.inventory.invariants.context import Context
from fleetctl.core.inventory.invariants.windows import worst_case, worst_s
from fleetctl.core.problems import Severity
from fleetctl.core.windows import DAY_MIN, hours_of, longest_opening_min, minute_of


def outside_disinfection(site: Site, context: Context) -> Iterator[Flaw]:
    """A policy's windows leave a loop's boilers a minute to start in; a warning, for it may be for other loops."""
    for id, model in _quickest(site, context).items():
        loop = site.loops[id]
        work_min, raise_min = ceil(HEADROOM * worst_s(model) / 60), ceil(_raise_s(loop) / 60)
        at_min = minute_of(loop.disinfection_at)
        closed = hours_of((at_min - work_min) % DAY_MIN, (at_min + raise_min) % DAY_MIN)
        for policy in context.fleet.policies.values():
            if longest_opening_min(policy.windows) and not longest_opening_min(policy.windows, closed):
                message = (
                    f"policy '{policy.name}' can never admit a boiler of '{id}': no work starts {closed}, which is "
                    f"{HEADROOM} x the worst case before the disinfection from {loop.disinfection_at} and the "
                    f"{raise_min} min that it takes; {worst_case(model)}"
                )
                path = site_path(site.id, "loops", id, "disinfection_at")
                hint = "open the policy's windows at another time, or use it elsewhere"
                yield Flaw(path, "window-in-disinfection", message, hint, Severity.WARNING)


def _quickest(site: Site, context: Context) -> dict[str, Model]:
    """Return the model with the shortest worst case of each loop that is raised daily."""
    found: dict[str, Model] = {}
    for unit in site.units.values():
        loop, model = site.loops.get(unit.loop), context.model(unit)
        if loop is not None and loop.disinfection_at and model is not None:
            found[loop.id] = min(found.get(loop.id, model), model, key=worst_s)
    return found


def _raise_s(loop: Loop) -> float:
    return RAISE_S + HOLD_S.get(loop.disinfection, max(HOLD_S.values()))
