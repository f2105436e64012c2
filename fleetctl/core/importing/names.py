"""What installers call a place, in the spelling that is declared: `Appt. a 101` is `A101`, `Chambre 2` is `bedroom-2`.

A name that means nothing, or two things, stays as it is written: the inventory's own invariants refuse it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from fleetctl.core.importing.words import folded, room_named, squeezed
from fleetctl.core.inventory.fleet import Kind, Site

_BEFORE_A_NAME = re.compile(
    r"(?:appartement|apartment|appt|apt|logement|lgt|lot|flat|batiment|bat|building|block|boucle|loop)\b ?(?:no\b)? ?"
)


@dataclass(frozen=True)
class Names:
    """The declared names of one site."""

    site: Site

    def declared(self, key: str, text: str) -> str:
        """Return the declared spelling of a name in the column `key`."""
        known = self._known.get(key, {})
        return known.get(text) or known.get(_core(text), text)

    def room(self, dwelling: str, text: str) -> str:
        """Return the declared spelling of a room of a dwelling."""
        declared = self._rooms.get(dwelling, {})
        return declared.get(squeezed(text)) or declared.get(squeezed(room_named(text)), text)

    @cached_property
    def _known(self) -> Mapping[str, Mapping[str, str]]:
        site = self.site
        return {
            "dwelling": _by_core(site.dwellings),
            "building": _by_core(self.buildings),
            "loop": _by_core(site.loops),
            "gateway": _by_core(unit.id for unit in site.units.values() if unit.kind is Kind.GATEWAY),
            "id": _by_core(site.units),
        }

    @cached_property
    def _rooms(self) -> Mapping[str, Mapping[str, str]]:
        return {id: {squeezed(room.id): room.id for room in of.rooms} for id, of in self.site.dwellings.items()}

    @cached_property
    def buildings(self) -> frozenset[str]:
        """Return the buildings that dwellings and gateways stand in."""
        of_units = (unit.building for unit in self.site.units.values())
        return frozenset({*of_units, *(dwelling.building for dwelling in self.site.dwellings.values())} - {""})


def slug(text: str) -> str:
    """Return a text as a host name label, as far as it goes: `A 101` is `a-101`."""
    return folded(text).replace("@", "").replace(" ", "-")[:63].strip("-")


def _core(text: str) -> str:
    """Return what distinguishes a name: without the word for what it is, case, accents, separators."""
    plain = folded(text)
    return squeezed(_BEFORE_A_NAME.sub("", plain, count=1) or plain)


def _by_core(names: Iterable[str]) -> dict[str, str]:
    """Map cores, and the names themselves, to names; a core that two names share is left out."""
    known = list(names)
    found: dict[str, str | None] = {}
    for name in known:
        core = _core(name)
        found[core] = None if core in found and found[core] != name else name
    cores = {core: name for core, name in found.items() if name is not None}
    return cores | {name: name for name in known}
