"""Reads a bridge's table as `bridge -j fdb` prints it: which MAC was heard on which port of a gateway."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from fleetctl.adapters.discovery.parsing import Parsed, bounded, json_of, mac_of, mappings, text_of
from fleetctl.core.discovery.sighting import Sighting, Source, SwitchPort, safe_text

_NOT_HEARD = frozenset({"permanent", "static"})
"""States of entries that somebody wrote, as the bridge itself does for its own ports."""


def read_bridge(text: str, *, by: str, own: Collection[str]) -> Parsed[Sighting]:
    """Return who was heard on the ports of a bridge.

    Several on one port stand behind a switch that says nothing of itself, so their port is not known.

    Args:
        text: JSON.
        by: name of the gateway that has the bridge.
        own: MACs of the gateway itself.
    """
    try:
        entries, flaws = bounded(mappings(json_of(text)), "entries of the bridge")
    except ValueError as error:
        return Parsed((), (f"the bridge's table cannot be read: {error}",))
    ports: dict[str, set[str]] = {}
    for entry in entries:
        for mac, port in _heard(entry):
            if mac not in own:
                ports.setdefault(port, set()).add(mac)
    return Parsed(tuple(_sightings(ports, by)), flaws)


def _heard(entry: Any) -> Iterator[tuple[str, str]]:
    mac, port = mac_of(entry.get("mac")), safe_text(text_of(entry.get("ifname")))
    flags = entry.get("flags")
    is_own = isinstance(flags, list) and "self" in flags
    if mac is not None and port and entry.get("master") and not is_own and entry.get("state") not in _NOT_HEARD:
        yield mac, port


def _sightings(ports: dict[str, set[str]], by: str) -> Iterator[Sighting]:
    switch = by.rpartition("/")[2]
    for name, macs in sorted(ports.items()):
        for mac in sorted(macs):
            yield Sighting(Source.BRIDGE, by, (mac,), port=SwitchPort(switch, name) if len(macs) == 1 else None)
