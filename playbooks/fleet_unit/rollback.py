"""The effect `roll-back`: the config before the last `configure` becomes the active one again."""

from __future__ import annotations

from fleet_unit.active import differing_from, pointed, previous
from fleet_unit.change import open_change, restore
from fleet_unit.configure import check, switch, why_of
from fleet_unit.endings import Ended, Refused, RolledBack
from fleet_unit.files import read_document, remove
from fleet_unit.hooks import HookFailed
from fleet_unit.journal import Journal, Step
from fleet_unit.paths import CHANGE, KEPT, REBOOT_NEEDED, TREES
from fleet_unit.system import boot_id, booted_slot
from fleet_unit.trees import damaged, manifest, services_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fleet_unit.kinds import Document


def roll_back(step: Step, journal: Journal) -> str:
    """Leave the config of the step's digest for the one before it; where another one is active, nothing is to be done.

    The config before was active and confirmed once, so it waits for no confirmation: nobody could give it to a unit
    that the newer one has made unreachable.

    Raises:
        Refused: if there is nothing to go back to; nothing was changed.
        Ended: if the config before could not be taken; the newer one is still active.
    """
    waiting, slot = read_document(CHANGE), booted_slot()
    if waiting and waiting["digest"] == step.digest:
        return restore(waiting, "the config before is back, before the newer one was confirmed", journal)
    if waiting:
        raise Refused(f"config {waiting['digest'][:12]} waits for its confirmation; try again when that is over")
    active = manifest(pointed(slot))["digest"]
    if active != step.digest:
        return f"config {step.digest[:12]} is not active, {active[:12] or 'none'} is"
    last, name = read_document(KEPT + slot), previous(slot)
    wanted = manifest(name)
    _refuse_if_missing(name, wanted)
    said = _go_back(step, name, wanted, journal)
    if last["boot_id"] == boot_id() and not last["reboot_needed"]:
        remove(REBOOT_NEEDED)  # what needs a reboot has not had one since, so it is as it was
    return f"config {wanted['digest'][:12]} is back: {said}"


def _refuse_if_missing(name: str, wanted: Document) -> None:
    if not name:
        raise Refused("there is no config before this one to go back to")
    wrong = damaged(f"{TREES}/{name}/tree", wanted)
    if wrong or not wanted["digest"]:
        raise Refused(f"the config before this one is damaged: {', '.join(wrong) or 'it is not there any more'}")


def _go_back(step: Step, name: str, wanted: Document, journal: Journal) -> str:
    differing = differing_from(wanted)
    try:
        check(name, wanted, differing)
        to = step._replace(digest=wanted["digest"])
        change = open_change(to, name, services_of(differing), confirm=False, back=True)
    except (OSError, HookFailed) as error:
        raise Refused(f"nothing was changed: {why_of(error)}") from error
    try:
        return switch(change, wanted, journal)
    except RolledBack as end:
        raise Ended(f"the config before could not be taken, the newer one is active: {end}") from end
