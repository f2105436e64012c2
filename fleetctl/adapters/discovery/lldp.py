"""Reads `lldpctl -f json`: which switch and port a machine hangs on, and who hangs on its own ports.

lldpd prints one interface as an object and several as a list of objects, and a neighbour under its name or, if it told
none, without.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fleetctl.adapters.discovery.parsing import Parsed, bounded, json_of, mac_of, mappings, text_of
from fleetctl.core.discovery.sighting import Sighting, Source, SwitchPort, safe_text


@dataclass(frozen=True, slots=True)
class _Neighbour:
    """One neighbour on one of the listener's interfaces.

    Attributes:
        mac: of the port that it sent from, or else of its chassis; None if it told none.
        port: name of its port.
    """

    interface: str
    name: str
    mac: str | None
    port: str
    is_switch: bool


def read_lldp(text: str, *, by: str, links: Mapping[str, str]) -> Parsed[Sighting]:
    """Return what a machine heard.

    A switch tells the port that the machine itself hangs on. Another machine, alone on an interface, hangs on that
    interface; several on one stand behind a switch that says nothing of itself, so their port is not known.

    Args:
        text: JSON.
        by: the listener's name.
        links: hardware addresses of the listener, by interface.
    """
    try:
        heard, flaws = bounded(_neighbours(json_of(text)), "LLDP neighbours")
    except ValueError as error:
        return Parsed((), (f"what LLDP said cannot be read: {error}",))
    crowd = Counter(each.interface for each in heard)
    seen = (_sightings(each, by, links, is_alone=crowd[each.interface] == 1) for each in heard)
    return Parsed(tuple(sighting for each in seen for sighting in each), flaws)


def _sightings(each: _Neighbour, by: str, links: Mapping[str, str], *, is_alone: bool) -> Iterator[Sighting]:
    if not each.is_switch:
        if each.mac is not None:
            port = SwitchPort(by.rpartition("/")[2], each.interface) if is_alone else None
            yield Sighting(Source.LLDP, by, (each.mac,), port=port, said=each.name)
        return
    own = mac_of(links.get(each.interface))
    if own is not None and each.name and each.port:
        yield Sighting(Source.LLDP, by, (own,), port=SwitchPort(each.name, each.port))
    if each.mac is not None:
        yield Sighting(Source.LLDP, by, (each.mac,), is_switch=True, said=each.name)


def _neighbours(document: Any) -> Iterator[_Neighbour]:
    lldp = next(mappings(document), {}).get("lldp")
    if lldp is None:
        raise ValueError("it has no 'lldp'")
    for interfaces in mappings(next(mappings(lldp), {}).get("interface", [])):
        for name, told in interfaces.items():
            for each in mappings(told):
                yield _neighbour(safe_text(name), each)


def _neighbour(interface: str, told: Mapping[str, Any]) -> _Neighbour:
    name, chassis = _chassis(told.get("chassis"))
    port = next(mappings(told.get("port")), {})
    kind, value = _id(port)
    mac = (mac_of(value) if kind == "mac" else None) or mac_of(_id(chassis)[1])
    # A port that is called by its MAC has its name in the description.
    port_name = text_of(port.get("descr")) if kind == "mac" else value
    return _Neighbour(interface, safe_text(name), mac, safe_text(port_name), _is_switch(chassis))


def _chassis(told: Any) -> tuple[str, Mapping[str, Any]]:
    """Return the name of a neighbour, and what it says of itself."""
    chassis = next(mappings(told), {})
    if "id" in chassis:
        return "", chassis
    return next(((name, inner) for name, inner in chassis.items() if isinstance(inner, dict)), ("", {}))


def _id(told: Mapping[str, Any]) -> tuple[str, str]:
    identifier = next(mappings(told.get("id")), {})
    return text_of(identifier.get("type")), text_of(identifier.get("value"))


def _is_switch(chassis: Mapping[str, Any]) -> bool:
    """Say whether a neighbour bridges; one that says nothing of its capabilities is taken for a switch."""
    told = {text_of(each.get("type")): each.get("enabled") for each in mappings(chassis.get("capability", []))}
    return told.get("Bridge") is True if told else True
