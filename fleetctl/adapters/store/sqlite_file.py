"""The file of an SQLite state: created whole or not at all, private, and left alone if it is something else."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from fleetctl.core.problems import CouldNot, InvalidInput, Problem

APPLICATION_ID = 0x464C4554
"""`FLET`, in the header of every state file: tells it from any other SQLite database."""

_MAGIC = b"SQLite format 3\0"
_APPLICATION_ID_AT = slice(68, 72)
_HEADER_BYTES = 100
_NETWORK = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "fuse.cephfs", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs",
     "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs", "vboxsf"}
)  # fmt: skip
_OUR_FOLDER = ".fleetctl"
_MOUNTS = Path("/proc/self/mountinfo")


def ready(path: Path, create: Callable[[Path], None]) -> None:
    """Make sure that there is a state file at `path`, and that it is one.

    Args:
        path: of the file.
        create: writes a new state into the path that it is given.

    Raises:
        InvalidInput: if something else is there; it was not changed.
        CouldNot: if it cannot be created, or lies on a network file system.
    """
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            refuse_network(path.parent)
            _create(path, create)
        refuse_network(path.parent)
        _check_header(path)
        _make_private(path)
    except OSError as error:
        raise CouldNot(f"{path}: {error.strerror}", hint="check owner and mode, or set FLEETCTL_STATE") from error


def refuse_network(folder: Path) -> None:
    """Refuse a folder on a network file system, where SQLite's locks and shared memory cannot be relied on.

    Raises:
        CouldNot: names the file system.
    """
    kind = file_system(folder.stat().st_dev, _MOUNTS.read_text(encoding="utf-8") if _MOUNTS.exists() else "")
    if kind in _NETWORK:
        hint = "keep the state on a local disk, or in PostgreSQL: set FLEETCTL_STATE"
        raise CouldNot(f"{folder} is on a network file system ({kind}), where SQLite is not safe", hint=hint)


def file_system(device: int, mounts: str) -> str:
    """Return the type of the file system of a device, from the text of `/proc/self/mountinfo` (proc(5)); or empty."""
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts.splitlines():
        mount, _, source = line.partition(" - ")
        if mount.split()[2:3] == [number]:
            return source.split()[0]
    return ""


def _make_private(path: Path) -> None:
    """Close the file to others, and the folder if it is ours: what came first there may have left it open."""
    if path.stat().st_uid == os.geteuid():
        path.chmod(0o600)
    if path.parent.name == _OUR_FOLDER and path.parent.stat().st_uid == os.geteuid():
        path.parent.chmod(0o700)


def _check_header(path: Path) -> None:
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    if not header.startswith(_MAGIC):
        raise _foreign(f"{path} is not an SQLite database" if header else f"{path} is empty")
    if int.from_bytes(header[_APPLICATION_ID_AT], "big") != APPLICATION_ID:
        raise _foreign(f"{path} is an SQLite database of something else")


def _foreign(message: str) -> InvalidInput:
    hint = "name another file with --state or FLEETCTL_STATE; this one was not changed"
    return InvalidInput([Problem("foreign-state", message, hint=hint)])


def _create(path: Path, create: Callable[[Path], None]) -> None:
    """Create the state beside its place and link it there, so that nobody ever meets half a state.

    If two processes create it at once, the first one's stays.
    """
    with _beside(path) as new:
        create(new)
        new.chmod(0o600)
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(new)


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".new-") as folder:
        yield Path(folder) / path.name
