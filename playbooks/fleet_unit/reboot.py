"""The effects `activate-reboot` and `power-off`: recorded and answered first, done then."""

from __future__ import annotations

import os
import time

from fleet_unit.endings import Refused
from fleet_unit.files import read_document
from fleet_unit.journal import Journal, Step
from fleet_unit.lock import Lock, is_held
from fleet_unit.paths import CHANGE, INSTALLING, REGISTRATION
from fleet_unit.programs import detach, myself, program
from fleet_unit.system import booted_slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

REBOOT_DELAY_S = 2.0


def activate_reboot(slot: str) -> Callable[[Step, Journal], str]:
    """Return the effect that reboots after the answer is out, into a slot if one is named."""

    def effect(step: Step, _: Journal) -> str:
        refuse_reboot(slot)
        if slot:
            from fleet_unit.activate import activate

            activate(slot, step)
        detach(myself("delayed-reboot"))
        return f"reboots in {REBOOT_DELAY_S:.0f} s" + (f" into slot {slot}" if slot else "")

    return effect


def refuse_reboot(slot: str) -> None:
    """Refuse a reboot into a slot, empty for any, that would undo or break something.

    Raises:
        Refused: says what.
    """
    if read_document(CHANGE) and slot in ("", booted_slot()):
        raise Refused("a config waits for its confirmation; a reboot now would take it back")
    if is_held(INSTALLING):
        raise Refused("a slot is being written; a reboot now would leave it half done")
    if not program("reboot"):
        raise Refused("there is no 'reboot' on this unit")


def power_off(_: Step, __: Journal) -> str:
    """Go off for good after the answer is out; only a unit that is registered as nothing any more may."""
    registered = read_document(REGISTRATION).get("unit")
    if registered:
        raise Refused(f"it is registered as {registered}: 'wipe-identity' comes first")
    if not program("poweroff"):
        raise Refused("there is no 'poweroff' on this unit")
    detach(myself("delayed-power-off"))
    return f"goes off in {REBOOT_DELAY_S:.0f} s"


def delayed(name: str) -> None:
    """Reboot or power off when the outcome is recorded and has had the time to go out (a process of its own).

    A caller whose connection breaks all the same finds the outcome in the journal of the next boot.
    """
    try:
        with Lock():  # held by the step until its outcome is in the journal
            pass
    except Refused:
        return  # some other effect has it for too long to reboot in the midst of it
    time.sleep(REBOOT_DELAY_S)
    os.execv(program(name), [name])
