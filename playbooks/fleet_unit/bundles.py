"""Bundles in /data: complete ones under their SHA-256, partial ones beside them until their digest was checked."""

from __future__ import annotations

import os

from fleet_unit.endings import Refused
from fleet_unit.files import mtime, read_document, remove, size, sync_directory
from fleet_unit.lock import is_held
from fleet_unit.paths import BUNDLES, INSTALLED, STAGED
from fleet_unit.system import release

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fleet_unit.kinds import Document

COMPLETE, PARTIAL = ".raucb", ".part"
KEPT, KEPT_BY_A_GATEWAY = 2, 4
"""How many complete bundles are kept; a gateway keeps those of each kind of its units, and its own."""
RESERVE_BYTES = 4 << 20
"""Stays free for configs, the journal and whatever else writes to /data."""


def complete(sha256: str) -> str:
    """Return where a bundle is once its digest was checked."""
    return f"{BUNDLES}/{sha256}{COMPLETE}"


def partial(sha256: str) -> str:
    """Return where a bundle is until then. Whoever brings it locks the file."""
    return f"{BUNDLES}/{sha256}{PARTIAL}"


def is_there(bundle: Document) -> bool:
    """Say whether a bundle (`sha256`, `size_bytes`) is there, complete and checked."""
    return size(complete(bundle["sha256"])) == int(bundle["size_bytes"])


def received(sha256: str) -> int:
    """Return how many bytes of a bundle are there."""
    return size(complete(sha256)) or size(partial(sha256))


def here() -> list[str]:
    """Return the SHA-256 of every complete bundle, of the newest first."""
    return [os.path.basename(path).removesuffix(COMPLETE) for path in reversed(_found(COMPLETE))]


def make_room(bundle: Document) -> None:
    """Make sure that the rest of a bundle fits on the disk; what may go is removed only if that helps.

    Raises:
        Refused: if it does not fit; nothing was written or removed.
    """
    os.makedirs(BUNDLES, 0o755, exist_ok=True)
    needed = bundle["size_bytes"] - size(partial(bundle["sha256"])) + RESERVE_BYTES
    spare = _spare(bundle["sha256"])
    free = _free_bytes()
    if free + sum(size(path) for path in spare) < needed:
        raise Refused(f"not enough disk: {needed} bytes are needed in /data, {free} are free")
    while spare and _free_bytes() < needed:
        remove(spare.pop(0))


def keep_newest() -> None:
    """Remove the complete bundles that are older than those which are kept, and not in use."""
    found = _found(COMPLETE)
    for path in found[: max(0, len(found) - _kept())]:
        if path not in _in_use():
            remove(path)


def into_place(sha256: str) -> None:
    """Let a partial bundle, whole and checked, be a complete one."""
    os.rename(partial(sha256), complete(sha256))
    sync_directory(BUNDLES)
    keep_newest()


def _spare(sha256: str) -> list[str]:
    """Return what may be removed for the sake of a bundle, in the order in which it goes."""
    parts = [p for p in _found(PARTIAL) if p != partial(sha256) and not is_held(p)]
    whole = [p for p in _found(COMPLETE) if p != complete(sha256) and p not in _in_use()]
    return [*parts, *whole[: max(0, len(whole) - _kept() + 1)]]


def _in_use() -> set[str]:
    documents = (read_document(STAGED), read_document(INSTALLED))
    unfinished = [d for d in documents if d and not d.get("done")]
    return {complete(d["sha256"]) for d in unfinished}


def _found(suffix: str) -> list[str]:
    """Return the paths of all bundles of a kind, the oldest first."""
    names = os.listdir(BUNDLES) if os.path.isdir(BUNDLES) else []
    return sorted((f"{BUNDLES}/{n}" for n in names if n.endswith(suffix)), key=mtime)


def _kept() -> int:
    return KEPT_BY_A_GATEWAY if release()["kind"] == "gateway" else KEPT


def _free_bytes() -> int:
    disk = os.statvfs(BUNDLES)
    return disk.f_bavail * disk.f_frsize
