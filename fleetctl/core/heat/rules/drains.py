"""Draining ends jobs, not heat (G11)."""

from __future__ import annotations

from fleetctl.core.facts import Facts
from fleetctl.core.heat.verdict import Verdict, verdict, watts
from fleetctl.core.policy import Drain, Guard


def heat_is_kept(facts: Facts, guard: Guard) -> Verdict:
    """G11: a drained unit goes on heating until its reboot: it gives its share of what is commanded.

    What stands in for the jobs is the unit's own load; a unit that lost its heat with its jobs is a cold unit.
    """
    heat = facts.heat
    if heat is None:
        return verdict("G11", facts.unit, False, "has no heat telemetry")
    needed_w = guard.delivered_share * heat.commanded_w
    arithmetic = f"{watts(heat.power_w)} of {watts(heat.commanded_w)} kept while drained, {watts(needed_w)} needed"
    return verdict("G11", facts.unit, heat.power_w >= needed_w, arithmetic)


def jobs_may_end(facts: Facts, drain: Drain) -> Verdict:
    """G11: no job runs any more, or the policy cancels what still runs and reports it lost."""
    jobs = facts.compute.jobs if facts.compute else 0
    if jobs and drain.jobs == "cancel":
        return verdict("G11", facts.unit, True, f"{jobs} jobs run and are lost, as the policy says (cancel)")
    return verdict("G11", facts.unit, not jobs, f"{jobs} jobs run, limit 0")
