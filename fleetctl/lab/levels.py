"""Find out which level of the lab this machine allows: by trying, not by guessing from versions or settings."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fleetctl.core.problems import CouldNot
from fleetctl.lab.layout import LIGHT, Level

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
    "prlimit": "util-linux",
    "mmdebstrap": "mmdebstrap",
    "mkfs.ext4": "e2fsprogs",
}
_NEEDS = {
    Level.SYSTEM: ("unshare", "nsenter", "ip", "tc", "ssh-keygen", "mmdebstrap", "mkfs.ext4"),
    Level.NAMESPACES: ("unshare", "nsenter", "ip", "tc", "sshd", "ssh-keygen"),
    Level.LOOPBACK: ("unshare", "sshd", "ssh-keygen"),
    Level.PROCESSES: ("setpriv", "prlimit", "sshd", "ssh-keygen"),
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
_SYSTEMS = """
mkdir disk && truncate -s 4M disk.img && mkfs.ext4 -q disk.img && mount -o loop disk.img disk
probe=$(findmnt --noheadings --first-only --types cgroup2 --output TARGET)/fleetctl-lab-probe-$$
mkdir "$probe" && rmdir "$probe"
unshare --cgroup --time --fork --boottime=-1 true
"""
_TRIALS = {
    Level.SYSTEM: _MOUNTS + _NETWORKS + _SYSTEMS,
    Level.NAMESPACES: _MOUNTS + _NETWORKS,
    Level.LOOPBACK: _MOUNTS,
}
_CANNOT = {
    Level.SYSTEM: (
        "a kernel, GRUB or initrd of the unit's own, imaging over the network, a watchdog, RAUC's verity and adaptive "
        "bundles: that is what VMs are for",
        "what a power cut does to a slot that RAUC is writing: what it had written stays",
    ),
    Level.NAMESPACES: (
        "a kernel, GRUB or systemd of the unit's own, real RAUC, lost writes of a power cut: that is what '--tier "
        "system' and VMs are for",
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
        "a full disk: the units' disks are folders; in its place no file can grow that is written to over SSH",
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
    """Choose the highest light level that works here, or check the one that is wanted.

    Args:
        wanted: the only level to consider; None for the best of the first tier.
        as_root: root may do without a user namespace.
        run: how a trial is run.

    Raises:
        CouldNot: if the wanted level, or every level, does not work; says why.
    """
    reasons: list[str] = []
    for level in [wanted] if wanted else LIGHT:
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
    prefixes = _prefixes(level, as_root=as_root)
    reason = "" if prefixes else "it needs root, for loop devices and a cgroup for each unit"
    for prefix in prefixes:
        enter = (*prefix, "--net") if level.is_networked else prefix
        said = run([*enter, "sh", "-e"], _TRIALS[level])
        if not said:
            return "", enter
        reason = reason or said
    return reason, ()


def _prefixes(level: Level, *, as_root: bool) -> Sequence[tuple[str, ...]]:
    """Return the ways into fresh namespaces that are worth trying."""
    if level is Level.SYSTEM:  # a user namespace may neither attach loop devices nor mount what is on them
        return (ENTER_AS_ROOT,) if as_root else ()
    return (ENTER, ENTER_AS_ROOT) if as_root else (ENTER,)


def _run(command: Sequence[str], text: str) -> str:
    path = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    result = subprocess.run(command, input=text, text=True, capture_output=True, env=path, timeout=30)
    if result.returncode == 0:
        return ""
    return " ".join(result.stderr.split()) or f"{command[0]} ended with code {result.returncode}"
