"""What a kit is for: a site, or some of its dwellings with the gateways that lead to them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fleetctl.core.inventory.fleet import Fleet, Kind, Site, Unit
from fleetctl.core.names import did_you_mean
from fleetctl.core.problems import InvalidInput, Problem


@dataclass(frozen=True)
class Scope:
    """What a kit is for.

    Attributes:
        dwellings: that it is limited to; empty for the whole site.
        units: that are worked on, with the gateways on the way to them.
    """

    site: Site
    dwellings: tuple[str, ...]
    units: tuple[Unit, ...]

    @property
    def names(self) -> frozenset[str]:
        """Return the units' names."""
        return frozenset(unit.name for unit in self.units)


def scope_of(fleet: Fleet, site: str, dwellings: Sequence[str] = ()) -> Scope:
    """Return what a kit for a site is for.

    Raises:
        InvalidInput: if there is no such site, or no such dwelling in it; names each.
    """
    known = fleet.sites.get(site)
    if known is None:
        hint = did_you_mean(site, fleet.sites) or f"its sites are {', '.join(sorted(fleet.sites))}"
        raise InvalidInput([Problem("unknown-site", f"the fleet has no site '{site}'", hint=hint)])
    missing = [name for name in dwellings if name not in known.dwellings]
    if missing:
        raise InvalidInput(
            Problem("unknown-dwelling", f"{site} has no dwelling '{name}'", hint=did_you_mean(name, known.dwellings))
            for name in missing
        )
    wanted = frozenset(dwellings)
    units = (unit for unit in known.units.values() if not wanted or _serves(unit, wanted))
    return Scope(known, tuple(sorted(wanted)), tuple(units))


def _serves(unit: Unit, dwellings: frozenset[str]) -> bool:
    return unit.dwelling in dwellings or unit.kind is Kind.GATEWAY
