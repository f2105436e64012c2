"""The hooks of services that a stand-in runs: `SERVICE check DIR` looks at a staged configuration, `SERVICE reload`
lets the service take it.

`DIR` mirrors `/`. A check that fails says why on standard error and ends with 1.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from fleetctl.lab.unit import heat_settings, network
from fleetctl.lab.unit.file_checks import Check, Tree, run
from fleetctl.lab.unit.place import root
from fleetctl.lab.unit.settings import on_unit

_RELOAD_S = 5.0


def main() -> int:
    """Run one hook; its name is the service."""
    return run(CHECKS, RELOADS)


def check_network(tree: Tree) -> None:
    """Check `.network` files, and that each is for an interface of this unit, if the unit has any of its own."""
    networks = network.read(Path(tree) / network.FOLDER)
    if not on_unit().networked:
        return
    here = network.interfaces()
    for each in networks:
        if not any(each.matches(name, mac) for name, mac, _ in here):
            raise ValueError(f"no interface matches {each.names or each.macs}")


def check_ssh(tree: Tree) -> None:
    """Let sshd itself read its configuration with the staged files in the place of the present ones."""
    lines = (root() / "etc/ssh/sshd_config").read_text().splitlines()
    staged = [f"Include {tree}/etc/ssh/sshd_config.d/*.conf" if line.startswith("Include") else line for line in lines]
    with tempfile.NamedTemporaryFile("w", dir=root() / "run/lab", suffix=".sshd") as file:
        file.write("\n".join(staged) + "\n")
        file.flush()
        result = subprocess.run(["/usr/sbin/sshd", "-t", "-f", file.name], capture_output=True, text=True)
    if result.returncode:
        raise ValueError(result.stderr.strip())


def check_heat(tree: Tree) -> None:
    """Check the heat agent's settings as the agent will."""
    unit = on_unit()
    heat_settings.read(Path(tree) / heat_settings.FILE, heat_settings.factory(unit.power_w, unit.setpoint_c))


def reload_network() -> None:
    """Apply the network files, where the unit has a network of its own to apply them to."""
    if on_unit().networked:
        network.apply(on_unit(), network.read(root() / network.FOLDER))


def reload_ssh() -> None:
    """Let sshd read its configuration again, and wait until it answers with it."""
    from fleetctl.lab.unit.init import sshd_answers

    pid_file = root() / "run/sshd.pid"
    before = _written_ns(pid_file)
    os.kill(int(pid_file.read_text()), signal.SIGHUP)
    _wait(lambda: _written_ns(pid_file) not in (None, before), "sshd did not start again")
    _wait(lambda: sshd_answers(on_unit()), "sshd does not answer")


def reload_heat() -> None:
    """Let the heat agent read its settings again, and wait until it has written its state with them."""
    state = root() / "run/heat/state.json"
    before = _written_ns(state)
    os.kill(int((root() / "run/heat/agent.pid").read_text()), signal.SIGHUP)
    _wait(lambda: _written_ns(state) not in (None, before), "the heat agent does not write")


CHECKS: dict[str, Check] = {"network": check_network, "ssh": check_ssh, "heat": check_heat}
RELOADS: dict[str, Callable[[], None]] = {"network": reload_network, "ssh": reload_ssh, "heat": reload_heat}


def _written_ns(file: Path) -> int | None:
    """Return when a file was last written, or None while its owner replaces it."""
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _wait(is_so: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + _RELOAD_S
    while not is_so():
        if time.monotonic() > deadline:
            raise OSError(complaint)
        time.sleep(0.01)
