"""Puts together what several sources say of one machine.

A machine is known by its MACs. Whoever answered over SSH without telling its MACs is the one that the neighbour table,
or else a lease, has at that address. A serial joins nothing: two machines with one serial have to stay two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from fleetctl.core.discovery.sighting import Sighting, Source, SwitchPort

_OF_LATE = frozenset({Source.LEASE, Source.BRIDGE})
"""Sources that tell who was there of late, and not who is there."""


@dataclass(frozen=True)
class Machine:
    """One machine, or what several sources take for one: then it has several serials or host keys."""

    sightings: tuple[Sighting, ...]

    @cached_property
    def macs(self) -> tuple[str, ...]:
        """Return its hardware addresses, sorted."""
        return _sorted(mac for sighting in self.sightings for mac in sighting.macs)

    @cached_property
    def serials(self) -> tuple[str, ...]:
        """Return the serials that answers from it told."""
        return _sorted(sighting.serial for sighting in self.sightings)

    @cached_property
    def host_keys(self) -> tuple[str, ...]:
        """Return the fingerprints of the host keys that it proved."""
        return _sorted(sighting.host_key for sighting in self.sightings)

    @cached_property
    def models(self) -> tuple[str, ...]:
        """Return the models that answers from it told."""
        return _sorted(sighting.model for sighting in self.sightings)

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """Return where it was met; a lease alone is no proof that it is there."""
        return _sorted(sighting.address for sighting in self.sightings if sighting.source is not Source.LEASE)

    @cached_property
    def leased(self) -> tuple[str, ...]:
        """Return the addresses that were leased to it."""
        return _sorted(sighting.address for sighting in self.sightings if sighting.source is Source.LEASE)

    @cached_property
    def ports(self) -> tuple[SwitchPort, ...]:
        """Return the ports that it hangs on: by LLDP, or else by the table of a gateway's bridge."""
        return self.heard_on or tuple(sorted({sighting.port for sighting in self.sightings if sighting.port}))

    @cached_property
    def heard_on(self) -> tuple[SwitchPort, ...]:
        """Return the ports that LLDP tells; a gateway's bridge knows only which of its own leads there."""
        told = {each.port for each in self.sightings if each.port and each.source is not Source.BRIDGE}
        return tuple(sorted(told))

    @property
    def is_awake(self) -> bool:
        """Say whether anybody met it."""
        return any(sighting.source not in _OF_LATE for sighting in self.sightings)

    @property
    def trace(self) -> str:
        """Return in words what there is of it where nobody met it: a lease, a port."""
        told = [f"it has a lease of {', '.join(self.leased)}"] if self.leased else []
        return " and ".join([*told, *(f"it was heard on {port} of late" for port in self.ports)])

    @property
    def is_switch(self) -> bool:
        """Say whether it says that it is a switch."""
        return any(sighting.is_switch for sighting in self.sightings)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Return who tells of it, in a fixed order."""
        told = {sighting.source for sighting in self.sightings}
        return tuple(source for source in Source if source in told)

    @property
    def evidence(self) -> tuple[str, ...]:
        """Return what each source says, in words."""
        return _sorted(map(str, self.sightings))

    def __str__(self) -> str:
        facts = [f"serial {serial}" for serial in self.serials] + [f"MAC {mac}" for mac in self.macs]
        places = self.addresses or self.leased
        return ", ".join(facts) if facts else f"the machine at {', '.join(places)}"


def join(sightings: Iterable[Sighting]) -> tuple[Machine, ...]:
    """Return the machines that sightings tell of, in the order of their MACs and addresses, whatever theirs was."""
    seen = _with_macs(tuple(dict.fromkeys(sightings)))
    groups: dict[str, list[Sighting]] = {}
    for sighting in seen:
        keys = sighting.macs or (sighting.address,)
        merged = [sighting]
        for group in {id(groups[key]): groups[key] for key in keys if key in groups}.values():
            merged += group
        for member in merged:
            groups.update(dict.fromkeys(member.macs or (member.address,), merged))
    unique = {id(group): group for group in groups.values()}.values()
    return tuple(sorted((Machine(tuple(sorted(group, key=str))) for group in unique), key=_place))


def _with_macs(sightings: Sequence[Sighting]) -> Iterable[Sighting]:
    """Give answers that told no MAC the one that was met at their address: the neighbour's, or else the lease's."""
    at: dict[str, tuple[str, ...]] = {}
    for source in (Source.LEASE, Source.NEIGHBOUR):
        at |= {each.address: each.macs for each in sightings if each.source is source}
    return (each if each.macs else replace(each, macs=at.get(each.address, ())) for each in sightings)


def _place(machine: Machine) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return machine.macs, machine.addresses


def _sorted(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({text for text in texts if text}))
