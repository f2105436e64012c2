"""The effect `install`: a staged bundle is written to the slot that is not booted, by RAUC. Nothing is activated."""

from __future__ import annotations

from fleet_unit.activate import is_on_trial
from fleet_unit.endings import Refused
from fleet_unit.files import dump, replace_file
from fleet_unit.journal import Journal, Step
from fleet_unit.lock import is_held
from fleet_unit.paths import INSTALLED, INSTALLING
from fleet_unit.programs import detach, myself
from fleet_unit.rauc import refuse_foreign
from fleet_unit.slots import ask, slots
from fleet_unit.staging import give_config, holds, other_slot
from fleet_unit.system import booted_slot
from fleet_unit.update import begun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def install(sha256: str, version: str) -> Callable[[Step, Journal], str]:
    """Return the effect that starts to write a staged bundle of a version to the other slot."""

    def effect(_: Step, __: Journal) -> str:
        slot = other_slot()
        if holds(slot, sha256):
            give_config(slot)
            return f"is in slot {slot} already"
        _refuse_in_the_midst()
        _refuse_without_a_way_back()
        refuse_foreign(sha256, version, str(ask().get("compatible")), "this unit")
        replace_file(INSTALLED, dump(begun(sha256=sha256, version=version, slot=slot, done=False)))
        give_config(slot)
        detach(myself("write-slot", sha256))
        return f"started, slot {slot} is written"

    return effect


def _refuse_in_the_midst() -> None:
    if is_held(INSTALLING):
        raise Refused("another bundle is being installed; try again when that is over")


def _refuse_without_a_way_back() -> None:
    """Refuse to write over the slot that a booted one, which is still on trial, would fall back to.

    Boot loaders differ: with some a slot on trial is bad until it is marked good, with others it is good until it has
    been tried too often.
    """
    if is_on_trial() or slots()["states"].get(booted_slot()) != "good":
        raise Refused(f"slot {booted_slot()} is booted and was not marked good yet: the other one is the way back")
