"""The service hooks: `SERVICE check DIR` looks at a staged configuration, `SERVICE reload` lets the service take it.

`DIR` mirrors `/`. A check that fails says why on standard error and ends with 1. Services that a stand-in does not
run (time, compute, netboot and the like) are checked all the same, and have nothing to reload.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from fleetctl.lab.unit import heat_settings, network
from fleetctl.lab.unit.settings import on_unit, root

_RELOAD_S = 5.0
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_SAMPLE = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})? \S+( \d+)?")
_OPTION = re.compile(r"[a-z0-9-]+(=.+)?")
_CHRONY = ("server", "pool", "peer", "allow", "deny", "local", "driftfile", "makestep", "rtcsync", "bindaddress")


def main() -> int:
    """Run one hook; its name is the service."""
    service, verb = Path(sys.argv[0]).name, sys.argv[1]
    try:
        if verb == "check":
            CHECKS[service](Path(sys.argv[2]))
        elif verb == "reload":
            RELOADS.get(service, lambda: None)()
        else:
            raise ValueError(f"expected check or reload, got '{verb}'")
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def check_network(tree: Path) -> None:
    """Check `.network` files, and that each is for an interface of this unit, if the unit has any of its own."""
    networks = network.read(tree / network.FOLDER)
    if not on_unit().networked:
        return
    here = network.interfaces()
    for each in networks:
        if not any(each.matches(name, mac) for name, mac, _ in here):
            raise ValueError(f"no interface matches {each.names or each.macs}")


def check_ssh(tree: Path) -> None:
    """Let sshd itself read its configuration with the staged files in the place of the present ones."""
    lines = (root() / "etc/ssh/sshd_config").read_text().splitlines()
    staged = [f"Include {tree}/etc/ssh/sshd_config.d/*.conf" if line.startswith("Include") else line for line in lines]
    with tempfile.NamedTemporaryFile("w", dir=root() / "run/lab", suffix=".sshd") as file:
        file.write("\n".join(staged) + "\n")
        file.flush()
        result = subprocess.run(["/usr/sbin/sshd", "-t", "-f", file.name], capture_output=True, text=True)
    if result.returncode:
        raise ValueError(result.stderr.strip())


def check_heat(tree: Path) -> None:
    """Check the heat agent's settings as the agent will."""
    unit = on_unit()
    heat_settings.read(tree / heat_settings.FILE, heat_settings.factory(unit.power_w, unit.setpoint_c))


def check_time(tree: Path) -> None:
    """Check time synchronisation: sections of timesyncd, directives of chrony."""
    for path in tree.glob("etc/systemd/timesyncd.conf.d/*.conf"):
        _each_line(path, lambda line: line == "[Time]" or "=" in line, "is neither [Time] nor a setting")
    for path in tree.glob("etc/chrony/conf.d/*.conf"):
        _each_line(path, lambda line: line.split()[0] in _CHRONY, "is not a directive of chrony")


def check_variables(*names: str) -> Callable[[Path], None]:
    """Return a check of files of shell variables."""

    def check(tree: Path) -> None:
        for path in (tree / name for name in names):
            if path.exists():
                _each_line(path, _is_variable, "is not NAME=value")

    return check


def check_labels(tree: Path) -> None:
    """Check Prometheus samples."""
    for path in (p for p in tree.rglob("*.prom") if p.is_file()):
        _each_line(path, lambda line: _SAMPLE.fullmatch(line) is not None, "is not a sample")


def check_netboot(tree: Path) -> None:
    """Check dnsmasq's options, by dnsmasq itself if it is there, and that the boot script is one."""
    for path in tree.glob("etc/dnsmasq.d/*.conf"):
        _each_line(path, lambda line: _OPTION.fullmatch(line) is not None, "is not an option of dnsmasq")
        if shutil.which("dnsmasq"):
            result = subprocess.run(["dnsmasq", "--test", "-C", str(path)], capture_output=True, text=True)
            if result.returncode:
                raise ValueError(result.stderr.strip())
    for path in tree.glob("srv/fleet/netboot/*.ipxe"):
        if not path.read_text().startswith("#!ipxe\n"):
            raise ValueError(f"{path.name} does not begin with #!ipxe")


def reload_network() -> None:
    """Apply the network files, where the unit has a network of its own to apply them to."""
    if on_unit().networked:
        network.apply(on_unit(), network.read(root() / network.FOLDER))


def reload_ssh() -> None:
    """Let sshd read its configuration again, and wait until it answers with it."""
    from fleetctl.lab.unit.init import sshd_answers

    pid_file = root() / "run/sshd.pid"
    before = pid_file.stat().st_mtime_ns
    os.kill(int(pid_file.read_text()), signal.SIGHUP)
    _wait(lambda: pid_file.exists() and pid_file.stat().st_mtime_ns != before, "sshd did not start again")
    _wait(lambda: sshd_answers(on_unit()), "sshd does not answer")


def reload_heat() -> None:
    """Let the heat agent read its settings again, and wait until it has written its state with them."""
    state = root() / "run/heat/state.json"
    before = state.stat().st_mtime_ns
    os.kill(int((root() / "run/heat/agent.pid").read_text()), signal.SIGHUP)
    _wait(lambda: state.stat().st_mtime_ns != before, "the heat agent does not write")


CHECKS: dict[str, Callable[[Path], None]] = {
    "network": check_network,
    "ssh": check_ssh,
    "heat": check_heat,
    "time": check_time,
    "compute": check_variables("etc/fleet/compute.env"),
    "boot": check_variables("etc/fleet/boot.conf"),
    "labels": check_labels,
    "netboot": check_netboot,
}
RELOADS: dict[str, Callable[[], None]] = {"network": reload_network, "ssh": reload_ssh, "heat": reload_heat}


def _each_line(path: Path, is_good: Callable[[str], bool], what: str) -> None:
    """Hold every line that is neither empty nor a comment to a rule.

    Raises:
        ValueError: names file and line number, and not the line, which may hold a secret.
    """
    for number, line in _lines(path):
        if not is_good(line):
            raise ValueError(f"{path.name}: line {number} {what}")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    for number, raw in enumerate(path.read_text().splitlines(), 1):
        line = raw.strip()
        if line and line[0] not in "#;":
            yield number, line


def _is_variable(line: str) -> bool:
    try:
        return _VARIABLE.match(line) is not None and len(shlex.split(line)) == 1
    except ValueError:
        return False


def _wait(is_so: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + _RELOAD_S
    while not is_so():
        if time.monotonic() > deadline:
            raise OSError(complaint)
        time.sleep(0.01)
