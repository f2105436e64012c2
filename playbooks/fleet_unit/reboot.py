"""The effect `activate-reboot`: answered first, done then."""

from __future__ import annotations

import os
import time

from fleet_unit.endings import Ended, Refused
from fleet_unit.files import read_document
from fleet_unit.journal import Journal, Step
from fleet_unit.paths import CHANGE, ROOT
from fleet_unit.programs import HOOK_TIMEOUT_S, detach, myself, program, run

REBOOT_DELAY_S = 2.0


def activate_reboot(_: Step, __: Journal) -> str:
    """Reboot, after the answer is out."""
    if read_document(CHANGE):
        raise Refused("a config waits for its confirmation; a reboot now would take it back")
    if not ROOT and os.path.isdir("/run/systemd/system"):
        timer = f"--on-active={REBOOT_DELAY_S:.0f}"
        code, said = run(["systemd-run", "--quiet", timer, "systemctl", "reboot"], HOOK_TIMEOUT_S)
        if code != 0:
            raise Ended(f"the reboot could not be started: {said[-200:]}")
    elif program("reboot"):
        detach(myself("delayed-reboot"))
    else:
        raise Refused("there is no 'reboot' on this unit")
    return f"reboots in {REBOOT_DELAY_S:.0f} s"


def delayed_reboot() -> None:
    """Reboot when the answer has had the time to go out (a process of its own)."""
    time.sleep(REBOOT_DELAY_S)
    os.execv(program("reboot"), ["reboot"])
