"""What a template sees: the variables of a unit, and which of them are alike for many units.

A template that looks only at variables that are alike (time servers of a site, the settings of a model) is rendered
once for all the units that share them; that is most of what makes large fleets quick to render.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from itertools import dropwhile, islice, takewhile
from typing import Any

from fleetctl.core.config import secret_mark
from fleetctl.core.inventory.fleet import Fleet, Kind, Model, Release, SecretRef, Site, Unit
from fleetctl.core.labels import unit_labels
from fleetctl.core.names import did_you_mean

Variables = Mapping[str, Any]
STRANGERS = 16
"""Machines of a site that may boot from the network at once without being declared."""
SEARCHED = 4096
"""Addresses at a network's end that are looked at for them."""


class UnknownSecret(Exception):
    """Raised when a template asks for a secret that the fleet does not declare."""

    def __init__(self, name: str, hint: str) -> None:
        super().__init__(f"secret '{name}' is not declared under 'secrets' in fleet.yaml")
        self.hint = hint


@dataclass(frozen=True, slots=True)
class FleetView:
    """What a template may know of the whole fleet: nothing of other sites, for a site's files depend on it alone."""

    name: str
    models: Mapping[str, Model]
    releases: Mapping[str, Release]
    channels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Network:
    """A site's network with what daemons want to have spelt out.

    Attributes:
        strangers: first and last address of a range that no unit has, for machines that boot from the network and are
            not declared; None if the network is full.
    """

    cidr: str
    address: str
    prefix: int
    netmask: str
    dns: tuple[str, ...]
    ntp: tuple[str, ...]
    domain: str
    strangers: tuple[str, str] | None


class SecretMarks:
    """The function `secret(name)` of templates: yields the mark that stands for a secret, never a value."""

    def __init__(self, refs: Mapping[str, SecretRef]) -> None:
        self._refs = refs
        self.asked: set[str] = set()
        """Marks given out since this was last cleared."""

    def __call__(self, name: str) -> str:
        """Return the mark of a secret.

        Raises:
            UnknownSecret: if the fleet does not declare it.
        """
        ref = self._refs.get(name)
        if ref is None:
            raise UnknownSecret(name, did_you_mean(name, self._refs) or "declare it there with backend and version")
        mark = secret_mark(ref.name, ref.version)
        self.asked.add(mark)
        return mark

    def __repr__(self) -> str:
        return "secret"


class Stage:
    """Sets the scene for the units of one site; what is alike for all of them is built once."""

    def __init__(self, fleet: Fleet, site: Site, secret: SecretMarks) -> None:
        self.site = site
        self._models = fleet.models
        self._served: dict[str, list[Unit]] = {}
        for unit in site.units.values():
            if unit.gateway:
                self._served.setdefault(unit.gateway, []).append(unit)
        self._shared = {
            "fleet": FleetView(fleet.name, fleet.models, fleet.releases, fleet.channels),
            "site": site,
            "network": _network(site),
            "secret": secret,
        }

    def variables(self, unit: Unit) -> Variables:
        """Return every variable that a template may use for a unit; those that do not apply are None."""
        return {
            **self._shared,
            "unit": unit,
            "model": self._models[unit.model],
            "dwelling": self.site.dwellings[unit.dwelling] if unit.dwelling else None,
            "loop": self.site.loops[unit.loop] if unit.loop else None,
            "gateway": self.site.units[unit.gateway] if unit.gateway else None,
            "served": tuple(self._served.get(unit.id, ())) if unit.kind is Kind.GATEWAY else (),
            "ssh": unit.ssh,
            "heat": unit.heat,
            "compute": unit.compute,
            "labels": unit_labels(unit),
        }


ALIKE: Mapping[str, Callable[[Variables], Hashable]] = {
    "fleet": lambda _: None,
    "secret": lambda _: None,
    "site": lambda v: v["site"].id,
    "network": lambda v: v["site"].id,
    "model": lambda v: v["model"].id,
    "dwelling": lambda v: (v["site"].id, v["unit"].dwelling),
    "loop": lambda v: (v["site"].id, v["unit"].loop),
    "gateway": lambda v: (v["site"].id, v["unit"].gateway),
    "ssh": lambda v: v["ssh"],
    "heat": lambda v: v["heat"],
    "compute": lambda v: v["compute"],
}
"""What tells one value of a variable from another; the variables that are not here differ from unit to unit."""

VARIABLES = frozenset(ALIKE) | {"unit", "served", "labels"}


def _network(site: Site) -> Network:
    declared = site.network
    network = ip_network(declared.cidr, strict=False)
    address, mask = str(network.network_address), str(network.netmask)
    names = declared.dns, declared.ntp, declared.domain
    return Network(declared.cidr, address, network.prefixlen, mask, *names, _spare(site, network))


def _spare(site: Site, network: IPv4Network | IPv6Network) -> tuple[str, str] | None:
    """Return the last addresses of a network, as many in a row as are free and useful."""
    taken = {unit.address for unit in site.units.values()}
    end = int(network.broadcast_address) - 1
    hosts = (str(ip_address(number)) for number in range(end, max(int(network[0]), end - SEARCHED), -1))
    free = takewhile(lambda host: host not in taken, dropwhile(taken.__contains__, hosts))
    found = list(islice(free, STRANGERS))
    return (found[-1], found[0]) if found else None
