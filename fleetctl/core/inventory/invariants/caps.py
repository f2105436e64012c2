"""Caps on power that is down: each permits at least the smallest unit, for a cap is never rounded up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fleetctl.core.inventory.flaws import Flaw, site_path
from fleetctl.core.inventory.fleet import Fleet, Kind, Site
from fleetctl.core.inventory.invariants.context import Context
from fleetctl.core.inventory.invariants.policies import path_of
from fleetctl.core.policy import Policy
from fleetctl.core.problems import Severity


@dataclass(frozen=True, slots=True)
class _Cap:
    """A cap of policies: its key, what it is about, and the kind of unit that it holds back."""

    key: str
    place: str
    kind: Kind

    def of(self, policy: Policy) -> float | None:
        """Return the cap in W; None if there is none."""
        value: float | None = getattr(policy, self.key)
        return value


_DWELLING = _Cap("cap_down_w", "dwelling", Kind.RADIATOR)
_LOOP = _Cap("cap_loop_down_w", "loop", Kind.BOILER)


def permit_a_model(fleet: Fleet) -> Iterator[Flaw]:
    """A policy's cap permits the smallest model; else the policy could never admit anything."""
    for policy in fleet.policies.values():
        for cap in (_DWELLING, _LOOP):
            cap_w, smallest = cap.of(policy), _smallest_model(fleet, cap.kind)
            if cap_w is not None and smallest is not None and smallest[0] > cap_w:
                message = (
                    f"policy '{policy.name}' can never admit a {cap.kind}: {cap_w:g} W of a {cap.place} may be down, "
                    f"the smallest {cap.kind}, '{smallest[1]}', has {smallest[0]:g} W"
                )
                yield Flaw(path_of(policy, cap.key), "never-admits", message, f"write {smallest[0]:g} or more")


def permit_one(site: Site, context: Context) -> Iterator[Flaw]:
    """A cap permits at least the smallest unit of a place; a warning, for a policy may be meant for other places."""
    for cap in (_DWELLING, _LOOP):
        policies = [policy for policy in context.fleet.policies.values() if _permits_a_model(policy, cap, context)]
        for place, smallest_w in _smallest_units(site, cap, context).items():
            yield from _below(site, cap, place, smallest_w, policies)


def _below(site: Site, cap: _Cap, place: str, smallest_w: float, policies: list[Policy]) -> Iterator[Flaw]:
    own_w = site.dwellings[place].cap_down_w if place in site.dwellings and cap is _DWELLING else None
    if own_w is not None and own_w < smallest_w:
        message = f"smallest unit of '{place}' has {smallest_w:g} W, its cap permits {own_w:g} W"
        path = site_path(site.id, "dwellings", place, cap.key)
        yield Flaw(
            path, "cap-too-small", message, "nothing could ever be updated here; raise the cap", Severity.WARNING
        )
    for policy in policies:
        cap_w = cap.of(policy)
        if cap_w is not None and cap_w < smallest_w:
            message = (
                f"smallest unit of {cap.place} '{place}' at '{site.id}' has {smallest_w:g} W, the cap is {cap_w:g} W"
            )
            hint = f"policy '{policy.name}' could never update anything there; raise the cap, or use it elsewhere"
            yield Flaw(path_of(policy, cap.key), "cap-too-small", message, hint, Severity.WARNING)


def _permits_a_model(policy: Policy, cap: _Cap, context: Context) -> bool:
    """Say whether the cap is not one that `permit_a_model` refuses already."""
    cap_w, smallest = cap.of(policy), _smallest_model(context.fleet, cap.kind)
    return cap_w is not None and smallest is not None and smallest[0] <= cap_w


def _smallest_model(fleet: Fleet, kind: Kind) -> tuple[float, str] | None:
    of_kind = ((m.power_w + m.aux_heater_w, m.id) for m in fleet.models.values() if m.kind is kind)
    return min(of_kind, default=None)


def _smallest_units(site: Site, cap: _Cap, context: Context) -> Mapping[str, float]:
    powers: dict[str, list[float]] = defaultdict(list)
    for unit in site.units.values():
        place = unit.dwelling if cap is _DWELLING else unit.loop
        if unit.kind is cap.kind and place and context.model(unit):
            powers[place].append(context.power_w(unit))
    return {place: min(of_place) for place, of_place in powers.items()}
