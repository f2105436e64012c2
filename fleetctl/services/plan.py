"""Plan units. What was said of a site is remembered, so that the plan of a large fleet costs what has changed in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fleetctl import __version__
from fleetctl.core.digest import digest_of
from fleetctl.core.facts import Cause
from fleetctl.core.identity.registration import wanted_at
from fleetctl.core.imaging.claim import undeclared
from fleetctl.core.inventory.fleet import Fleet, Site, Unit
from fleetctl.core.plan import Desired, LeftOut, Plan
from fleetctl.core.planning import Occasion, assemble, judge, make_plan
from fleetctl.core.releases.wanted import NO_RELEASES, Supply
from fleetctl.core.verdicts import Seen, Verdict, pack, unpack
from fleetctl.ports import SiteCache, State
from fleetctl.services.declared import Declared

CACHE = "verdicts"
"""The purpose of the blobs in the site cache."""
_UNSEEN = Seen("", ())
_OF_BLANK_MACHINES = frozenset({Cause.UNREACHABLE, Cause.HOST_KEY_UNKNOWN, Cause.TIMED_OUT})
"""What is observed of a place whose machine was not imaged yet."""


@dataclass(frozen=True)
class Memory:
    """What was said of sites before.

    Attributes:
        cache: keeps it.
        rendered_from: returns the digest of everything that a site's desired states are made from.
    """

    cache: SiteCache
    rendered_from: Callable[[Site], str]


def plan(
    declared: Declared,
    units: Sequence[Unit],
    state: State,
    occasion: Occasion,
    memory: Memory,
    supply: Supply = NO_RELEASES,
) -> Plan:
    """Compare units with the facts that the state has; only a plan of the whole fleet looks for orphans.

    Whether units may have the releases that the plan gives them, `releases.refuse_standing` says.

    Raises:
        InvalidInput: with every template that fails.
    """
    if len(units) == sum(len(site.units) for site in declared.fleet.sites.values()):
        return _of_fleet(declared, state, occasion, memory, supply)
    observed = state.units.facts([unit.name for unit in units])
    return make_plan(occasion, _desired(declared, units, occasion), observed, declared.site_digests, supply=supply)


def with_blank_machines(made: Plan, fleet: Fleet, state: State) -> Plan:
    """Say of units that do not answer and never had a host key how their machines get an image; nothing is planned."""
    silent = [out.unit for out in made.left_out if out.cause in _OF_BLANK_MACHINES]
    pins = state.units.pins(silent) if silent else {}
    blank = {name for name in silent if name not in pins and undeclared(fleet.by_name[name]) is None}
    if not blank:
        return made
    return replace(made, left_out=tuple(_to_be_imaged(out) if out.unit in blank else out for out in made.left_out))


def _to_be_imaged(out: LeftOut) -> LeftOut:
    return replace(
        out, reason=f"{out.reason}; to be imaged, if its machine is new: 'fleetctl image request {out.unit}'"
    )


def _of_fleet(declared: Declared, state: State, occasion: Occasion, memory: Memory, supply: Supply) -> Plan:
    seen, besides = state.units.seen(), _besides(declared.fleet, occasion, supply)
    keys = {site.id: _key(site, seen, memory, besides) for site in declared.fleet.sites.values()}
    verdicts = {id: kept for id, key in keys.items() if (kept := _remembered(memory.cache, id, key)) is not None}
    rest = [site for id, site in declared.fleet.sites.items() if id not in verdicts]
    fresh = _judged(declared, rest, state, occasion, supply)
    for id, verdict in fresh.items():
        memory.cache.put(id, CACHE, keys[id], pack(verdict))
    verdicts |= fresh
    return assemble(occasion, verdicts.values(), declared.site_digests, _orphaned(seen, declared.fleet))


def _key(site: Site, seen: Mapping[str, Seen], memory: Memory, besides: str) -> str:
    """Return the digest of everything that a site's verdict is made from: desired, observed, what is beside them."""
    return digest_of([__version__, memory.rendered_from(site), seen.get(site.id, _UNSEEN).digest, besides])


def _besides(fleet: Fleet, occasion: Occasion, supply: Supply) -> str:
    """Return what verdicts hang on beside the sites: what is signed and, as certificates end, the hour."""
    hour = f"{occasion.at:%Y-%m-%dT%H}" if fleet.authority and occasion.registers else ""
    return f"{supply.digest} {hour}"


def _desired(declared: Declared, units: Sequence[Unit], occasion: Occasion) -> Iterator[Desired]:
    """Yield what units should be, what they should be registered as included."""
    if declared.fleet.authority is None or not occasion.registers:
        yield from declared.desired(units)
        return
    for want in declared.desired(units):
        unit = declared.fleet.by_name[want.unit]
        yield replace(want, registration=wanted_at(declared.fleet, unit, occasion.at))


def _remembered(cache: SiteCache, site: str, key: str) -> Verdict | None:
    content = cache.get(site, CACHE, key)
    try:
        return None if content is None else unpack(content)
    except ValueError:  # written by a fleetctl that is being worked on
        return None


def _judged(
    declared: Declared, sites: Sequence[Site], state: State, occasion: Occasion, supply: Supply
) -> Mapping[str, Verdict]:
    """Judge sites. Facts are read after their digests: facts that arrive in between are kept under a key that is
    never asked for again."""
    units = [unit for site in sites for unit in site.units.values()]
    if not units:
        return {}
    observed = state.units.facts([unit.name for unit in units])
    wanted = {want.unit: want for want in _desired(declared, units, occasion)}
    return {site.id: judge([wanted[unit.name] for unit in site.units.values()], observed, supply) for site in sites}


def _orphaned(seen: Mapping[str, Seen], fleet: Fleet) -> list[str]:
    """Return the units that the state knows and the inventory does not, in order of names."""
    return sorted(name for of in seen.values() for name in of.units if name not in fleet.by_name)
