"""A change, from before the flip to its confirmation: whoever finds it open takes it back."""

from __future__ import annotations

import os
import time

from fleet_unit.active import point, pointed, settle
from fleet_unit.endings import Ended
from fleet_unit.files import dump, read_document, remove, replace_file, sync_directory
from fleet_unit.hooks import objection
from fleet_unit.journal import CUT, Journal, Step
from fleet_unit.lock import Lock
from fleet_unit.outcome import outcome, record
from fleet_unit.paths import CHANGE, KEPT, REBOOT_NEEDED, STATE
from fleet_unit.space import despite_full_disk
from fleet_unit.system import boot_id, booted_slot, reboot_needed
from fleet_unit.trees import manifest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fleet_unit.kinds import Document


def open_change(step: Step, name: str, services: list[str], timeout_s: float = 0.0, **more: object) -> Document:
    """Write down what is about to change and how to take it back, before anything changes.

    Args:
        step: that changes it.
        name: of the tree that is to be active.
        services: that take the change, and would take it back.
        timeout_s: how long a confirmation is waited for.
        more: `confirm`: it waits for a confirmation; `back`: it goes back to the config before. What else is given
            stands in the place of what is so now.
    """
    slot = booted_slot()
    change = {
        "state": "applying",
        "epoch": step.epoch,
        "attempt": step.attempt,
        "step": step.number,
        "digest": step.digest,
        "name": name,
        "previous": pointed(slot),
        "slot": slot,
        "services": services,
        "boot_id": boot_id(),
        "deadline_s": time.monotonic() + timeout_s,
        "timeout_s": timeout_s,
        "reboot_needed": reboot_needed(),
        "connection": os.environ.get("SSH_CONNECTION", ""),
        **more,
    }
    replace_file(CHANGE, dump(change))
    return change


def keep(change: Document) -> None:
    """End a change for good, in one step. It is put away, because a roll-back needs to know what was before it."""
    if manifest(change["previous"])["digest"] == change["digest"]:
        remove(CHANGE)  # a repair; what was before the config that it repaired is known already
        return
    os.rename(CHANGE, KEPT + change["slot"])
    sync_directory(STATE)


def restore(change: Document, why: str, journal: Journal, *, by: str = "rollback", reload: bool = True) -> str:
    """Bring back what was before a change; return the reason, with what else went wrong.

    The record comes before the end of the change: a cut between them repeats the restoration, and forgets nothing.
    """
    despite_full_disk(point, change["slot"], change["previous"])
    despite_full_disk(settle)
    if not change["reboot_needed"]:
        remove(REBOOT_NEEDED)
    objections = [objection(s, "reload", private=True) for s in (change["services"] if reload else ())]
    message = "; with it, ".join([why, *filter(None, objections)])
    step = Step(by, change["epoch"], change["attempt"], change["step"], change["digest"])
    result = outcome(step, "failed" if by == CUT else "rolled_back", message)
    despite_full_disk(journal.append, record(step, {**result, "unconfirmed": ""}))
    despite_full_disk(remove, CHANGE)
    return message


def recover(journal: Journal, *, at_boot: bool = False) -> str:
    """Take back what was cut short or never confirmed; return what was done, empty if there was nothing to do."""
    change = read_document(CHANGE)
    if change.get("state") == "applying":
        return restore(change, "it was cut short, the old config is back", journal, by=CUT, reload=not at_boot)
    if change and (at_boot or change["boot_id"] != boot_id() or time.monotonic() >= change["deadline_s"]):
        why = f"no confirmation within {change['timeout_s']:g} s" if not at_boot else "it booted before a confirmation"
        return restore(change, f"{why}, the old config is back", journal, reload=not at_boot)
    return ""


def guard(name: str, deadline_s: float) -> None:
    """Wait for a change's end; take it back if nobody confirmed it in time (a process of its own)."""
    while read_document(CHANGE).get("name") == name:
        if time.monotonic() < deadline_s:
            time.sleep(min(0.5, max(0.01, deadline_s - time.monotonic())))
            continue
        try:
            with Lock():
                if read_document(CHANGE).get("name") == name:
                    recover(Journal())
        except Ended:
            continue  # the lock was held too long: the change is still there
