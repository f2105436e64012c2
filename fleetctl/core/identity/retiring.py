"""Take a machine out for good: what speaks against it, and how far an earlier try has come. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fleetctl.core.commissioning.ledger import Entry
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.inventory.fleet import Fleet, Unit
from fleetctl.core.problems import InvalidInput, Problem

WIPED = "wiped"
"""Key of the ledger's entry that undoes a registration: serial of the machine that forgot who it was."""
MOST_PERCENT = 5.0
"""Of the fleet's units that one `apply` retires at most, unless it is told otherwise."""


def with_serial(unit: Unit, told: str) -> Unit:
    """Return a unit with the serial that a person read off its machine, where the inventory has none.

    Raises:
        InvalidInput: if the inventory has another.
    """
    if told and unit.serial and told != unit.serial:
        message = f"{unit.name}: --serial says {told}, the inventory says {unit.serial}"
        raise InvalidInput([Problem("other-serial", message, hint="read the label again, or correct the inventory")])
    return replace(unit, serial=unit.serial or told)


def was_wiped(entries: Sequence[Entry], unit: Unit) -> bool:
    """Say whether an earlier try wiped the machine that should stand at a unit, and it was not registered since."""
    told = [e.draft for e in entries if (e.draft.subject, e.draft.stage) == (unit.name, Stage.REGISTERED)]
    told = [draft for draft in told if draft.outcome is not Outcome.NOTE]
    return bool(told) and told[-1].outcome is Outcome.UNDONE and told[-1].detail.get(WIPED) == unit.serial


def heat_left(fleet: Fleet, unit: Unit) -> str:
    """Return in words what heats the unit's dwelling or loop without it; empty for a unit that heats nothing."""
    place = unit.dwelling or unit.loop
    if not place:
        return ""
    sharing = [u for u in fleet.sites[unit.site].units.values() if place in (u.dwelling, u.loop)]
    left = [u for u in sharing if u.name != unit.name]
    watts = {u.name: fleet.models[u.model].power_w for u in sharing}
    keeps, whole = sum(watts[u.name] for u in left), sum(watts.values())
    return f"{place} keeps {len(left)} of {len(sharing)} units, {keeps:g} of {whole:g} W"


def refusal_of_number(orphaned: Sequence[str], allowed: int | None, declared: int, most_percent: float) -> str | None:
    """Return why orphaned units are not retired, in words; None if they may be.

    Args:
        orphaned: units that the state knows and the inventory does not.
        allowed: the number that the person expects, exactly; None if nobody spoke of it.
        declared: how many units the inventory has.
        most_percent: how many of those that were known may go at once, in percent.
    """
    if allowed is None:
        return None
    count = len(orphaned)
    if count != allowed:
        shown = ", ".join(orphaned[:5]) or "none"
        return f"--allow-retire says {allowed}, and {count} units are orphaned: {shown}"
    most = (declared + count) * most_percent / 100
    if count > max(1.0, most):
        return f"{count} of {declared + count} units are more than {most_percent:g} %"
    return None
