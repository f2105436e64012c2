"""Tell the lab how far the unit is: `tell ready` once sshd can be reached, `tell good` once the slot is marked good."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from fleetctl.lab.system.unit import hardware
from fleetctl.lab.unit.init import Notice
from fleetctl.lab.unit.settings import on_unit

_ONLINE = "/lib/systemd/systemd-networkd-wait-online"
_ONLINE_S = 10


def main() -> int:
    """Tell what the argument says."""
    tell = Notice(hardware.ask().notify)
    if sys.argv[1] == "ready":
        _wait_for_network()
        tell("ready", host_key=Path("/data/ssh/ssh_host_ed25519_key.pub").read_text().strip())
    else:
        tell(sys.argv[1])
    return 0


def _wait_for_network() -> None:
    """Wait until every interface has its addresses; a unit whose files are wrong never has, and is up all the same."""
    interfaces = [f"--interface={name}:carrier" for name, _ in on_unit().interfaces]
    subprocess.run([_ONLINE, f"--timeout={_ONLINE_S}", *interfaces], check=False)
