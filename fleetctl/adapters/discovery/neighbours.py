"""Reads the kernel's neighbour table as `ip -j neigh` prints it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleetctl.adapters.discovery.parsing import Parsed, address_of, bounded, json_of, mac_of, mappings
from fleetctl.core.discovery.sighting import Sighting, Source

MET = frozenset({"REACHABLE", "PERMANENT"})
"""States that say that the machine is there now. `STALE` says that it was once, `DELAY` and `PROBE` that this is being
found out."""


def read_neighbours(text: str, *, by: str, stale: bool = False) -> Parsed[Sighting]:
    """Return who was met.

    Args:
        text: JSON.
        by: whose neighbours they are.
        stale: nobody was called before, so whoever was there of late counts.
    """
    try:
        entries, flaws = bounded(mappings(json_of(text)), "neighbours")
    except ValueError as error:
        return Parsed((), (f"the neighbour table cannot be read: {error}",))
    states = MET | {"STALE", "DELAY", "PROBE"} if stale else MET
    found = (_neighbour(entry, by) for entry in entries if _states(entry) & states)
    return Parsed(tuple(sighting for sighting in found if sighting is not None), flaws)


def _neighbour(entry: Mapping[str, Any], by: str) -> Sighting | None:
    mac, address = mac_of(entry.get("lladdr")), address_of(entry.get("dst"))
    if mac is None or address is None or ":" in address:
        return None
    return Sighting(Source.NEIGHBOUR, by, (mac,), address)


def _states(entry: Mapping[str, Any]) -> set[str]:
    states = entry.get("state")
    return {state for state in states if isinstance(state, str)} if isinstance(states, list) else set()
