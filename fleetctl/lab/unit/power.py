"""`reboot`, `poweroff`, `halt` and `shutdown` of a stand-in unit, and the part of `systemctl` that means the same.

They answer at once and act half a second later, so that whoever asked over SSH hears that the request was taken.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from fleetctl.lab.unit import system
from fleetctl.lab.unit.place import root
from fleetctl.lab.unit.settings import on_unit

_DELAY_S = 0.5


def wants_power_off(arguments: Sequence[str]) -> bool | None:
    """Say what a command line asks for: power off (True), restart (False), or nothing (None).

    Args:
        arguments: the program's name, then its arguments.
    """
    program, options = arguments[0], arguments[1:]
    if program == "systemctl":
        known = {"reboot": False, "poweroff": True, "halt": True}
        return next((known[o] for o in options if o in known), None)
    if program == "shutdown":
        return None if "-c" in options else "-r" not in options and "--reboot" not in options
    return program in ("poweroff", "halt") or "-p" in options


def main() -> int:
    """Do what the command line asks for."""
    asked = [Path(sys.argv[0]).name, *sys.argv[1:]]
    power_off = wants_power_off(asked)
    if power_off is None:
        return 0 if asked[0] == "shutdown" else 1
    if os.fork() == 0:
        os.setsid()
        time.sleep(_DELAY_S)
        _go_down(power_off=power_off)
    return 0


def _go_down(*, power_off: bool) -> None:
    if on_unit().isolated:
        os.sync()
        system.reboot(power_off=power_off)
    init = int((root() / "run/lab/init.pid").read_text())
    os.kill(init, signal.SIGUSR2 if power_off else signal.SIGUSR1)
