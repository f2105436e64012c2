"""`mark-good`: the booted slot is marked good once the unit is well; one that is only on trial is left if it is not.

Well is: it booted and has its config, the heat agent writes, sshd answers. Whether it heats is for fleetctl to decide.
"""

from __future__ import annotations

import os
import socket
import sys
import time

from fleet_unit import heat
from fleet_unit.activate import is_on_trial, mark, note_good
from fleet_unit.endings import Ended
from fleet_unit.files import read_document
from fleet_unit.lock import Lock
from fleet_unit.paths import ACTIVE, INSTALLED
from fleet_unit.programs import program, run
from fleet_unit.slots import slots
from fleet_unit.system import booted_slot, release

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PAUSE_S = 0.1
SSHD_S = 5.0
REBOOT_TIMEOUT_S = 30.0


def mark_good(within_s: float, ssh: str, *, fall_back: bool) -> int:
    """Wait until the unit is well and mark its slot good; return the exit code, 1 if that did not come about.

    Args:
        within_s: how long to wait.
        ssh: address and port of the unit's own sshd.
        fall_back: leave a slot that is on trial and not well for the one before, if that is good. A slot that was good
            once is never left: what is wrong then is not its system.
    """
    try:
        wrong = _try_until(within_s, ssh)
        if not wrong:
            return 0
        sys.stderr.write(f"slot {booted_slot()} is not marked good: {wrong}\n")
        if fall_back:
            _leave()
    except Ended as end:
        sys.stderr.write(f"{end}\n")
    return 1


def _try_until(within_s: float, ssh: str) -> str:
    """Return what is still lacking when the time is over; empty as soon as nothing is and the slot is marked."""
    deadline = time.monotonic() + within_s
    while wrong := "; ".join(not_well(ssh)) or _not_marked():
        if time.monotonic() > deadline:
            return wrong
        time.sleep(PAUSE_S)
    return ""


def _not_marked() -> str:
    """Mark the slot good; return why that failed. RAUC's service takes its time on a unit that has just booted."""
    try:
        _mark()
    except Ended as end:
        return str(end)
    return ""


def _mark() -> None:
    if program("rauc"):  # a unit with one slot has nothing to mark
        mark("mark-good", booted_slot())
        with Lock():
            note_good()


def not_well(ssh: str) -> Iterator[str]:
    """Yield what the unit lacks, in words."""
    if not os.path.islink(ACTIVE):
        yield "'fleet-unit boot' did not run"
    if release()["kind"] != "gateway" and not heat.agent_writes(since=0.0):
        yield f"the heat agent did not write for {heat.HEAT_AGE_S:.0f} s"
    if not _sshd_answers(ssh):
        yield f"no sshd answers on {ssh}"


def _sshd_answers(ssh: str) -> bool:
    host, _, port = ssh.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=SSHD_S) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _leave() -> None:
    """Give a slot on trial up and boot the one before, if the boot loader would start that."""
    before = read_document(INSTALLED).get("before", "")
    if is_on_trial() and slots()["states"].get(before) == "good":
        sys.stderr.write(f"back to slot {before}\n")
        mark("mark-active", before)
        mark("mark-bad", booted_slot())
        run([program("reboot")], REBOOT_TIMEOUT_S)
