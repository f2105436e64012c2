"""Kernel calls that Python does not offer: mounts, pivot_root, reboot, prctl."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x1, 0x2, 0x4, 0x20, 0x1000, 0x4000, 0x40000
_MNT_DETACH = 2
_RESTART, _POWER_OFF = 0x01234567, 0x4321FEDC
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p]
_libc.prctl.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]


def mount(source: str | Path, target: str | Path, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount a file system.

    Raises:
        OSError: as the kernel says; names source and target.
    """
    done = _libc.mount(os.fsencode(source), os.fsencode(target), kind.encode() or None, flags, options.encode() or None)
    _check(done, f"mount {kind or 'bind'} {source} on {target}")


def bind(source: str | Path, target: str | Path, *, recursive: bool = False) -> None:
    """Show `source` at `target` too."""
    mount(source, target, flags=MS_BIND | (MS_REC if recursive else 0))


def make_private() -> None:
    """Cut this mount namespace off from its parent: no mount made here shows outside, or the other way round."""
    mount("none", "/", flags=MS_REC | MS_PRIVATE)


def enter_root(folder: str | Path) -> None:
    """Make `folder`, a mount point, the root of this mount namespace and let go of the old one."""
    os.chdir(folder)
    _check(_libc.pivot_root(b".", b"."), f"pivot_root {folder}")
    _check(_libc.umount2(b".", _MNT_DETACH), "unmount the old root")
    os.chdir("/")


def reboot(*, power_off: bool = False) -> None:
    """Restart or power off. In a PID namespace the kernel ends that namespace's init, and nothing else."""
    _check(_libc.reboot(_POWER_OFF if power_off else _RESTART), "reboot")


def die_with_parent(signal_number: int) -> None:
    """Ask the kernel for a signal when the parent ends."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal_number, None, None, None), "prctl")


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, as an init is."""
    _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, None, None, None), "prctl")


def _check(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
