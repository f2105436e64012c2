"""How long a large simulation takes on one core, and whether one in which much goes wrong comes to an end.

The clock is the process's own CPU time: the fleet is loaded before, the report is in it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.figures import Figure, Line
from bench.generate import write
from bench.makespan import BEGAN, OUTDOOR_C, POLICY
from fleetctl.adapters.fleet_files import FolderFiles
from fleetctl.adapters.site_cache import NoCache
from fleetctl.core.inventory.fleet import Fleet
from fleetctl.core.policy import Policy
from fleetctl.core.rollout_html import duration
from fleetctl.core.simulate.conditions import Conditions, Faults
from fleetctl.core.simulate.report import Simulation
from fleetctl.services.load import load
from fleetctl.services.simulate import Order, simulate, steady, supposed_plan

MOST_S = 14 * 86_400.0
AT_MOST_S = 60.0
FORGIVING = replace(POLICY, max_failed=10_000, unreachable="defer", defer_for_s=3600.0, retries=1)
"""For links that come and go: nothing halts, whoever cannot be reached gets another turn, or is listed."""
FAULTS = Faults(busy=0.3, flaky_links=0.03, dead_gateways=5, fail_rate=0.01, hang_rate=0.005)


def lines(folder: Path, *, quick: bool) -> Iterator[Line]:
    """Yield the CPU time of a calm night and of a bad one."""
    units, sites = (1000, 20) if quick else (10_000, 200)
    policy = replace(POLICY, max_in_progress=sites)
    took_s, simulated = _timed(folder / "calm", units, sites, policy, Faults(busy=0.0))
    yield Figure(
        f"simulate {units:,} units on {sites} sites", took_s, "s", None if quick else AT_MOST_S, _told(simulated)
    )
    units, sites = (500, 30) if quick else (5000, 300)
    took_s, simulated = _timed(folder / "bad", units, sites, replace(FORGIVING, max_in_progress=sites), FAULTS)
    yield Figure(f"simulate {units:,} units on {sites} sites, 3 % flaky", took_s, "s", None, _told(simulated))
    yield Figure("units neither at an end nor listed", float(_forgotten(simulated)), "units", 0.0, "of the bad night")


def _timed(folder: Path, units: int, sites: int, policy: Policy, faults: Faults) -> tuple[float, Simulation]:
    write(folder, units, per_site=-(-units // sites))
    order = _order(load(FolderFiles(folder), NoCache()), policy, faults)
    began_s = time.process_time()
    simulated = simulate(order)
    return time.process_time() - began_s, simulated


def _order(fleet: Fleet, policy: Policy, faults: Faults) -> Order:
    units = tuple(fleet.units())
    conditions = Conditions(faults=faults, most_s=MOST_S, grain_s=max(1.0, len(units) // 1000))

    @cache
    def zone(site: str) -> ZoneInfo:
        return ZoneInfo(fleet.sites[site].time_zone)

    forecast = steady(OUTDOOR_C, BEGAN, MOST_S)
    return Order(fleet, supposed_plan(fleet, units, BEGAN), policy, BEGAN, conditions, zone, forecast)


def _told(simulated: Simulation) -> str:
    done = simulated.counts.get("succeeded", 0)
    ends = simulated.over or f"{simulated.status} after {duration(simulated.duration_s)}"
    return f"{ends}; {done:,} updated, {len(simulated.attention):,} listed, {len(simulated.unfinished):,} at no end"


def _forgotten(simulated: Simulation) -> int:
    """Return how many units were not updated, and are on no list either."""
    listed = {each.unit for each in (*simulated.attention, *simulated.unfinished)}
    return simulated.units - simulated.counts.get("succeeded", 0) - len(listed)
