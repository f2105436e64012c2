"""ext4 file systems in files, made by e2fsprogs without a mount, so without root."""

from __future__ import annotations

import tempfile
import uuid
from pathlib import Path

from fleetctl.adapters.images.programs import run
from fleetctl.core.images import ext4
from fleetctl.core.images.disk import MIB
from fleetctl.core.images.tree import Node, Tree

# GRUB 2.06 reads none of these two.
_FEATURES = "^orphan_file,^metadata_csum_seed"
_NAMESPACE = uuid.UUID("5d0e3c0e-8f5b-4f0e-9d3a-3f1ee7c71000")
_CLOCKS = ("E2FSPROGS_FAKE_TIME", "E2FSCK_TIME", "SOURCE_DATE_EPOCH")
"""Variables that tell programs of e2fsprogs what time it is."""
_REPAIRED = frozenset({0, 1})


def write_ext4(path: Path, tree: Tree, label: str, epoch_s: int, size: int = 0) -> None:
    """Write a file system that holds a tree.

    Args:
        path: of the file, sparse.
        tree: what it holds.
        label: of the file system; with the tree's size it also decides its UUID, so that one tree gives one image.
        epoch_s: time of everything that has none.
        size: in bytes; as small as may be if 0.

    Raises:
        CouldNot: if e2fsprogs fails, or the tree does not fit.
    """
    size = size or ext4.size_for(tree, _size)
    identity = uuid.uuid5(_NAMESPACE, f"{label} {size} {len(tree)}")
    clock = dict.fromkeys(_CLOCKS, str(epoch_s))
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(size)
    extended = f"hash_seed={identity},lazy_itable_init=1,assume_storage_prezeroed=1"
    options = [
        "-O",
        _FEATURES,
        "-E",
        extended,
        "-J",
        f"size={_journal_mib(size)}",
        "-m",
        "1",
        "-L",
        label,
        "-U",
        str(identity),
    ]
    run(["mke2fs", "-q", "-F", "-t", "ext4", "-b", str(ext4.BLOCK), *options, path], extra=clock)
    with tempfile.TemporaryDirectory(prefix="fleetctl-ext4-") as scratch:
        commands = "\n".join(ext4.script(tree, _Sources(Path(scratch)), epoch_s))
        # It goes on after an error, and ends with 0.
        run(["debugfs", "-w", "-f", "-", path], given=commands.encode() + b"\n", extra=clock, banner="debugfs ")
    run(["e2fsck", "-f", "-y", path], extra=clock, codes=_REPAIRED)


class _Sources:
    """Says where the content of a node is; what is only in memory is written to a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0

    def __call__(self, node: Node) -> Path:
        """Return the file that has a node's content."""
        if isinstance(node.content, Path):
            return node.content
        self._count += 1
        file = self._folder / str(self._count)
        file.write_bytes(node.content)
        return file


def _size(node: Node) -> int:
    return node.content.stat().st_size if isinstance(node.content, Path) else len(node.content)


def _journal_mib(size: int) -> int:
    """Return the journal's size: the least that ext4 takes for a small file system."""
    return 8 if size >= 128 * MIB else 4
