"""What sources say of machines, for tests: serial, MAC and host key of a machine, address and port of a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from fleetctl.core.discovery.finding import Code, Discovery, Finding
from fleetctl.core.discovery.matching import match
from fleetctl.core.discovery.roster import Roster
from fleetctl.core.discovery.sighting import Sighting, Source, Survey, SwitchPort
from fleetctl.core.inventory.fleet import Fleet, Unit

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Hung:
    """A machine, and where it hangs."""

    serial: str
    mac: str
    address: str
    port: str
    host_key: str = ""
    by: str = "gw"

    def lease(self) -> Sighting:
        return Sighting(Source.LEASE, self.by, (self.mac,), self.address)

    def neighbour(self) -> Sighting:
        return Sighting(Source.NEIGHBOUR, self.by, (self.mac,), self.address)

    def lldp(self) -> Sighting:
        switch, _, name = self.port.partition("/")
        return Sighting(Source.LLDP, self.by, (self.mac,), port=SwitchPort(switch, name))

    def answer(self) -> Sighting:
        return Sighting(Source.SSH, self.by, (self.mac,), self.address, self.serial, "qh-1", self.host_key)

    def stranger(self) -> Sighting:
        """It answers over SSH with a key that nobody pinned, so nobody logged in."""
        return Sighting(Source.SSH, self.by, (), self.address, host_key=self.host_key or "SHA256:foreign")

    def seen(self) -> Iterator[Sighting]:
        yield from (self.lease(), self.neighbour(), self.answer())
        if self.port:
            yield self.lldp()


def key_of(unit: Unit) -> str:
    return f"SHA256:{unit.name}"


def hung(unit: Unit, **changes: str) -> Hung:
    """Return a unit's own machine in its own place, or with changes."""
    return replace(Hung(unit.serial, unit.mac, unit.address, unit.port, key_of(unit)), **changes)


def at_place_of(unit: Unit, place: Unit) -> Hung:
    """Return a unit's machine plugged in at another's port; it gets its own address, which follows the MAC."""
    return hung(unit, port=place.port)


def roster_of(fleet: Fleet, pins: Mapping[str, frozenset[str]] | None = None) -> Roster:
    (site,) = fleet.sites
    return Roster(fleet, site, pins or {unit.name: frozenset({key_of(unit)}) for unit in fleet.units()})


def discovered(
    fleet: Fleet, *sightings: Sighting, roster: Roster | None = None, blind: frozenset[str] = frozenset()
) -> Discovery:
    (site,) = fleet.sites
    return match(site, roster or roster_of(fleet), Survey(sightings, blind=blind), at=AT, by="gateway")


def of(found: Discovery, code: Code) -> list[Finding]:
    return [finding for finding in found.findings if finding.code is code]
