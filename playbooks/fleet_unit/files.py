"""Files that survive a power cut: after one a file has its old content or its new one."""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fleet_unit.kinds import Document


def sync_directory(path: str) -> None:
    """Make renames and removals in a directory last."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_synced(path: str, content: bytes, mode: int) -> None:
    """Write a new file and make its content last."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())


def replace_file(path: str, content: bytes, mode: int = 0o600) -> None:
    """Give a file new content: after a cut it has the old content or the new one."""
    write_synced(path + ".new", content, mode)
    os.rename(path + ".new", path)
    sync_directory(os.path.dirname(path))


def replace_link(path: str, target: str) -> None:
    """Point a symbolic link elsewhere; whatever stands at `path` is replaced in one step."""
    remove(path + ".new")
    os.symlink(target, path + ".new")
    os.rename(path + ".new", path)
    sync_directory(os.path.dirname(path))


def remove(path: str) -> None:
    """Remove a file or link, if there is one."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    sync_directory(os.path.dirname(path))


def discard(folder: str) -> None:
    """Remove a folder, as far as that is possible."""
    from shutil import rmtree  # a slow import that no probe needs

    rmtree(folder, ignore_errors=True)


def read_text(path: str) -> str:
    """Return a file's content; an empty text if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def read_document(path: str) -> Document:
    """Return a JSON object from a file; an empty one if there is none or it is damaged."""
    try:
        document = json.loads(read_text(path))
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def dump(document: Document) -> bytes:
    """Encode a document as one line."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def size(path: str) -> int:
    """Return a file's size; 0 if there is none."""
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def mtime(path: str) -> float:
    """Return when a file was last written; 0 if there is none."""
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0
