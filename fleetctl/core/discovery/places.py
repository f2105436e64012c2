"""Whether machines stand where they belong: by the switch port that they hang on, and by the address they answer at.

A machine gets its address by its MAC, so the port says more: it alone shows two machines that hang in each other's
places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fleetctl.core.discovery.cycles import cycles
from fleetctl.core.discovery.finding import Code, Finding
from fleetctl.core.discovery.joining import Machine
from fleetctl.core.discovery.roster import Roster, addresses_of
from fleetctl.core.discovery.sighting import SwitchPort


@dataclass(frozen=True, slots=True)
class _Off:
    """A machine that is not where its unit is.

    Attributes:
        seen: where it is, in words.
        declared: where it belongs.
        place: the unit whose place it is at; None if it is nobody's.
    """

    unit: str
    machine: Machine
    seen: str
    declared: str
    place: str | None


def misplaced(own: Mapping[str, Machine], roster: Roster) -> Iterator[Finding]:
    """Yield what is not in its place.

    Args:
        own: of each unit the one machine that is known to be its own.
        roster: what is declared.
    """
    by_port = {name: off for name, machine in own.items() if (off := _off_port(name, machine, roster))}
    by_address = {name: off for name, machine in own.items() if (off := _off_address(name, machine, roster))}
    told: set[str] = set()
    for offs, code in ((by_port, Code.WRONG_PORT), (by_address, Code.WRONG_ADDRESS)):
        moved = {name: off.place for name, off in offs.items() if off.place is not None and name not in told}
        rounds = cycles(moved)
        yield from (_swapped(round_, offs) for round_ in rounds)
        told.update(name for round_ in rounds for name in round_)
        yield from (_misplaced(off, code, own) for name, off in offs.items() if name not in told)


def unheard_switches(own: Mapping[str, Machine], roster: Roster) -> Iterator[Finding]:
    """Yield a note for each switch that machines hang on and no declared port names."""
    heard: dict[str, list[str]] = {}
    for name, machine in own.items():
        for port in machine.heard_on:
            if not roster.knows_switch(port) and roster.units[name].port:
                heard.setdefault(port.switch, []).append(name)
    for switch, units in sorted(heard.items()):
        message = f"switch '{switch}' is in no declared port, so the ports of {len(units)} machines on it say nothing"
        hint = f"name it in the units' 'port', or call the switch what they say (such as {roster.units[units[0]].port})"
        yield Finding(Code.UNKNOWN_SWITCH, tuple(sorted(units)), message, hint)


def _off_port(name: str, machine: Machine, roster: Roster) -> _Off | None:
    """Return where a machine hangs, if that can be compared and is not where it belongs."""
    declared = roster.units[name].port
    heard = [port for port in machine.ports if roster.knows_switch(port)]
    if not declared or not heard or any(_is(port, name, roster) for port in heard):
        return None
    places = {unit.name for port in heard if (unit := roster.by_port(port)) is not None}
    place = places.pop() if len(places) == 1 else None
    return _Off(name, machine, f"on {' and '.join(map(str, heard))}", declared, place)


def _is(port: SwitchPort, name: str, roster: Roster) -> bool:
    place = roster.by_port(port)
    return place is not None and place.name == name


def _off_address(name: str, machine: Machine, roster: Roster) -> _Off | None:
    """Return where a machine answers, if that is nowhere that it is declared to be."""
    declared = addresses_of(roster.units[name])
    if not machine.addresses or set(declared) & set(machine.addresses):
        return None
    places = {unit.name for address in machine.addresses if (unit := roster.by_address(address)) is not None}
    # A machine on its own port stands where it belongs, whatever address it has: it is configured for another place.
    stands = any(_is(port, name, roster) for port in machine.ports)
    place = places.pop() if len(places) == 1 and not stands else None
    return _Off(name, machine, f"at {' and '.join(machine.addresses)}", " or ".join(declared), place)


def _swapped(round_: tuple[str, ...], offs: Mapping[str, _Off]) -> Finding:
    each = "each other's places" if len(round_) == 2 else "one another's places"
    where = ", ".join(f"{offs[name].machine} is {offs[name].seen} where {offs[name].place} belongs" for name in round_)
    names = f"{', '.join(round_[:-1])} and {round_[-1]}"
    message = f"the machines of {names} stand in {each}: {where}"
    hint = "put each where it belongs, or declare them where they stand"
    hint += f": 'fleetctl unit swap {round_[0]} --with {round_[1]}'" if len(round_) == 2 else ""
    evidence = tuple(line for name in round_ for line in offs[name].machine.evidence)
    return Finding(Code.SWAPPED, tuple(sorted(round_)), message, hint, evidence)


def _misplaced(off: _Off, code: Code, own: Mapping[str, Machine]) -> Finding:
    place = f", where {off.place} belongs" if off.place else ""
    message = f"{off.unit}: its machine is {off.seen}{place}; declared is {off.declared}"
    if code is Code.WRONG_PORT:
        hint = "plug it in where it is declared, or correct 'port' in the inventory"
    else:
        hint = "it may still be booting from the network; if it is configured for another place, image it again"
    if off.place and off.place not in own:
        hint += f"; the machine of {off.place} was not met"
    return Finding(code, (off.unit,), message, hint, off.machine.evidence)
