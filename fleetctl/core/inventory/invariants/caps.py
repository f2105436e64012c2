"""Caps on power that is down: each permits at least the smallest unit, for a cap is never rounded up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from fleetctl.core.heat.premises import heating_w
from fleetctl.core.inventory.flaws import Flaw, site_path
from fleetctl.core.inventory.fleet import Fleet, Kind, Model, Site, Unit
from fleetctl.core.inventory.invariants.context import Context
from fleetctl.core.inventory.invariants.policies import path_of
from fleetctl.core.policy import Policy
from fleetctl.core.problems import Severity

Smallest = tuple[float, Unit]
"""Power in W, and the unit that has it."""


@dataclass(frozen=True, slots=True)
class _Cap:
    """A cap of policies.

    Attributes:
        key: its key in a policy.
        place: what it is about.
        kind: the kind of unit that it holds back.
    """

    key: str
    place: str
    kind: Kind


_DWELLING = _Cap("cap_down_w", "dwelling", Kind.RADIATOR)
_LOOP = _Cap("cap_loop_down_w", "loop", Kind.BOILER)


def of_dwellings(site: Site, context: Context) -> Iterator[Flaw]:
    """A dwelling's own cap permits the smallest of its units; a warning, for no work may be what is meant."""
    smallest = _smallest_by_place(site.units.values(), context.fleet.models, _DWELLING)
    for (_, id), (power_w, _) in smallest.items():
        cap_w = site.dwellings[id].cap_down_w if id in site.dwellings else None
        if cap_w is not None and cap_w < power_w:
            message = f"smallest unit of '{id}' has {power_w:g} W, its cap permits {cap_w:g} W"
            path = site_path(site.id, "dwellings", id, "cap_down_w")
            hint = "nothing could ever be updated here; raise the cap"
            yield Flaw(path, "cap-too-small", message, hint, Severity.WARNING)


def of_policies(fleet: Fleet) -> Iterator[Flaw]:
    """A policy's cap permits a unit somewhere; where it permits none, that is a warning. It needs every site."""
    for cap in (_DWELLING, _LOOP):
        caps = {policy.name: getattr(policy, cap.key) for policy in fleet.policies.values()}
        largest_w = max((model.power_w for model in fleet.models.values() if model.kind is cap.kind), default=0.0)
        capped = {name: cap_w for name, cap_w in caps.items() if cap_w is not None and cap_w < largest_w}
        if not capped:
            continue  # a large fleet is not gone through for nothing
        smallest = _smallest_by_place(fleet.units(), fleet.models, cap)
        for name, cap_w in capped.items():
            over = [found for found in smallest.values() if found[0] > cap_w]
            if over:
                yield _over(fleet.policies[name], cap, cap_w, over, len(smallest))


def _over(policy: Policy, cap: _Cap, cap_w: float, over: list[Smallest], places: int) -> Flaw:
    power_w, unit = min(over, key=lambda found: found[0])
    path = path_of(policy, cap.key)
    if len(over) == places:
        message = (
            f"policy '{policy.name}' can never admit a {cap.kind}: {cap_w:g} W of a {cap.place} may be down, "
            f"the smallest, '{unit.name}', has {power_w:g} W"
        )
        return Flaw(path, "never-admits", message, f"write {power_w:g} or more")
    message = (
        f"policy '{policy.name}' can never admit a {cap.kind} in {len(over)} of {places} {cap.place}s: {cap_w:g} W may "
        f"be down, the smallest there, '{unit.name}', has {power_w:g} W"
    )
    return Flaw(path, "cap-too-small", message, "raise the cap, or use the policy elsewhere", Severity.WARNING)


def _smallest_by_place(
    units: Iterable[Unit], models: Mapping[str, Model], cap: _Cap
) -> dict[tuple[str, str], Smallest]:
    """Return the smallest unit of each dwelling or loop, by site and id; none if a model is unknown, a flaw already."""
    found: dict[tuple[str, str], Smallest] = {}
    for unit in units:
        place, model = unit.loop if cap is _LOOP else unit.dwelling, models.get(unit.model)
        if unit.kind is not cap.kind or not place:
            continue
        if model is None:
            return {}
        power_w = heating_w(model, unit)
        key = (unit.site, place)
        if key not in found or power_w < found[key][0]:
            found[key] = (power_w, unit)
    return found
