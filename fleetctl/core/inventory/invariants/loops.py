"""Hydraulic loops: stored water must be kept safe, and the heat must be there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from fleetctl.core.inventory.flaws import Flaw, site_path, unit_path
from fleetctl.core.inventory.fleet import Kind, Site
from fleetctl.core.inventory.invariants.context import Context
from fleetctl.core.problems import Severity

DISINFECTED_FROM_L = 400.0
"""Storage of 400 L or more is kept at 55 °C or raised daily (arrêté of 30 November 2005)."""


def stored_water(site: Site) -> Iterator[Flaw]:
    """A loop that stores 400 L or more has a disinfection mode and a backup; a daily raise has its hour."""
    for loop in site.loops.values():
        path = site_path(site.id, "loops", loop.id)
        if loop.volume_l >= DISINFECTED_FROM_L:
            if not loop.disinfection:
                message = f"loop '{loop.id}' stores {loop.volume_l:g} L and has no disinfection mode"
                yield Flaw(path, "no-disinfection", message, "add 'disinfection', such as daily-60")
            if loop.backup_w <= 0:
                message = f"loop '{loop.id}' stores {loop.volume_l:g} L and has no backup"
                yield Flaw(path, "no-backup", message, "add 'backup_w', the power of the conventional boilers")
        if loop.disinfection.startswith("daily-") and not loop.disinfection_at:
            message = f"loop '{loop.id}' is raised daily, but at no hour"
            yield Flaw((*path, "disinfection"), "no-disinfection-hour", message, "add 'disinfection_at', such as 03:00")


def demand(site: Site, context: Context) -> Iterator[Flaw]:
    """Boilers and backup of a loop cover its demand; a loop that has a backup only is served by nobody."""
    power_w: dict[str, float] = defaultdict(float)
    for unit in site.units.values():
        if unit.kind is Kind.BOILER:
            power_w[unit.loop] += context.power_w(unit)
    for loop in site.loops.values():
        total_w = power_w[loop.id] + loop.backup_w
        if total_w < loop.demand_w:
            message = f"loop '{loop.id}' needs {loop.demand_w:g} W, its boilers and backup give {total_w:g} W"
            path = site_path(site.id, "loops", loop.id, "demand_w")
            yield Flaw(path, "too-little-heat", message, "check 'demand_w' and 'backup_w'", Severity.WARNING)


def hottest_water(site: Site, context: Context) -> Iterator[Flaw]:
    """Without a backup, a daily raise is within what the loop's boilers can reach."""
    for unit in site.units.values():
        model, loop = context.model(unit), site.loops.get(unit.loop)
        if unit.kind is not Kind.BOILER or model is None or loop is None or model.water_max_c is None:
            continue
        needed_c = float(loop.disinfection.rpartition("-")[2] or 0)
        if model.water_max_c < needed_c and loop.backup_w <= 0:
            message = f"'{unit.name}' reaches {model.water_max_c:g} °C, loop '{loop.id}' is raised to {needed_c:g} °C"
            yield Flaw(unit_path(unit), "too-cold-for-disinfection", message, "add a backup to the loop")
