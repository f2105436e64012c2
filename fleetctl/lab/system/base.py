"""The Debian that all units of the second tier share, read-only: built once by `mmdebstrap`, and kept.

What is kept is found again by a digest of how it is made. It lies in `~/.cache/fleetctl/`, or below `XDG_CACHE_HOME`,
and may be removed whenever no lab is up.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fleetctl.core.problems import CouldNot
from fleetctl.lab.outside import Say

_SUITE = "bookworm"
_PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "openssl",
    "python3",
    "iproute2",
    "e2fsprogs",
    "rauc",
    "rauc-service",
    "squashfs-tools",  # 'rauc info' runs unsquashfs
    "stress-ng",
)
SLURM = ("munge", "slurmctld", "slurmd", "slurmrestd", "slurm-client", "slurm-wlm-jwt-plugin")
"""What a lab's compute platform needs besides, on its nodes and where it is led from."""
_OPTIONS = (
    "--mode=root",
    "--variant=minbase",
    "--dpkgopt=force-unsafe-io",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    # Units have host keys and names of their own.
    '--customize-hook=rm -f "$1"/etc/ssh/ssh_host_* "$1"/etc/machine-id "$1"/etc/hostname "$1"/etc/resolv.conf',
    '--customize-hook=rm -rf "$1"/var/log/* "$1"/var/cache/*',
    # Whoever knows munge's key is believed to be anybody, and this one would be the same in every lab.
    '--customize-hook=rm -f "$1"/etc/munge/munge.key',
)
_LAST_LINES = 5


def ensure(say: Say, besides: Sequence[str] = ()) -> Path:
    """Return the folder of the base, built if it is not there yet.

    Args:
        say: tells a person what takes long.
        besides: packages that it has more than every base.

    Raises:
        CouldNot: if it cannot be built, with the end of what mmdebstrap said.
    """
    home = _home()
    options = (f"--include={','.join((*_PACKAGES, *besides))}", *_OPTIONS)
    base = home / f"lab-base-{_recipe(options)}"
    if base.is_dir():
        return base
    home.mkdir(parents=True, exist_ok=True)
    with _alone(home / "lab-base.lock"):
        if not base.is_dir():
            say("building the system of the units with mmdebstrap; this takes some minutes, once")
            _build(base, options)
    return base


def _build(base: Path, options: Sequence[str]) -> None:
    draft = base.with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    command = ["mmdebstrap", *options, _SUITE, str(draft)]
    built = subprocess.run(command, capture_output=True, text=True, umask=0o022)
    if built.returncode:
        shutil.rmtree(draft, ignore_errors=True)
        said = " / ".join(built.stderr.splitlines()[-_LAST_LINES:])
        raise CouldNot(
            f"the system of the units cannot be built: {said}", hint="it needs a mirror of Debian's packages"
        )
    draft.rename(base)


def _home() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fleetctl"


def _recipe(options: Sequence[str]) -> str:
    return hashlib.sha256("\0".join((_SUITE, *options)).encode()).hexdigest()[:12]


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let no other process build meanwhile."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
