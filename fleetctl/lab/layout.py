"""Lay out a lab: which stand-in stands for which unit, and at which address. Pure: a fleet in, a blueprint out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Any

from fleetctl.core.inventory.fleet import Fleet, Kind, Site, Unit
from fleetctl.core.platform.node import node_name
from fleetctl.core.problems import InvalidInput, Problem
from fleetctl.core.route import Way
from fleetctl.lab.rooms import by_room, with_sensors
from fleetctl.lab.spaces import NOTHING, Heating, Spaces, spaces_from, spaces_of
from fleetctl.lab.system.slurm import settings as slurm
from fleetctl.lab.unit.settings import Settings
from fleetctl.lab.unit.settings import from_json as settings_from_json

CONTROLLER = "100.64.0.1"
"""The controller's address on the uplink, in the range for carriers' own networks (RFC 6598), where no site lies."""
_UPLINK = ip_network("100.64.0.0/16")
LAN, WAN, PORT, TUNNEL = "lan0", "wan0", "eth0", "plat0"
"""Interfaces: a gateway's towards its units, its uplink, a unit's on its site's network, and to its platform."""
_LOOPBACK = int(ip_address("127.10.0.0"))
_BLOCK = 254
_CPUS = 2
"""Processors of a node whose number of them is not declared."""


class Level(StrEnum):
    """How much of a machine a stand-in has. `SYSTEM` is the second tier of the lab, the others are the first."""

    SYSTEM = "system"
    NAMESPACES = "namespaces"
    LOOPBACK = "loopback"
    PROCESSES = "processes"

    @property
    def is_networked(self) -> bool:
        """Say whether units have networks of their own."""
        return self in (Level.SYSTEM, Level.NAMESPACES)


LIGHT = (Level.NAMESPACES, Level.LOOPBACK, Level.PROCESSES)
"""The levels of the first tier, the highest first: nothing is downloaded, and an ordinary user can have them."""


@dataclass(frozen=True)
class Stand:
    """One stand-in.

    Attributes:
        number: counts from 1 over the whole lab; names its network interfaces.
        site: number of its site, from 1.
        gateway: name of the gateway that it is reached through; empty for a gateway.
        host: address of its sshd, seen from the hop before.
        uplink: a gateway's address on the uplink; empty for the others, and where there are no networks.
        socket: of a switch that its cable ends in, such as `sw1/11`.
        platform: address on the network of the lab's compute platform, with its length; empty if it is no node.
    """

    unit: str
    number: int
    site: int
    gateway: str
    host: str
    port: int
    mac: str
    uplink: str
    settings: Settings
    platform: str = ""
    socket: str = ""

    @property
    def is_gateway(self) -> bool:
        """Say whether the controller reaches it directly."""
        return not self.gateway

    @property
    def dialled(self) -> str:
        """Return the address at which the controller's side finds a gateway."""
        return self.uplink or self.host


@dataclass(frozen=True)
class Weather:
    """What surrounds a lab.

    Attributes:
        outdoor_c: outdoor temperature that it begins with.
        time_factor: how many seconds pass in rooms and tanks while one does on the clock.
        by_room: each heated room is a space of its own, not a whole dwelling.
    """

    outdoor_c: float = 5.0
    time_factor: float = 1.0
    by_room: bool = False


USUAL_WEATHER = Weather()


@dataclass(frozen=True)
class Blueprint:
    """A whole lab.

    Attributes:
        users: who can log in besides root; all of them are root under another name.
        spaces: what its units heat.
    """

    level: Level
    stands: tuple[Stand, ...]
    users: tuple[str, ...] = ()
    spaces: Spaces = NOTHING
    weather: Weather = USUAL_WEATHER

    @property
    def nodes(self) -> tuple[Stand, ...]:
        """Return the nodes of the lab's compute platform; none if it has no platform."""
        return tuple(stand for stand in self.stands if stand.platform)

    def to_json(self) -> str:
        """Return the blueprint as a JSON document."""
        return json.dumps(asdict(self))


def blueprint_from_json(text: str) -> Blueprint:
    """Read a blueprint back."""
    document = json.loads(text)
    return Blueprint(
        Level(document["level"]),
        tuple(_stand(s) for s in document["stands"]),
        tuple(document["users"]),
        spaces_from(document["spaces"]),
        Weather(**document["weather"]),
    )


def lay_out(
    fleet: Fleet,
    level: Level,
    *,
    selected: Collection[str] | None = None,
    loopback_port: int = 2222,
    weather: Weather = USUAL_WEATHER,
    platform: str = "",
) -> Blueprint:
    """Make the blueprint of a lab.

    Args:
        fleet: the declared fleet.
        level: what this machine allows.
        selected: names of the units to stand in for; their gateways come along. None for all.
        loopback_port: port of every sshd where the units share this machine's network.
        weather: what surrounds the lab.
        platform: kind of the compute platform that the lab has; units that are declared for one are its nodes.

    Raises:
        InvalidInput: if no unit is selected, or none is a node of the platform that is asked for.
    """
    wanted = [(n, unit) for n, site in enumerate(fleet.sites.values(), 1) for unit in _wanted(site, selected)]
    whole = spaces_of(fleet, {unit.name for _, unit in wanted})
    spaces = with_sensors(by_room(whole, fleet) if weather.by_room else whole, fleet)
    places = _Places(fleet, level, loopback_port, spaces, platform)
    stands = tuple(places.stand(site, number, unit) for number, (site, unit) in enumerate(wanted, 1))
    if not stands:
        raise InvalidInput([Problem("empty-selection", "there is no unit to stand in for", hint="widen --select")])
    if platform and not any(stand.platform for stand in stands):
        hint = f"say 'compute: {{platform: {platform}, controller: …}}' of some, or of the kind's defaults"
        raise InvalidInput([Problem("no-node", "no unit of the lab names a compute platform", hint=hint)])
    users = tuple(sorted({u.ssh.user for u in fleet.units()} - {"root"}))
    return Blueprint(level, stands, users, spaces, weather)


