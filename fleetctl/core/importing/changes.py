"""What rows change of what is declared, and where they contradict it.

A row adds and corrects; an empty cell, and a unit that no row speaks of, are left alone. What a unit inherits is not
written again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from fleetctl.core.importing.names import Names
from fleetctl.core.importing.placing import Placed, comparable
from fleetctl.core.inventory.fleet import Fleet, Kind, Site
from fleetctl.core.problems import Problem

_MACHINE = ("serial", "mac", "address")
_WRITTEN = {
    Kind.RADIATOR: ("model", "dwelling", "room", *_MACHINE, "port", "gateway"),
    Kind.BOILER: ("model", "building", "loop", *_MACHINE, "port", "gateway"),
    Kind.GATEWAY: ("model", "building", *_MACHINE, "uplink_address", "port"),
}
"""Keys that a row may write, in the order in which a new unit shows them."""

Inherited = Callable[[str, Kind], str]
"""Returns the model that a new unit of a site and kind has if none is written."""


@dataclass(frozen=True)
class Change:
    """What becomes of one unit.

    Attributes:
        before: the values that change; empty for a new unit.
        after: what they become.
        said: all that the row says of it, changed or not.
    """

    placed: Placed = field(repr=False)
    said: Mapping[str, str] = field(repr=False)
    before: Mapping[str, str]
    after: Mapping[str, str]

    @property
    def name(self) -> str:
        """Return `site/unit`."""
        return self.placed.name

    @property
    def site(self) -> str:
        """Return the site's id."""
        return self.placed.site

    @property
    def is_new(self) -> bool:
        """Say whether the unit is added."""
        return self.placed.unit is None

    @property
    def is_complete(self) -> bool:
        """Say whether the unit has what no unit can be without."""
        return not self.is_new or "address" in self.after

    @property
    def section(self) -> str:
        """Return the section of the site's file."""
        return f"{self.placed.kind}s"


def changes_of(placed: Iterable[Placed], fleet: Fleet, inherited: Inherited) -> tuple[Change, ...]:
    """Return what changes, in the order of the rows; rows that say what is declared already change nothing."""
    changes = (_change(one, fleet.sites[one.site], inherited) for one in placed)
    return tuple(change for change in changes if change.after or change.is_new)


def _change(placed: Placed, site: Site, inherited: Inherited) -> Change:
    said = {key: placed.values[key] for key in _WRITTEN[placed.kind] if key in placed.values}
    if placed.unit is None:
        new = {key: value for key, value in said.items() if not _follows(key, placed, site, inherited)}
        return Change(placed, said, {}, new)
    declared = {key: getattr(placed.unit, key) for key in said}
    after = {key: value for key, value in said.items() if comparable(key, value) != comparable(key, declared[key])}
    if "gateway" in said and after.keys() & {"building", "dwelling"}:
        after["gateway"] = said["gateway"]  # elsewhere another one might serve the unit
    return Change(placed, said, {key: declared[key] for key in after}, after)


def _follows(key: str, placed: Placed, site: Site, inherited: Inherited) -> bool:
    """Say whether a new unit has a value without writing it."""
    if key == "model":
        return placed.values[key] == inherited(placed.site, placed.kind)
    if key == "gateway":
        building = _building(placed, site)
        gateways = [u.id for u in site.units.values() if u.kind is Kind.GATEWAY and u.building == building]
        return gateways == [placed.values[key]]
    return False


def _building(placed: Placed, site: Site) -> str:
    dwelling = site.dwellings.get(placed.values.get("dwelling", ""))
    return dwelling.building if dwelling else placed.values.get("building", "")


def disagreements(placed: Iterable[Placed], fleet: Fleet, inherited: Inherited) -> Iterator[Problem]:
    """Yield rows that leave out an address, or contradict the dwelling or the model that they name."""
    for one in placed:
        yield from _no_address(one, fleet.sites[one.site])
        yield from _building_differs(one, fleet.sites[one.site])
        yield from _power_differs(one, fleet, inherited)


def _no_address(placed: Placed, site: Site) -> Iterator[Problem]:
    if placed.unit is None and "address" not in placed.values and "address" not in placed.entry.refused:
        hint = f"fill in the address; each unit has one in the site's network {site.network.cidr}".rstrip()
        message = f"new unit '{placed.name}' has no address"
        yield placed.entry.place("address").problem("no-address", message, hint)


def _building_differs(placed: Placed, site: Site) -> Iterator[Problem]:
    said = placed.values.get("building")
    if placed.kind is not Kind.RADIATOR or not said:
        return
    dwelling = site.dwellings.get(placed.values.get("dwelling") or (placed.unit.dwelling if placed.unit else ""))
    if dwelling and dwelling.building and Names(site).declared("building", said) != dwelling.building:
        message = f"dwelling '{dwelling.id}' is in building '{dwelling.building}', not in '{said}'"
        yield placed.entry.place("building").problem(
            "building-differs", message, "correct the dwelling or the building"
        )


def _power_differs(placed: Placed, fleet: Fleet, inherited: Inherited) -> Iterator[Problem]:
    """Yield a power that is not the model's: another machine was delivered than is declared."""
    said = placed.values.get("power_w")
    if not said:
        return
    declared = placed.unit.model if placed.unit else inherited(placed.site, placed.kind)
    model = fleet.models.get(placed.values.get("model") or declared)
    if model is not None and float(said) != model.power_w:
        message = f"model '{model.id}' has {model.power_w:g} W, not {said} W"
        hint = "check the label: another model may have been delivered"
        yield placed.entry.place("power_w").problem("power-differs", message, hint)
