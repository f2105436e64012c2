"""The unit's network: systemd-networkd's `.network` files, read and applied with `ip`.

Only what a unit's files say is done, as networkd would do it: an address that is wrong really cuts the unit off. An
interface that no file matches keeps what the lab gave it, as it would keep a lease.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path

from fleetctl.lab.unit.settings import Settings

FOLDER = "etc/systemd/network"


@dataclass(frozen=True)
class Network:
    """One `.network` file: which interfaces, their addresses, and routes as (destination, gateway)."""

    names: tuple[str, ...]
    """Patterns; empty if the file is for any interface (`Type=ether`)."""
    macs: tuple[str, ...]
    addresses: tuple[str, ...]
    routes: tuple[tuple[str, str], ...]

    def matches(self, name: str, mac: str) -> bool:
        """Say whether the file is for an interface."""
        by_name = any(fnmatch(name, pattern) for pattern in self.names) if self.names else True
        return by_name and (mac.lower() in self.macs if self.macs else True)


def parse(text: str) -> Network:
    """Read a `.network` file.

    Raises:
        ValueError: says what is wrong with it.
    """
    sections = list(_sections(text))
    match = _values(sections, "Match")
    names, macs = match.get("Name", []), match.get("MACAddress", [])
    if not names and not macs and match.get("Type") != ["ether"]:
        raise ValueError("[Match] names no interface")
    network = _values(sections, "Network")
    addresses = [*network.get("Address", []), *_values(sections, "Address").get("Address", [])]
    routes = [("default", str(ip_address(g))) for g in network.get("Gateway", [])]
    routes += [_route(entries) for name, entries in sections if name == "Route"]
    if not addresses and "DHCP" not in network:
        raise ValueError("there is neither an Address nor DHCP")
    return Network(
        tuple(word for value in names for word in value.split()),
        tuple(word.lower() for value in macs for word in value.split()),
        tuple(_with_length(a) for a in addresses),
        tuple(routes),
    )


def read(folder: Path) -> list[Network]:
    """Read all `.network` files of a folder, in networkd's order.

    Raises:
        ValueError: names the file and what is wrong with it.
    """
    networks = []
    for path in sorted(folder.glob("*.network")):
        try:
            networks.append(parse(path.read_text()))
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from error
    return networks


def apply(settings: Settings, networks: Sequence[Network]) -> None:
    """Give every interface what its file says, or else what the lab gave it.

    Raises:
        OSError: if `ip` refuses.
    """
    found = interfaces()
    _ip(
        [
            "link set lo up",
            *(line for name, mac, present in found for line in _changes(settings, networks, name, mac, present)),
        ]
    )


def interfaces() -> list[tuple[str, str, frozenset[str]]]:
    """Return name, hardware address and addresses with their lengths of each interface but the loopback."""
    told = json.loads(subprocess.run(["ip", "-j", "addr"], check=True, capture_output=True).stdout)
    return [
        (
            link["ifname"],
            link.get("address", ""),
            frozenset(f"{a['local']}/{a['prefixlen']}" for a in link["addr_info"] if a["scope"] == "global"),
        )
        for link in told
        if link["ifname"] != "lo"
    ]


def _changes(
    settings: Settings, networks: Sequence[Network], name: str, mac: str, present: frozenset[str]
) -> Iterable[str]:
    file = next((n for n in networks if n.matches(name, mac)), None)
    given = [address for interface, address in settings.interfaces if interface == name]
    addresses = file.addresses if file is not None and file.addresses else tuple(given)
    yield f"link set {name} up"
    if present != set(addresses):
        yield f"addr flush dev {name}"
        yield from (f"addr add {address} dev {name}" for address in addresses)
    yield f"route flush dev {name} proto boot"
    for destination, gateway in file.routes if file is not None else ():
        yield f"route replace {destination} via {gateway} dev {name} proto boot onlink"
    if settings.peer and name == settings.interfaces[-1][0]:
        yield f"route replace {settings.peer}/32 dev {name}"


def _ip(lines: Iterable[str]) -> None:
    result = subprocess.run(["ip", "-batch", "-"], input="\n".join(lines) + "\n", text=True, capture_output=True)
    if result.returncode:
        raise OSError(f"ip: {result.stderr.strip()}")


def _sections(text: str) -> Iterable[tuple[str, list[tuple[str, str]]]]:
    entries: list[tuple[str, str]] | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        if line.startswith("[") and line.endswith("]"):
            entries = []
            yield line[1:-1], entries
            continue
        key, equals, value = line.partition("=")
        if entries is None or not equals:
            raise ValueError(f"line {number} is neither a section nor 'Key=value'")
        entries.append((key.strip(), value.strip()))


def _values(sections: Sequence[tuple[str, Sequence[tuple[str, str]]]], wanted: str) -> Mapping[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, entries in sections:
        for key, value in entries if name == wanted else ():
            values.setdefault(key, []).append(value)
    return values


def _route(entries: Sequence[tuple[str, str]]) -> tuple[str, str]:
    values = dict(entries)
    if "Gateway" not in values:
        raise ValueError("a [Route] has no Gateway")
    destination = values.get("Destination", "default")
    return destination if destination == "default" else str(ip_network(destination)), str(ip_address(values["Gateway"]))


def _with_length(address: str) -> str:
    if "/" not in address:
        raise ValueError(f"Address={address} lacks its length, as in {address}/24")
    return str(ip_interface(address))