def loopback_address(site: int, place: int) -> str:
    """Return the address of a site's unit on this machine's loopback; both count from 1.

    There are 254 in `127.10.SITE.0/24`; a larger site goes on in `127.11.SITE.0/24`, and so forth.
    """
    row, column = divmod(place - 1, _BLOCK)
    if not (1 <= site <= 255 and row < 16):
        raise ValueError(f"site {site}, unit {place}: the loopback network has no address for it")
    return str(ip_address(_LOOPBACK + (row << 16) + (site << 8) + column + 1))


def ways(
    blueprint: Blueprint, dial: Mapping[str, tuple[str, ...]], identity_file: str, user: str = ""
) -> dict[str, Way]:
    """Return how the controller reaches each unit of the lab.

    Args:
        dial: the command that reaches each gateway, by the gateway's name.
        identity_file: private key that every stand-in knows.
        user: who logs in, where that is not for the inventory to say.
    """
    on_loopback = not blueprint.level.is_networked
    return {
        stand.unit: Way(
            dial=dial.get(stand.unit, ()),
            host=stand.host if on_loopback else "",
            port=stand.port if on_loopback else 0,
            user=user,
            identity_file=identity_file,
        )
        for stand in blueprint.stands
    }


def _wanted(site: Site, selected: Collection[str] | None) -> list[Unit]:
    if selected is None:
        return list(site.units.values())
    chosen = {u.id for u in site.units.values() if u.name in selected}
    gateways = {u.gateway for u in site.units.values() if u.id in chosen}
    return [u for u in site.units.values() if u.id in chosen | gateways]


class _Places:
    """Gives each unit its stand-in: addresses, interfaces, heat."""

    def __init__(self, fleet: Fleet, level: Level, loopback_port: int, spaces: Spaces, platform: str) -> None:
        self._platform = platform
        self._fleet, self._level, self._loopback_port = fleet, level, loopback_port
        self._on_loopback: Counter[int] = Counter()
        self._heatings: Mapping[str, Heating] = {heating.unit: heating for heating in spaces.heatings}
        self._losses_w_k = {zone.id: zone.heat_loss_w_k for zone in spaces.zones}

    def stand(self, site: int, number: int, unit: Unit) -> Stand:
        """Return the stand-in of a unit of the `site`-th site."""
        networked = self._level.is_networked
        host, port = (unit.address, unit.ssh.port) if networked else (self._loopback(site), self._loopback_port)
        uplink = (unit.uplink_address or str(_UPLINK[number + 1])) if networked and unit.kind is Kind.GATEWAY else ""
        platform = slurm.address(number) if self._is_node(unit) else ""
        tunnel = ((TUNNEL, platform),) if platform else ()
        return Stand(
            unit=unit.name,
            number=number,
            site=site,
            gateway=f"{unit.site}/{unit.gateway}" if unit.gateway else "",
            host=host,
            port=port,
            mac=unit.mac.lower(),
            uplink=uplink,
            settings=Settings(
                name=unit.name,
                host_name=unit.host_name,
                kind=unit.kind.value,
                model=unit.model,
                serial=unit.serial,
                compatible=self._fleet.models[unit.model].compatible,
                version=unit.release or "0",
                isolated=self._level is not Level.PROCESSES,
                networked=networked,
                listen="0.0.0.0" if networked else host,  # noqa: S104 - inside the unit's own network
                port=port,
                interfaces=(*self._interfaces(unit, uplink), *tunnel) if networked else (),
                peer=CONTROLLER if uplink else "",
                node=self._node(unit) if platform else "",
                **self._heat(unit),
            ),
            platform=platform,
            socket=unit.port or f"switch-{site}/{number}",
        )

    def _is_node(self, unit: Unit) -> bool:
        return bool(self._platform) and unit.kind is not Kind.GATEWAY and unit.compute.platform != "none"

    def _node(self, unit: Unit) -> str:
        return slurm.daemon_environment(node_name(unit.site, unit.id), unit.compute.cpus or _CPUS)

    def _loopback(self, site: int) -> str:
        self._on_loopback[site] += 1
        return loopback_address(site, self._on_loopback[site])

    def _interfaces(self, unit: Unit, uplink: str) -> tuple[tuple[str, str], ...]:
        length = ip_network(self._fleet.sites[unit.site].network.cidr).prefixlen
        if unit.kind is Kind.GATEWAY:
            return ((LAN, f"{unit.address}/{length}"), (WAN, f"{uplink}/32"))
        return ((PORT, f"{unit.address}/{length}"),)

    def _heat(self, unit: Unit) -> dict[str, float]:
        """Return what the unit's heat agent was made with: power, setpoint, its share of what its zone loses."""
        values = {"power_w": self._fleet.models[unit.model].power_w, "setpoint_c": unit.heat.default_setpoint_c}
        heating = self._heatings.get(unit.name)
        if heating is not None and heating.loop:
            values["water_c"] = heating.water_c
        elif heating is not None:
            values["heat_loss_w_k"] = self._losses_w_k[heating.space] * heating.share
        return values


def _stand(document: dict[str, Any]) -> Stand:
    settings = settings_from_json(json.dumps(document["settings"]))
    return Stand(**{**document, "settings": settings})
