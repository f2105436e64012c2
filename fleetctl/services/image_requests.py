"""Ask for units to be imaged, and conclude what a lost word left open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from fleetctl.core.imaging import desk
from fleetctl.core.imaging.claim import Mistaken, Register, undeclared
from fleetctl.core.imaging.desk import Answer, Given, TurnedAway
from fleetctl.core.imaging.record import Imaging, Stage, Stranger
from fleetctl.core.inventory.fleet import Unit
from fleetctl.core.problems import CouldNot, Problem, refuse
from fleetctl.core.route import Pin
from fleetctl.ports import State
from fleetctl.services.marks import refused

SILENT = timedelta(seconds=60)
"""An enrolled machine that says nothing for so long has perhaps started from its disk, and its last word was lost."""


def request(state: State, units: Sequence[Unit], actor: str, at: datetime, *, again: bool) -> list[Imaging]:
    """Ask for units to be imaged when their machines next boot from the network.

    Args:
        state: where it is remembered.
        units: that are declared.
        actor: who asks.
        at: now.
        again: units that have a host key may be wiped.

    Raises:
        InvalidInput: with every unit that cannot be imaged, and why; nothing is asked for then.
    """
    problems = list(_problems(state, units, again))
    refuse(problems)
    asked = [desk.request(unit.name, actor, at) for unit in units]
    for given in asked:
        state.imaging.change(given.record.unit, partial(_instead, given), at)
    return [given.record for given in asked]


def withdraw(state: State, units: Sequence[Unit], actor: str, at: datetime) -> list[str]:
    """Take requests back; returns the units that had one. A disk that is half written stays so."""
    answers = {
        unit.name: state.imaging.change(unit.name, lambda record: desk.withdraw(record, actor, at), at)
        for unit in units
    }
    return [name for name, answer in answers.items() if isinstance(answer, Given)]


def unknown(state: State, register: Register) -> list[tuple[Stranger, str]]:
    """Return the machines that are nobody's as things are declared now, the newest last, each with the reason."""
    found = []
    for stranger in state.imaging.strangers():
        unit = register.unit_of(stranger.claim)
        if isinstance(unit, Mistaken):
            found.append((stranger, unit.reason))
    return found


def conclude(state: State, offered: Callable[[str], Sequence[Pin]], at: datetime) -> list[Imaging]:
    """Conclude units whose machines enrolled, fell silent, and answer SSH with the enrolled key.

    Args:
        state: what is remembered.
        offered: returns the host keys that a unit proves to have; raises CouldNot if it cannot be reached.
        at: now.
    """
    records: Mapping[str, Imaging] = state.imaging.records()
    silent = [r for r in records.values() if r.stage is Stage.ENROLLED and at - r.at >= SILENT]
    answers = [
        state.imaging.change(record.unit, _concluding(record, at), at) for record in silent if _proves(record, offered)
    ]
    return [answer.record for answer in answers if isinstance(answer, Given)]


def _instead(given: Given, _: Imaging | None) -> Answer:
    return given


def _concluding(seen: Imaging, at: datetime) -> Callable[[Imaging | None], Answer]:
    return lambda record: desk.concluded(seen, at) if record == seen else TurnedAway("it has gone on meanwhile")


def _proves(record: Imaging, offered: Callable[[str], Sequence[Pin]]) -> bool:
    try:
        return any(f"{pin.key_type} {pin.key}" == record.host_key for pin in offered(record.unit))
    except CouldNot:
        return False


def _problems(state: State, units: Sequence[Unit], again: bool) -> Iterator[Problem]:
    pins, working, left_alone = state.units.pins(), under_way(state), refused(state, [unit.name for unit in units])
    for unit in units:
        if unit.name in left_alone:
            yield Problem("left-alone", f"{unit.name} cannot be imaged: {left_alone[unit.name]}")
        elif lacks := undeclared(unit):
            yield Problem("not-imageable", f"{unit.name} cannot be imaged: {lacks}", hint="read them off its label")
        elif not unit.release:
            message = f"{unit.name} cannot be imaged: no release is declared for it"
            yield Problem("no-release", message, hint="promote one to its channel, or declare its own")
        elif unit.name in working:
            hint = f"'fleetctl rollout show {working[unit.name]}'"
            yield Problem("in-rollout", f"{unit.name} is at work in rollout {working[unit.name]}", hint=hint)
        elif unit.name in pins and not again:
            message = f"{unit.name} has a host key: imaging wipes its machine and makes a new one"
            yield Problem("has-host-key", message, hint="'fleetctl unit reimage' if you mean it")


def under_way(state: State) -> dict[str, str]:
    """Return the units that a rollout has begun with and not ended, with its id."""
    running = [rollout.id for rollout in state.journal.rollouts(active=True)]
    return {
        row.unit: rollout
        for rollout in running
        for row in state.journal.progress(rollout)
        if not row.phase.is_end and row.phase.value != "pending"
    }
