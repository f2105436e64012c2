"""Trees: the configs in /data, each a directory under its digest with a manifest beside it."""

from __future__ import annotations

import hashlib
import os

from fleet_unit.files import discard, dump, read_document, sync_directory, write_synced
from fleet_unit.paths import TREES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from fleet_unit.kinds import Document

MAX_FILE_BYTES = 1 << 20


def manifest_of(payload: Document) -> Document:
    """Return what is remembered of a payload: everything but the contents, which it names by their digests."""
    kept = ("path", "mode", "service", "confirm", "reboot", "source_digest")
    return {
        "digest": payload["digest"],
        "files": [{**{k: f[k] for k in kept}, "sha256": sha256(f["content"].encode())} for f in payload["files"]],
    }


def manifest(name: str) -> Document:
    """Return the manifest of a tree; without a tree, one without files."""
    document = read_document(f"{TREES}/{name}/manifest.json") if name else {}
    return document or {"digest": "", "files": []}


def stage(payload: Document, wanted: Document) -> str:
    """Put a payload on the disk, complete and lasting; return the name of its tree.

    A tree that is already there, and intact, is used again. A damaged one is left alone, because it may be active:
    the new one gets another name.
    """
    digest: str = payload["digest"]
    names = [digest, *(f"{digest}.{n}" for n in range(1, 100))]
    for name in names:
        if manifest(name) == wanted and not damaged(f"{TREES}/{name}/tree", wanted):
            return name
    name = next(n for n in names if not os.path.lexists(f"{TREES}/{n}"))
    fresh = f"{TREES}/{digest}.new"
    discard(fresh)
    for file in payload["files"]:
        path = f"{fresh}/tree{file['path']}"
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        write_synced(path, file["content"].encode(), file["mode"])
    write_synced(f"{fresh}/manifest.json", dump(wanted), 0o600)
    for folder, _, _ in os.walk(fresh, topdown=False):
        sync_directory(folder)
    os.rename(fresh, f"{TREES}/{name}")
    sync_directory(TREES)
    return name


def damaged(prefix: str, wanted: Document) -> list[str]:
    """Return the paths whose file under `prefix` does not have the wanted content and mode."""
    return [f["path"] for f in wanted["files"] if _state(prefix + f["path"]) != (f["sha256"], f["mode"])]


def _state(path: str) -> tuple[str, int] | None:
    try:
        with open(path, "rb") as file:
            return sha256(file.read(MAX_FILE_BYTES + 1)), os.fstat(file.fileno()).st_mode & 0o7777
    except OSError:
        return None


def sha256(content: bytes) -> str:
    """Return a content's digest."""
    return hashlib.sha256(content).hexdigest()


def trees() -> list[str]:
    """Return the names of all complete trees, the newest first."""
    names = [n for n in os.listdir(TREES) if not n.endswith(".new")] if os.path.isdir(TREES) else []
    return sorted(names, key=lambda n: os.stat(f"{TREES}/{n}").st_mtime_ns, reverse=True)


def services_of(files: Iterable[Document]) -> list[str]:
    """Return the services of files, each once."""
    return sorted({f["service"] for f in files} - {""})


def is_private(service: str, wanted: Document) -> bool:
    """Say whether a service has files that only root may read."""
    return any(f["service"] == service and not f["mode"] & 0o077 for f in wanted["files"])
