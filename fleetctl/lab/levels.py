"""Find out which level of the lab this machine allows: by trying, not by guessing from versions or settings."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fleetctl.core.problems import CouldNot
from fleetctl.lab.layout import Level

ENTER = (
    "unshare",
    "--user",
    "--map-root-user",
    "--mount",
    "--pid",
    "--uts",
    "--ipc",
    "--fork",
    "--kill-child",
    "--mount-proc",
)
"""Starts a program as the first process of fresh namespaces, as root there and as the same user outside."""
ENTER_AS_ROOT = tuple(option for option in ENTER if option not in ("--user", "--map-root-user"))
"""The same for root, where even root may have no user namespace."""

_PROGRAMS = {
    "sshd": "openssh-server",
    "ssh-keygen": "openssh-client",
    "unshare": "util-linux",
    "ip": "iproute2",
    "tc": "iproute2",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
}
_NEEDS = {
    Level.NAMESPACES: ("unshare", "nsenter", "ip", "tc", "sshd", "ssh-keygen"),
    Level.LOOPBACK: ("unshare", "sshd", "ssh-keygen"),
    Level.PROCESSES: ("setpriv", "sshd", "ssh-keygen"),
}
_MOUNTS = """
set -e
test -x /usr/bin/python3 && test -L /bin
mount -t tmpfs probe /tmp && cd /tmp && mkdir lower upper work root usr
mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work,userxattr root
mount -t overlay overlay -o lowerdir=lower:/usr,userxattr usr
test -x usr/bin/python3
touch root/null && mount --bind /dev/null root/null
"""
_NETWORKS = """
mount -t tmpfs probe /run
ip netns add probe
ip link add bridge type bridge
ip link add one type veth peer name two netns probe
ip link set one master bridge
"""
_CANNOT = {
    Level.NAMESPACES: (
        "a kernel, GRUB or systemd of the unit's own, real RAUC, lost writes of a power cut: that is what VMs are for",
    ),
    Level.LOOPBACK: (
        "networks: a link cannot be unplugged or slowed, a wrong network file cuts nobody off, and a unit that is cut "
        "says goodbye",
        "sites as networks of their own: everybody on this machine reaches the units' SSH ports on 127.0.0.0/8",
    ),
    Level.PROCESSES: (
        "networks: a link cannot be unplugged or slowed, a wrong network file cuts nobody off, and a unit that is cut "
        "says goodbye",
        "a system of the unit's own: commands over SSH run on this machine as this user, with a folder as the unit's "
        "root (FLEET_ROOT), so an absolute path such as /sbin/reboot means this machine",
        "a full disk: the units' disks are folders",
    ),
}

Run = Callable[[Sequence[str], str], str]
"""Runs a command with a text as its input; returns what went wrong, or an empty text."""


@dataclass(frozen=True)
class Choice:
    """The level found.

    Attributes:
        enter: command prefix that starts the supervisor inside the lab's namespaces; empty where there are none.
        why: why it is not a higher level; empty for the highest.
    """

    level: Level
    enter: tuple[str, ...]
    why: str = ""


def cannot(level: Level) -> tuple[str, ...]:
    """Return what a level cannot show, in sentences for people."""
    return _CANNOT[level]


def choose(wanted: Level | None, *, as_root: bool, run: Run | None = None) -> Choice:
    """Choose the highest level that works here, or check the one that is wanted.

    Args:
        wanted: the only level to consider; None for the best.
        as_root: root may do without a user namespace.
        run: how a trial is run.

    Raises:
        CouldNot: if the wanted level, or every level, does not work; says why.
    """
    reasons: list[str] = []
    for level in [wanted] if wanted else list(Level):
        reason, enter = _try(level, as_root=as_root, run=run or _run)
        if not reason:
            return Choice(level, enter, "; ".join(reasons))
        reasons.append(f"{level.value}: {reason}")
    raise CouldNot(f"the lab cannot run here: {'; '.join(reasons)}", hint="'fleetctl doctor' says what is missing")


def missing(level: Level) -> list[str]:
    """Return the programs that a level lacks here, each with the Debian package that has it."""
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return [f"{p} (package {_PROGRAMS[p]})" for p in _NEEDS[level] if shutil.which(p, path=path) is None]


def _try(level: Level, *, as_root: bool, run: Run) -> tuple[str, tuple[str, ...]]:
    """Return why a level does not work, or an empty text and the command prefix that it needs."""
    lacking = missing(level)
    if lacking:
        return f"there is no {', '.join(lacking)}", ()
    if level is Level.PROCESSES:
        return "", ()
    networked = level is Level.NAMESPACES
    script = _MOUNTS + (_NETWORKS if networked else "")
    reason = ""
    for prefix in (ENTER, ENTER_AS_ROOT) if as_root else (ENTER,):
        enter = (*prefix, "--net") if networked else prefix
        said = run([*enter, "sh", "-e"], script)
        if not said:
            return "", enter
        reason = reason or said
    return reason, ()


def _run(command: Sequence[str], text: str) -> str:
    path = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    result = subprocess.run(command, input=text, text=True, capture_output=True, env=path, timeout=30)
    if result.returncode == 0:
        return ""
    return " ".join(result.stderr.split()) or f"{command[0]} ended with code {result.returncode}"
