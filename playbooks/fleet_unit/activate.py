"""Which slot starts next: made so by RAUC right before a reboot, refused where it could not be a system."""

from __future__ import annotations

from fleet_unit.endings import Ended, Refused
from fleet_unit.files import dump, read_document, replace_file
from fleet_unit.paths import INSTALLED
from fleet_unit.programs import program, run
from fleet_unit.slots import ask, by_name, slots
from fleet_unit.system import boot_id, booted_slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fleet_unit.journal import Step
    from fleet_unit.kinds import Document

MARK_TIMEOUT_S = 30.0


def activate(slot: str, step: Step) -> None:
    """Let a slot be the one that starts next, and remember that it is tried, and for which step.

    Raises:
        Refused: if it holds no system that was installed completely, or one that was tried and did not boot.
        Ended: if RAUC does not activate it.
    """
    told = read_document(INSTALLED)
    reason = objection(slot, slots()["states"], told)
    if reason:
        raise Refused(reason)
    if slot != told.get("slot") or slot == booted_slot():
        mark("mark-active", slot)
        return
    trial = {**told, "tried_in": "", "before": booted_slot(), "good": False, "step": step[1:4]}
    replace_file(INSTALLED, dump(trial))  # first, so that the slot knows that it is on trial
    mark("mark-active", slot)
    replace_file(INSTALLED, dump({**trial, "tried_in": boot_id()}))


def objection(slot: str, states: Document, told: Document) -> str:
    """Return why a slot cannot be activated; empty if it can.

    Args:
        slot: its boot name.
        states: of all slots, by RAUC. One that was just written is bad until it is activated.
        told: of the slot that was written last.
    """
    if slot not in states:
        return f"RAUC knows no slot {slot}"
    if slot in (booted_slot(), told.get("before")):
        return ""
    if slot != told.get("slot"):
        return "" if states[slot] == "good" else f"slot {slot} is bad"
    if not told["done"]:
        return f"slot {slot} was not completely installed: {told['failure'] or 'the installation did not end'}"
    return f"slot {slot}: {told['failure']}" if told["failure"] else ""


def mark(how: str, slot: str) -> None:
    """Let RAUC mark a slot.

    Raises:
        Ended: if it does not.
    """
    names = [name for name, about in by_name(ask()).items() if about.get("bootname") == slot]
    code, said = run([program("rauc"), "status", how, *names[:1]], MARK_TIMEOUT_S)
    if code != 0 or not names:
        raise Ended(f"RAUC did not {how} slot {slot}: {said[-200:] or 'it does not say why'}")


def note_good() -> None:
    """Note that the slot which was tried is good."""
    told = read_document(INSTALLED)
    if told.get("slot") == booted_slot() and not told.get("good", True):
        replace_file(INSTALLED, dump({**told, "good": True}))


def is_on_trial() -> bool:
    """Say whether the booted slot is one that was activated and never was good."""
    told = read_document(INSTALLED)
    return told.get("slot") == booted_slot() and told.get("good") is False
