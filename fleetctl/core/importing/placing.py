"""Which unit a row speaks of. A unit is a *place*: a row finds it by its name, else by where it stands.

Only then do address, serial and MAC count, so that two machines that changed places are seen as such, and importing
a file twice finds the units that the first time made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from fleetctl.core.importing.mapping import Mapped
from fleetctl.core.importing.names import Names, slug
from fleetctl.core.importing.rows import Entry
from fleetctl.core.importing.words import kind_named, squeezed
from fleetctl.core.inventory.fleet import Fleet, Kind, Site, Unit
from fleetctl.core.inventory.invariants.identity import normal_serial
from fleetctl.core.names import did_you_mean, is_label
from fleetctl.core.problems import Problem

_NAMED = ("dwelling", "building", "loop", "gateway")
_IDENTITY = ("address", "port", "serial", "mac")
"""By what a row finds a unit of its room: what belongs to the place first."""


@dataclass(frozen=True)
class Placed:
    """A row with the unit that it speaks of.

    Attributes:
        id: of a unit that is declared, or the name that a new one gets.
        unit: what is declared of it; None for a new one.
        values: what the row says, in the declared spelling.
    """

    entry: Entry
    site: str
    id: str
    kind: Kind
    unit: Unit | None
    values: Mapping[str, str]

    @property
    def name(self) -> str:
        """Return `site/unit`."""
        return f"{self.site}/{self.id}"


def place_rows(entries: Iterable[Entry], fleet: Fleet, mapped: Mapped) -> tuple[list[Placed], list[Problem]]:
    """Return the rows with their units, in the order of the sheets, and the rows that no unit can be found for."""
    if mapped.site and mapped.site not in fleet.sites:
        message = f"site '{mapped.site}' is not declared"
        return [], [Problem("unknown-site", message, hint=did_you_mean(mapped.site, fleet.sites))]
    problems: list[Problem] = []
    by_site: dict[str, list[Entry]] = defaultdict(list)
    called = cache(lambda name: _site_called(name, fleet))
    for entry in entries:
        site = _site(entry, fleet, mapped, called)
        if isinstance(site, Problem):
            problems.append(site)
        else:
            by_site[site].append(entry)
    placed: list[Placed] = []
    for id, of_site in by_site.items():
        found = list(_Placing(fleet.sites[id]).all(of_site))
        placed += [one for one in found if isinstance(one, Placed)]
        problems += [one for one in found if isinstance(one, Problem)]
    return placed, problems


def _site(entry: Entry, fleet: Fleet, mapped: Mapped, called: Callable[[str], str]) -> str | Problem:
    named = entry.values.get("unit", "").rpartition("/")[0] or entry.values.get("site") or mapped.site
    if not named and len(fleet.sites) == 1:
        return next(iter(fleet.sites))
    found = called(named or entry.sheet.name)
    if found:
        return found
    key = "unit" if "/" in entry.values.get("unit", "") else "site"
    if named:
        hint = did_you_mean(named, fleet.sites)
        return entry.place(key).problem("unknown-site", f"site '{named}' is not declared", hint)
    hint = "add a column 'site', call the sheet like the site, or give --site"
    return entry.place(key).problem("no-site", "nothing says which site this unit is at", hint)


def _site_called(name: str, fleet: Fleet) -> str:
    """Return the site of an id or a title, or the only one in whose id or title `name` stands; empty if none is."""
    wanted = squeezed(name)
    spelt = {id: (squeezed(id), squeezed(site.title)) for id, site in fleet.sites.items()}
    exact = [id for id, names in spelt.items() if wanted in names]
    within = [id for id, names in spelt.items() if len(wanted) > 2 and any(wanted in name for name in names)]
    return exact[0] if exact else within[0] if len(within) == 1 else ""


class _Placing:
    """Finds units for the rows of one site; each unit is given out once."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._names = Names(site)
        self._taken: dict[str, Entry] = {}
        self._by_room: dict[tuple[str, str], list[Unit]] = defaultdict(list)
        self._by_identity: dict[tuple[str, str], Unit] = {}
        for unit in site.units.values():
            if unit.dwelling:
                self._by_room[unit.dwelling, unit.room].append(unit)
            for key, value in _identity({key: getattr(unit, key) for key in _IDENTITY}):
                self._by_identity.setdefault((key, value), unit)

    def all(self, entries: Iterable[Entry]) -> Iterator[Placed | Problem]:
        """Yield every row placed, or why it cannot be: the surest finds first, so that none is taken by a guess."""
        rows = [(entry, self._spelt(entry)) for entry in entries]
        found: dict[int, Placed | Problem] = {}
        for find in (self._by_name, self._by_claim, self._by_spare, self._by_machine, self._new):
            for number, (entry, values) in enumerate(rows):
                if number not in found and (placed := find(entry, values)) is not None:
                    found[number] = placed
        yield from (found[number] for number in sorted(found))

    def _spelt(self, entry: Entry) -> dict[str, str]:
        values = {key: value for key, value in entry.values.items() if key not in ("site", "unit", "id")}
        for key in _NAMED:
            if key in values:
                values[key] = self._names.declared(key, values[key])
        if "room" in values:
            values["room"] = self._names.room(values.get("dwelling", ""), values["room"])
        return values

    def _by_name(self, entry: Entry, values: Mapping[str, str]) -> Placed | Problem | None:
        """Find the unit that the row names, or make it: a name is never overruled by a serial."""
        written = entry.values.get("unit", "").rpartition("/")[2] or entry.values.get("id", "")
        if not written:
            return None
        key = "unit" if entry.values.get("unit") else "id"
        id = slug(written)
        for name in (self._names.declared("id", written), id):
            if name in self._site.units:
                return self._take(entry, values, self._site.units[name])
        if not is_label(id):
            message = f"'{written}' cannot be a unit's name"
            return entry.place(key).problem("bad-name", message, "use letters, digits and '-': it becomes a host name")
        return self._make(entry, values, id, key)

    def _by_claim(self, entry: Entry, values: Mapping[str, str]) -> Placed | Problem | None:
        """Find the unit of the row's room: the only one for the only row, or the one of that address or serial."""
        units = self._in_room(values)
        for claim in _identity(values):
            for unit in units:
                if claim in _identity({key: getattr(unit, key) for key in _IDENTITY}):
                    return self._take(entry, values, unit)
        return None

    def _by_spare(self, entry: Entry, values: Mapping[str, str]) -> Placed | Problem | None:
        """Find a unit of the row's room that no row claimed: one that waits for its machine, else one that is replaced.

        A row with an address that nobody has is a further unit of the room, not another machine in the old place.
        """
        units = self._in_room(values) if values.get("room") else []
        waiting = [unit for unit in units if not unit.serial]
        address = values.get("address")
        further = address and ("address", address) not in self._by_identity
        candidates = waiting or ([] if further else units)
        return self._take(entry, values, candidates[0]) if candidates else None

    def _by_machine(self, entry: Entry, values: Mapping[str, str]) -> Placed | Problem | None:
        """Find a unit by address, port, serial or MAC alone, for lists that do not say where units stand."""
        for claim in _identity(values):
            unit = self._by_identity.get(claim)
            if unit is not None and unit.id not in self._taken and _fits(unit, values):
                return self._take(entry, values, unit)
        return None

    def _new(self, entry: Entry, values: Mapping[str, str]) -> Placed | Problem:
        dwelling = values.get("dwelling")
        if dwelling:
            return self._make(entry, values, self._free(slug(dwelling)), "dwelling")
        if values.get("loop"):
            return self._make(entry, values, self._free(slug(values["loop"])), "loop")
        if values.get("room"):
            hint = "fill in the dwelling; a CSV file loses merged cells, the workbook (XLSX) keeps them"
            message = f"room '{values['room']}' is in no dwelling"
            return entry.place("room").problem("room-without-dwelling", message, hint)
        hint = "add a dwelling and a room, a loop, or the unit's name"
        return entry.place().problem("no-place", "nothing says where this unit stands", hint)

    def _in_room(self, values: Mapping[str, str]) -> list[Unit]:
        units = self._by_room.get((values.get("dwelling", ""), values.get("room", "")), ())
        return [unit for unit in units if unit.id not in self._taken]

    def _free(self, stem: str) -> str:
        number = 1
        while f"{stem}-{number}" in self._site.units or f"{stem}-{number}" in self._taken:
            number += 1
        return f"{stem}-{number}"

    def _make(self, entry: Entry, values: Mapping[str, str], id: str, key: str) -> Placed | Problem:
        kind = _kind(entry, values)
        if isinstance(kind, Problem):
            return kind
        if id in self._taken:
            return self._twice(entry, id, key)
        self._taken[id] = entry
        if kind is Kind.RADIATOR and "dwelling" not in values and "dwelling" not in entry.refused:
            message = f"radiator '{id}' is in no dwelling"
            return entry.place("dwelling").problem("no-dwelling", message, "fill in the dwelling")
        return Placed(entry, self._site.id, id, kind, None, values)

    def _take(self, entry: Entry, values: Mapping[str, str], unit: Unit) -> Placed | Problem:
        if unit.id in self._taken:
            return self._twice(entry, unit.id, "unit" if "unit" in entry.values else "id")
        named = kind_named(entry.values.get("kind", "")) or unit.kind
        if named is not unit.kind:
            message = f"'{unit.name}' is declared as a {unit.kind}, here it is a {named}"
            return entry.place("kind").problem("kind-differs", message, "correct the row, or the inventory by hand")
        self._taken[unit.id] = entry
        return Placed(entry, self._site.id, unit.id, unit.kind, unit, values)

    def _twice(self, entry: Entry, id: str, key: str) -> Problem:
        first = self._taken[id]
        message = f"unit '{id}' stands in row {first.row} already"
        return entry.place(key).problem("unit-twice", message, "keep one of the two rows")


def _identity(values: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(key, comparable(key, values[key])) for key in _IDENTITY if values.get(key)]


def comparable(key: str, value: str) -> str:
    """Return a normalised value so that two spellings of the same are equal."""
    if key == "serial":
        return normal_serial(value)
    return value.lower() if key == "port" else value


def _fits(unit: Unit, values: Mapping[str, str]) -> bool:
    """Say whether a row may speak of a unit: it names no other place."""
    places = ((unit.dwelling, values.get("dwelling")), (unit.room, values.get("room")), (unit.loop, values.get("loop")))
    return all(not said or said == declared for declared, said in places)


def _kind(entry: Entry, values: Mapping[str, str]) -> Kind | Problem:
    written = entry.values.get("kind", "")
    kind = kind_named(written)
    if written and kind is None:
        hint = "write radiator, boiler or gateway (radiateur, chaudière, passerelle)"
        return entry.place("kind").problem("unknown-kind", f"'{written}' is no kind of unit", hint)
    if kind is not None:
        return kind
    if values.get("dwelling"):
        return Kind.RADIATOR
    return Kind.BOILER if values.get("loop") else Kind.GATEWAY if values.get("uplink_address") else Kind.RADIATOR
