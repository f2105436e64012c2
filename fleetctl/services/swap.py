"""Swap machines: a new one in an old place, or two that exchange theirs.

The place keeps its name, its address and its history; what belongs to a machine (serial, MAC, host key, marks) goes
with the machine. The inventory's file is edited where the values stand; the ledger tells who put which machine where.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fleetctl.core.commissioning.ledger import Draft
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.standing import REASON, SERIAL, machine
from fleetctl.core.commissioning.undoing import effective
from fleetctl.core.inventory.declared.quantities import SERIAL as SERIAL_FORM
from fleetctl.core.inventory.edit import Put
from fleetctl.core.inventory.fleet import Fleet, Unit
from fleetctl.core.mac import MAC, normal_mac
from fleetctl.core.problems import CouldNot, InvalidInput, Problem, errors
from fleetctl.core.route import Pin
from fleetctl.ports import FleetFiles, SiteCache, State
from fleetctl.services.load import examine
from fleetctl.services.site_edits import Edited, EditedFiles, Editor, home_of

Write = Callable[[Mapping[str, tuple[bytes, bytes]]], None]
"""Replaces what files hold (before, after), all of them or none."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """What belongs to the machine at a place."""

    serial: str
    mac: str = ""


@dataclass(frozen=True)
class Desk:
    """What a swap is done with."""

    files: FleetFiles
    cache: SiteCache
    edit: Editor
    write: Write
    state: State


@dataclass(frozen=True, slots=True)
class Person:
    """Who swaps, when and why."""

    actor: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Swapped:
    """What a swap came to.

    Attributes:
        units: whose machines are others now, each with the serial before and after.
        files: that were edited.
        believed: serials of machines that are gone and whose certificates still hold.
    """

    units: Mapping[str, tuple[str, str]]
    files: tuple[str, ...]
    believed: tuple[str, ...] = ()


def put_in(desk: Desk, fleet: Fleet, unit: Unit, new: Ownership, person: Person) -> Swapped:
    """Put a new machine in an old place.

    Raises:
        InvalidInput: with everything that is wrong with the new machine, or would be with the fleet.
    """
    _refuse_malformed(unit, new, _there(desk.state, [unit])[unit.name])
    mac = normal_mac(new.mac) if new.mac else ""
    done = _swap(desk, fleet, {unit.name: Ownership(new.serial, mac)}, {unit.name: ()}, person)
    gone, _ = done.units[unit.name]
    held = desk.state.registry.certificates(serial=gone) if gone else ()
    still = any(certificate.holds(person.at) for certificate in held)
    return replace(done, believed=(gone,) if still else ())


def exchange(desk: Desk, fleet: Fleet, one: Unit, other: Unit, person: Person) -> Swapped:
    """Declare two machines where they stand: each in the other's place.

    Raises:
        InvalidInput: if that cannot be: the units are one, of two sites, or of two models.
    """
    problems = _not_exchangeable(one, other)
    if problems:
        raise InvalidInput(problems)
    pins = desk.state.units.pins([one.name, other.name])
    there = _there(desk.state, [one, other])
    owns = {one.name: Ownership(other.serial, other.mac), other.name: Ownership(one.serial, one.mac)}
    if (there[one.name], there[other.name]) == (other.serial, one.serial):  # a cut came after the file was written
        owns = {unit.name: Ownership(unit.serial, unit.mac) for unit in (one, other)}
    keys = {one.name: pins.get(other.name, ()), other.name: pins.get(one.name, ())}
    return _swap(desk, fleet, owns, keys, person)


def _swap(
    desk: Desk, fleet: Fleet, owns: Mapping[str, Ownership], pins: Mapping[str, tuple[Pin, ...]], person: Person
) -> Swapped:
    """Check everything, then write: who was there, the files, who is there now, the pins.

    Asked again after a cut, it does what is left to do: what the ledger and the files say tells how far it came.
    """
    before = {name: fleet.by_name[name] for name in owns}
    edited = _edited(desk, before.values(), owns)
    _check(desk, edited, owns)
    there = _there(desk.state, before.values())
    declared = [_installed(unit, unit.serial, person, by="inventory") for unit in before.values() if unit.serial]
    desk.state.ledger.append([draft for draft in declared if not there[draft.subject]])
    changed = {
        one.source.path: (one.source.content, one.content) for one in edited if one.source.content != one.content
    }
    desk.write(changed)
    was = {name: there[name] or unit.serial for name, unit in before.items()}
    desk.state.ledger.append([_put(before[name], own, was[name], person) for name, own in owns.items()])
    reason = f"swap: {person.reason}" if person.reason else "swap"
    desk.state.units.pin(pins, actor=person.actor, at=person.at, why=reason)
    return Swapped({name: (was[name], own.serial) for name, own in owns.items()}, tuple(changed))


def _edited(desk: Desk, units: Iterable[Unit], owns: Mapping[str, Ownership]) -> list[Edited]:
    sites = desk.files.sites()
    puts: dict[str, list[Put]] = defaultdict(list)
    sources = {}
    for unit in units:
        own = owns[unit.name]
        values = {"serial": own.serial, **({"mac": own.mac} if own.mac else {})}
        put = Put(f"{unit.kind.value}s", unit.id, values)
        source = home_of(sites[unit.site], desk.files)(put)
        sources[source.path] = source
        puts[source.path].append(put)
    return [Edited(source, desk.edit(source, puts[path])) for path, source in sources.items()]


def _check(desk: Desk, edited: Sequence[Edited], owns: Mapping[str, Ownership]) -> None:
    after = examine(EditedFiles(desk.files, edited), desk.cache)
    problems = errors(after.problems)
    if problems or after.fleet is None:
        raise InvalidInput(problems or after.problems)
    for name, own in owns.items():
        unit = after.fleet.by_name[name]
        if (unit.serial, unit.mac) != (own.serial, own.mac):
            hint = "nothing was changed; change its serial and MAC by hand"
            raise CouldNot(f"{name}: the site's file cannot be edited in place", hint=hint)


def _there(state: State, units: Iterable[Unit]) -> dict[str, str]:
    """Return the serial of the machine that the ledger knows at each unit; empty if nobody has told it of one."""
    asked = list(units)
    known = {site: state.ledger.entries(site) for site in {unit.site for unit in asked}}
    about = {unit.name: [entry for entry in known[unit.site] if entry.draft.subject == unit.name] for unit in asked}
    return {name: machine(effective(entries))[0] for name, entries in about.items()}


def _put(unit: Unit, own: Ownership, before: str, person: Person) -> Draft:
    said = {REASON: person.reason} if person.reason else {}
    return _installed(unit, own.serial, person, by="swap", mac=own.mac, before=before, **said)


def _installed(unit: Unit, serial: str, person: Person, **more: str) -> Draft:
    detail = {SERIAL: serial, **more}
    return Draft(unit.site, unit.name, Stage.INSTALLED, Outcome.DONE, person.actor, person.at, detail)


def _refuse_malformed(unit: Unit, new: Ownership, there: str) -> None:
    problems = []
    if SERIAL_FORM.fullmatch(new.serial) is None:
        hint = "write it as on the label"
        problems.append(Problem("bad-serial", f"'{new.serial}' is not a serial number", hint=hint))
    if new.mac and MAC.fullmatch(new.mac) is None:
        hint = "write six pairs such as 02:00:5e:10:00:01"
        problems.append(Problem("bad-mac", f"'{new.mac}' is not a MAC address", hint=hint))
    if unit.mac and not new.mac:
        hint = "name the new machine's with --mac; it is on the label, and 'fleetctl discover' shows it"
        problems.append(Problem("no-mac", f"{unit.name}: {unit.mac} is the MAC of the machine before", hint=hint))
    if new.serial == unit.serial and there in ("", new.serial) and not problems:
        hint = f"'fleetctl unit adopt {unit.name} --fingerprint SHA256:…' trusts it again after it was imaged by hand"
        problems.append(Problem("same-machine", f"{unit.name}: {new.serial} is its machine already", hint=hint))
    if problems:
        raise InvalidInput(problems)


def _not_exchangeable(one: Unit, other: Unit) -> list[Problem]:
    if one.name == other.name:
        return [Problem("same-unit", f"{one.name} cannot be swapped with itself", hint="name the other one")]
    if one.site != other.site:
        hint = f"move them one by one: 'fleetctl unit swap {one.name} --serial {other.serial or 'SERIAL'}'"
        return [Problem("other-site", f"{one.name} and {other.name} are of two sites", hint=hint)]
    if one.model != other.model:
        fact = f"{one.name} is a {one.model}, {other.name} a {other.model}"
        return [Problem("other-model", f"{fact}: they cannot be exchanged", hint="correct the models first")]
    hint = "declare it first: 'fleetctl inventory import', or in the site's file"
    lacking = [(unit, key) for unit in (one, other) for key in ("serial", "mac") if not getattr(unit, key)]
    return [Problem(f"no-{key}", f"{unit.name}: its {key} is not declared", hint=hint) for unit, key in lacking]
