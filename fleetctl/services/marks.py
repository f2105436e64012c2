"""What marks of machines mean for everything else: nothing is planned for a quarantined or retired machine, nothing new
starts on it, and its mark's reason is what people read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from fleetctl.core.commissioning.ledger import Draft
from fleetctl.core.commissioning.lifecycle import Lifecycle, lifted, mark
from fleetctl.core.commissioning.marked import Marked
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.imaging.desk import Answer, FromDisk, withdraw
from fleetctl.core.imaging.record import Imaging
from fleetctl.core.imaging.record import Stage as ImagingStage
from fleetctl.core.names import split_unit_name
from fleetctl.core.plan import LeftOut, Plan
from fleetctl.core.problems import CouldNot, InvalidInput, Problem
from fleetctl.core.rollout.holds import Hold
from fleetctl.ports import State


def refused(state: State, units: Iterable[str]) -> Mapping[str, str]:
    """Return why nothing may be done to units, by the unit; units that something may be done to are not in it."""
    found = state.machines.marked(units)
    return {unit: reason for unit, of in found.items() if (reason := of.refusal) is not None}


def said_of(state: State, unit: str) -> Mapping[str, str]:
    """Return what was said of a unit's machine beside what was observed, by whoever said it; empty if nothing was.

    What an imaging server quarantined is quarantined for everybody who asks, before the ledger has it too.
    """
    mark, record = state.machines.marked([unit]).get(unit), state.imaging.records([unit]).get(unit)
    if mark is not None:
        return {"lifecycle": mark.lifecycle.value, "reason": mark.reason, "by": mark.actor}
    if record is not None and record.stage is ImagingStage.QUARANTINED:
        return {"lifecycle": Lifecycle.QUARANTINED.value, "reason": record.note, "by": "imaging"}
    return {}


def without_refused(made: Plan, state: State) -> Plan:
    """Leave out of a plan the units whose machines are quarantined or retired; that is why, whatever else there is."""
    about = [unit.unit for unit in made.units] + [out.unit for out in made.left_out]
    reasons = refused(state, about)
    if not reasons:
        return made
    kept = tuple(unit for unit in made.units if unit.unit not in reasons)
    others = [out for out in made.left_out if out.unit not in reasons]
    left_out = [*others, *(LeftOut(unit, None, reason) for unit, reason in reasons.items())]
    sites = {site: digest for site, digest in made.sites.items() if any(unit.site == site for unit in kept)}
    return replace(made, units=kept, sites=sites, left_out=tuple(sorted(left_out, key=lambda out: out.unit)))


def standing_holds(state: State) -> tuple[Hold, ...]:
    """Return the holds that people ordered, and one for each machine that is quarantined or retired."""
    marked = state.machines.marked().values()
    return (*state.orders.holds(), *(_hold(of) for of in marked if of.refusal is not None))


def quarantine(state: State, unit: str, reason: str, *, actor: str, at: datetime) -> Marked:
    """Leave a unit's machine alone until the quarantine is lifted.

    Raises:
        InvalidInput: if there is no reason.
        CouldNot: if it is quarantined already, or retired.
    """
    before = _marked(state, unit, reason)
    if before is not None and before.refusal is not None:
        raise CouldNot(f"{unit}: {before.refusal}")
    _append(state, unit, actor, at, mark(Lifecycle.QUARANTINED, reason))
    return state.machines.marked([unit])[unit]


def lift(state: State, unit: str, reason: str, *, actor: str, at: datetime) -> Marked:
    """End a unit's quarantine, an imaging server's with it; returns what it was.

    Raises:
        InvalidInput: if there is no reason.
        CouldNot: if it is not quarantined.
    """
    before = _marked(state, unit, reason)
    if before is None or before.lifecycle is not Lifecycle.QUARANTINED:
        standing = "it is not quarantined" if before is None else f"it is {before.lifecycle.value}"
        raise CouldNot(f"{unit}: {standing}", hint=f"'fleetctl unit show {unit}' tells how it stands")
    # first: a commissioning that found it in the records of imaging would mark it anew
    state.imaging.change(unit, partial(_let_go, actor=actor, at=at), at)
    _append(state, unit, actor, at, lifted(reason))
    return before


def _let_go(record: Imaging | None, actor: str, at: datetime) -> Answer:
    """End the quarantine of an imaging server, too, which says the same of the same machine; nothing else is ended."""
    if record is None or record.stage is not ImagingStage.QUARANTINED:
        return FromDisk("it was not quarantined while it was imaged")
    return withdraw(record, actor, at)


def _marked(state: State, unit: str, reason: str) -> Marked | None:
    if not reason.strip():
        hint = "say what was seen, for whoever finds it so: --reason '…'"
        raise InvalidInput([Problem("no-reason", f"{unit}: there is no reason", hint=hint)])
    return state.machines.marked([unit]).get(unit)


def _append(state: State, unit: str, actor: str, at: datetime, detail: Mapping[str, object]) -> None:
    site, _ = split_unit_name(unit)
    state.ledger.append([Draft(site, unit, Stage.DISCOVERED, Outcome.NOTE, actor, at, detail)])


def _hold(of: Marked) -> Hold:
    return Hold(0, of.unit, of.actor, f"{of.lifecycle.value}: {of.reason}", of.at)
