"""How long a simulated rollout takes, beside a lower bound from the constraints alone and beside barrier batches.

All get the same work: a unit's work is what a rollout of that unit alone takes on the same model, with the same luck
(`fleetctl simulate`, nothing fails; once without compute jobs and once with those of the published trace). The lower
bound is the largest of four that no schedule can beat: the longest unit; all work divided by the places of the window
(`max_in_progress`); for each site its gateways one after the other, each alone, and then the rest of the site; and for
each dwelling or loop the times without heat, added up and divided by how many of its units may be down at once (a third
of a dwelling, one of a loop), after the shortest preparation and before the shortest aftermath. What a room needs to
recover (G6), the electrical envelope and the pauses between two looks at a unit are not in the bound.

Barrier batches hold the same caps: each is filled in the rollout's order up to the window, past units whose dwelling,
loop or gateway is in it already, which is more than Ansible's `serial` can do; the next begins when the last unit of it
is done. hawkBit's groups are those batches with a tenth of the places kept for stragglers, and the next begins when
90 % of a group are done.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.figures import Figure, Line, NotMeasured
from bench.generate import write
from bench.programs import HOME
from fleetctl.adapters.fleet_files import FolderFiles
from fleetctl.adapters.site_cache import NoCache
from fleetctl.core.inventory.fleet import Fleet, Kind, Unit
from fleetctl.core.policy import AtMost, Drain, Policy
from fleetctl.core.rollout_html import duration
from fleetctl.core.simulate.conditions import Conditions, Faults
from fleetctl.services.load import load
from fleetctl.services.simulate import Order, played_out, steady, supposed_plan

BEGAN = datetime(2026, 12, 1, 18, 0, tzinfo=UTC)
OUTDOOR_C, MOST_S = 5.0, 7 * 86_400.0
STRAGGLERS, THRESHOLD = 1.1, 0.9
POLICY = Policy(
    "bench",
    max_failed=0,
    max_unavailable=AtMost(loop=1),
    reboot_timeout_s=900,
    heat_timeout_s=900,
    gate_wait_s=86_400,
    unit_timeout_s=7200,
    drain=Drain(deadline_s=86_400),
)


@dataclass(frozen=True, slots=True)
class Work:
    """What one unit takes when nothing else is going on, in s.

    Attributes:
        before_s: from its start until its heat is interrupted; all of it where no heat is.
        down_s: until its heat is observed again.
        after_s: until it has ended.
        shares: what it takes heat from, `site/dwelling` or `site/loop`; empty for a gateway.
        allowed: how many units of that may be down at once.
    """

    unit: Unit
    before_s: float
    down_s: float
    after_s: float
    shares: str
    allowed: int

    @property
    def total_s(self) -> float:
        """Return how long the unit takes."""
        return self.before_s + self.down_s + self.after_s


def lines(folder: Path, *, quick: bool) -> Iterator[Line]:
    """Yield the ratios for the example fleets and for generated ones."""
    for name, fleet, places in _fleets(folder, quick=quick):
        for jobs, busy in (("", 0.0), (" with jobs", 0.6)):
            order = _order(fleet, places, busy, most_units=12 if quick else None)
            yield from _ratios(f"{name}{jobs}", order)


def _fleets(folder: Path, *, quick: bool) -> Iterator[tuple[str, Fleet, int]]:
    for name, places in (("les-sables", 12), ("florestine", 24), ("hot-water", 8)):
        yield name, _loaded(HOME / "inventories" / name), places
        if quick:
            return
    for units, places in ((300, 12), (1000, 50)):
        write(folder / str(units), units)
        yield f"{units:,} generated units", _loaded(folder / str(units)), places


def _ratios(name: str, order: Order) -> Iterator[Line]:
    played = played_out(order)
    if played.over or played.board.failed or played.board.deferred:
        yield NotMeasured(name, f"the rollout did not complete: {played.over or played.board.rollout.reason}")
        return
    works, places = [_alone(order, unit) for unit in _in_order(order)], order.policy.max_in_progress
    bound_s, which = lower_bound_s(works, places)
    took_s = played.world.at_s
    yield Figure(
        f"{name}, makespan / lower bound",
        took_s / bound_s,
        "times",
        None,
        f"{duration(took_s)} and {duration(bound_s)} ({which}); {len(works)} units, {places} at once",
    )
    batches_s, groups_s = barriers_s(batches(works, places)), groups_s_of(batches(works, int(places / STRAGGLERS)))
    yield Figure(f"{name}, makespan / barrier batches", took_s / batches_s, "times", 1.0, duration(batches_s))
    yield Figure(f"{name}, makespan / groups at 90 %", took_s / groups_s, "times", 1.0, duration(groups_s))


# --- the bound ------------------------------------------------------------------------------------------------------


def lower_bound_s(works: Sequence[Work], places: int) -> tuple[float, str]:
    """Return the lower bound of the makespan in s, and which constraint gives it."""
    bounds = {
        "the longest unit": max(work.total_s for work in works),
        "the window": sum(work.total_s for work in works) / places,
        "a site with its gateways": max(_site_s(site, places) for site in _grouped(works, "site").values()),
    }
    which = max(bounds, key=bounds.__getitem__)
    return bounds[which], which


def _site_s(works: Sequence[Work], places: int) -> float:
    """Return the bound of one site: its gateways, each alone, and then its dwellings, its loops and its window."""
    gateways_s = sum(work.total_s for work in works if not work.shares)
    others = [work for work in works if work.shares]
    window_s = sum(work.total_s for work in others) / places
    shared_s = max((_shared_s(of) for of in _grouped(others, "shares").values()), default=0.0)
    return gateways_s + max(window_s, shared_s)


def _shared_s(works: Sequence[Work]) -> float:
    """Return the bound of one dwelling or loop."""
    down_s = sum(work.down_s for work in works) / works[0].allowed
    return min(work.before_s for work in works) + down_s + min(work.after_s for work in works)


def _grouped(works: Iterable[Work], by: str) -> Mapping[str, list[Work]]:
    groups: defaultdict[str, list[Work]] = defaultdict(list)
    for work in works:
        groups[work.unit.site if by == "site" else work.shares].append(work)
    return groups


# --- barriers -------------------------------------------------------------------------------------------------------


def batches(works: Sequence[Work], size: int) -> list[list[Work]]:
    """Divide work into batches that hold the caps, each filled in order from all that is left."""
    left, result = list(works), []
    while left:
        batch: list[Work] = []
        for work in left:
            if len(batch) < size and _fits(work, batch):
                batch.append(work)
        taken = {work.unit.name for work in batch}
        left = [work for work in left if work.unit.name not in taken]
        result.append(batch)
    return result


def _fits(work: Work, batch: Sequence[Work]) -> bool:
    """Say whether a unit may be in a batch: its share of heat is not taken, and no gateway is with its site."""
    of_site = [other for other in batch if other.unit.site == work.unit.site]
    if not work.shares or any(not other.shares for other in of_site):
        return not of_site
    return sum(other.shares == work.shares for other in of_site) < work.allowed


def barriers_s(batches: Iterable[Sequence[Work]]) -> float:
    """Return the makespan of batches that wait for their last unit, in s."""
    return sum(max(work.total_s for work in batch) for batch in batches)


def groups_s_of(groups: Iterable[Sequence[Work]]) -> float:
    """Return the makespan of groups that wait for most of their units, in s."""
    starts_s = ended_s = 0.0
    for group in groups:
        ends_s = sorted(starts_s + work.total_s for work in group)
        ended_s = max(ended_s, ends_s[-1])
        starts_s = ends_s[math.ceil(THRESHOLD * len(ends_s)) - 1]
    return ended_s


# --- the work -------------------------------------------------------------------------------------------------------


def _order(fleet: Fleet, places: int, busy: float, most_units: int | None) -> Order:
    units = tuple(fleet.units())[:most_units]
    conditions = Conditions(faults=Faults(busy=busy), most_s=MOST_S)

    @cache
    def zone(site: str) -> ZoneInfo:
        return ZoneInfo(fleet.sites[site].time_zone)

    plan = supposed_plan(fleet, units, BEGAN)
    forecast = steady(OUTDOOR_C, BEGAN, MOST_S)
    return Order(fleet, plan, replace(POLICY, max_in_progress=places), BEGAN, conditions, zone, forecast)


def _in_order(order: Order) -> list[Unit]:
    units = [order.fleet.by_name[planned.unit] for planned in order.plan.units]
    return sorted(units, key=lambda unit: (unit.site, unit.kind is not Kind.GATEWAY, unit.name))


def _alone(order: Order, unit: Unit) -> Work:
    """Play a rollout of one unit alone, on what of its site it has to do with."""
    plan, part = supposed_plan(order.fleet, [unit], BEGAN), _cut_out(order.fleet, unit)
    played = played_out(replace(order, fleet=part, plan=plan))
    times = {note.what: (note.at - BEGAN).total_seconds() for note in played.record.log}
    total_s = times["unit-succeeded"]
    down_s = times.get("unit-reboots", total_s)
    heats_s = times.get("unit-releases", total_s)
    site = order.fleet.sites[unit.site]
    inside = sum(other.dwelling == unit.dwelling for other in site.units.values())
    allowed = 1 if unit.loop else max(1, inside // 3)
    shares = f"{unit.site}/{unit.loop or unit.dwelling}" if unit.kind is not Kind.GATEWAY else ""
    return Work(unit, down_s, heats_s - down_s, total_s - heats_s, shares, allowed)


def _cut_out(fleet: Fleet, unit: Unit) -> Fleet:
    """Return the fleet with only a unit, its gateway, and who heats the same dwelling or loop."""
    site = fleet.sites[unit.site]
    near = {
        id: other
        for id, other in site.units.items()
        if id in {unit.id, unit.gateway}
        or (other.gateway and (other.dwelling, other.loop) == (unit.dwelling, unit.loop))
    }
    return replace(fleet, sites={site.id: replace(site, units=near)})


def _loaded(folder: Path) -> Fleet:
    return load(FolderFiles(folder), NoCache())
