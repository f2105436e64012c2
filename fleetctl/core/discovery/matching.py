"""Holds what was seen against what is declared.

What counts: nobody is called swapped who is not part of a closed round of places, each proved by a machine whose serial
or MAC is known; where two sources differ, both are shown; and whose gateway could not look is not called missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fleetctl.core.discovery import doubts, places
from fleetctl.core.discovery.finding import Code, Discovery, Finding, Met, Presence
from fleetctl.core.discovery.joining import Machine, join
from fleetctl.core.discovery.roster import Roster
from fleetctl.core.discovery.sighting import Survey
from fleetctl.core.discovery.who import Known, Whose, whose

_WORST = (
    (Code.CLAIMED_TWICE, Presence.CLAIMED_TWICE),
    (Code.DUPLICATE_MAC, Presence.CLAIMED_TWICE),
    (Code.WRONG_IDENTITY, Presence.WRONG_IDENTITY),
    (Code.SWAPPED, Presence.SWAPPED),
    (Code.WRONG_PORT, Presence.WRONG_PORT),
    (Code.WRONG_ADDRESS, Presence.WRONG_ADDRESS),
)
_ORDER = {code: number for number, code in enumerate(Code)}


@dataclass(frozen=True, slots=True)
class _Seen:
    """The machines, each with whose it is."""

    judged: Sequence[tuple[Machine, Whose]]

    def of_units(self) -> dict[str, list[Machine]]:
        """Return the machines that are known to be a unit's, by the unit."""
        found: dict[str, list[Machine]] = {}
        for machine, of in self.judged:
            if isinstance(of, Known):
                found.setdefault(of.unit, []).append(machine)
        return found


def match(site: str, roster: Roster, survey: Survey, *, at: datetime, by: str) -> Discovery:
    """Return what a survey of a site comes to.

    Args:
        site: its id.
        roster: what is declared.
        survey: what was seen.
        at: when.
        by: from where: `gateway` or `here`.
    """
    judged = [(machine, whose(machine, roster)) for machine in join(survey.sightings)]
    # What says that it is a switch is believed only if it is no unit's: nobody hides a machine by a frame.
    seen = _Seen([(machine, of) for machine, of in judged if of is not None or not machine.is_switch])
    claimed = seen.of_units()
    own = {name: machines[0] for name, machines in claimed.items() if len(machines) == 1 and name in roster.units}
    awake = {name: machine for name, machine in own.items() if machine.is_awake}
    unknown = tuple(machine for machine, of in seen.judged if of is None)
    found = [
        *doubts.claimed_twice(claimed),
        *doubts.wrong_identities(seen.judged),
        *doubts.from_elsewhere(claimed, roster),
        *doubts.differing_sources([machine for machine, _ in seen.judged]),
        *doubts.not_declared(seen.judged, roster),
        *places.misplaced(awake, roster),
        *places.unheard_switches(awake, roster),
    ]
    standings = _standings(roster, survey, awake, found)
    found += _missing(standings, own, roster)
    found += doubts.unknown(unknown, roster, {name for name, of in standings.items() if of is Presence.MISSING})
    met = tuple(Met(name, standing, awake.get(name)) for name, standing in standings.items())
    here = tuple((port, unit.name if (unit := roster.by_port(port)) else "") for port in survey.own_ports)
    return Discovery(site, at, by, met, unknown, _in_order(found), survey.gaps, here)


def _standings(
    roster: Roster, survey: Survey, awake: Mapping[str, Machine], found: Iterable[Finding]
) -> dict[str, Presence]:
    """Return how each unit of the site stands, in the inventory's order."""
    worst: dict[str, Presence] = {}
    by_code = {code: {name for each in found if each.code is code for name in each.units} for code, _ in _WORST}
    for name, unit in roster.units.items():
        bad = next((standing for code, standing in _WORST if name in by_code[code]), None)
        hidden = f"{unit.site}/{unit.gateway or unit.id}" in survey.blind
        absent = Presence.NOT_LOOKED_FOR if hidden else Presence.MISSING
        worst[name] = bad or (Presence.PRESENT if name in awake else absent)
    return worst


def _missing(standings: Mapping[str, Presence], own: Mapping[str, Machine], roster: Roster) -> Iterator[Finding]:
    for name, standing in standings.items():
        if standing is not Presence.MISSING:
            continue
        unit, asleep = roster.units[name], own.get(name)
        leased = f"; {asleep.trace}, and it does not answer" if asleep else ""
        known = bool(unit.serial or unit.mac)
        message = f"{name}: its machine was not met{leased}" if known else f"{name}: no machine is declared for it yet"
        plugged = f" on {unit.port}" if unit.port else ""
        hint = f"is it on, and plugged in{plugged}?" if known else "declare its serial and MAC when it is delivered"
        yield Finding(Code.MISSING, (name,), message, hint, asleep.evidence if asleep else ())


def _in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(found, key=lambda each: (_ORDER[each.code], each.units, each.message)))
