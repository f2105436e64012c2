"""An ext4 file system of a tree, as commands for `debugfs`: no mount, no root, the same bytes each time.

Inodes and blocks are given in the order of the commands, so the order is part of what is reproduced. `mke2fs -d` walks
folders in whatever order the builder's own file system has them, and copies its change times.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from fleetctl.core.images.disk import MIB
from fleetctl.core.images.tree import Node, Tree, What

BLOCK = 4096
_SLACK = 1.06
_LEAST = 24 * MIB
_TYPES = {What.FOLDER: stat.S_IFDIR, What.FILE: stat.S_IFREG, What.LINK: stat.S_IFLNK}


def size_for(tree: Tree, size_of: Callable[[Node], int]) -> int:
    """Return how large a file system has to be for a tree, in bytes: whole MiB, with room for journal and tables."""
    blocks = sum(1 + -(-size_of(node) // BLOCK) for node in tree.values())
    return -(-int(blocks * BLOCK * _SLACK + _LEAST) // MIB) * MIB


def script(tree: Tree, source: Callable[[Node], Path], epoch_s: int) -> Iterator[str]:
    """Yield the commands that fill an empty file system with a tree.

    Args:
        tree: every folder that a path leads through is in it.
        source: says which file of this machine has the content of a node.
        epoch_s: time of everything that has none of its own.
    """
    yield f"set_current_time @{epoch_s}"
    for path in sorted(tree, key=_by_folder):
        yield from _make(path, tree[path], source)
    for path in sorted(tree, key=_by_folder):
        yield from _own(path, tree[path])


def _by_folder(path: str) -> tuple[int, str]:
    """Sort folders before what is in them."""
    return path.count("/"), path


def _make(path: str, node: Node, source: Callable[[Node], Path]) -> Iterator[str]:
    parent, _, name = path.rpartition("/")
    yield f"cd {_quoted('/' + parent)}"
    if node.what is What.FOLDER:
        yield f"mkdir {_quoted(name)}"
    elif node.what is What.LINK:
        yield f"symlink {_quoted(name)} {_quoted(node.target)}"
    else:
        yield f"write {_quoted(str(source(node)))} {_quoted(name)}"


def _own(path: str, node: Node) -> Iterator[str]:
    fields = {"mode": f"0{_TYPES[node.what] | node.mode:o}", "mtime": f"@{node.mtime_s}"}
    fields |= {name: str(number) for name, number in (("uid", node.uid), ("gid", node.gid)) if number}
    for name, value in fields.items():
        yield f"set_inode_field {_quoted('/' + path)} {name} {value}"


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
