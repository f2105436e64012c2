"""Looks at this machine: programs, room, the SSH agent, the clock. It judges nothing; `core.doctor` does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import fleetctl
from fleetctl.core.doctor import Machine

SEARCHED = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Looked through after PATH: an ordinary user's PATH lacks them, and sshd lives there."""
_VERSIONS = {"ssh": ("-V",), "git": ("--version",), "rauc": ("--version",)}
_PATIENCE_S = 5.0


def look(names: Iterable[str], folders: Mapping[str, Path]) -> Machine:
    """Look at this machine.

    Args:
        names: of the programs to look for.
        folders: by what they are called in a report; a missing one is looked at in its nearest parent.
    """
    programs = {name: path for name in names if (path := _which(name)) is not None}
    return Machine(
        python=sys.version_info[:3],
        programs=programs,
        now=datetime.now(UTC),
        newest_file=datetime.fromtimestamp(Path(fleetctl.__file__).stat().st_mtime, UTC),
        version_of={name: _version(path, _VERSIONS[name]) for name, path in programs.items() if name in _VERSIONS},
        free_bytes={name: free for name, folder in folders.items() if (free := _free_bytes(folder)) is not None},
        agent_keys=_agent_keys(programs.get("ssh")),
    )


def _which(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *SEARCHED]))


def _version(path: str, arguments: Iterable[str]) -> str:
    try:
        ran = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=_PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (ran.stdout or ran.stderr).strip().partition("\n")[0]


def _free_bytes(folder: Path) -> int | None:
    """Return what this user may still write to a folder, or None if it may not write there."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free if os.access(folder, os.W_OK) else None


def _agent_keys(ssh: str | None) -> int | None:
    """Return how many keys the agent holds; None if there is no agent, or none that answers."""
    lister = _which("ssh-add") if ssh else None
    if lister is None or not os.environ.get("SSH_AUTH_SOCK"):
        return None
    try:
        ran = subprocess.run([lister, "-l"], capture_output=True, text=True, timeout=_PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if ran.returncode == 1:  # ssh-add(1): the agent has no identities
        return 0
    return len(ran.stdout.splitlines()) if ran.returncode == 0 else None
