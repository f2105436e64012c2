"""A root file system as a value: every path with its kind, owner, mode, time and content, put together in layers."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias


class What(StrEnum):
    """What a path is."""

    FOLDER = "folder"
    FILE = "file"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Node:
    """What stands at a path.

    Attributes:
        mode: permissions.
        mtime_s: Unix time.
        content: of a file, or the file of this machine that has it.
        target: of a symbolic link.
    """

    what: What
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    mtime_s: int = 0
    content: bytes | Path = b""
    target: str = ""


Tree: TypeAlias = Mapping[str, Node]
"""By path without a leading slash."""


def folder(mtime_s: int = 0) -> Node:
    """Return a folder of root's."""
    return Node(What.FOLDER, mtime_s=mtime_s)


def file(content: bytes | Path, mode: int = 0o644, mtime_s: int = 0) -> Node:
    """Return a file of root's."""
    return Node(What.FILE, mode, mtime_s=mtime_s, content=content)


def link(target: str, mtime_s: int = 0) -> Node:
    """Return a symbolic link."""
    return Node(What.LINK, 0o777, mtime_s=mtime_s, target=target)


def without(tree: Tree, patterns: Iterable[str]) -> dict[str, Node]:
    """Return a tree without paths that match a shell pattern, and without what is below them."""
    told = tuple(patterns)

    def goes(path: str) -> bool:
        parts = path.split("/")
        heads = ["/".join(parts[: length + 1]) for length in range(len(parts))]
        return any(fnmatch.fnmatchcase(head, pattern) for head in heads for pattern in told)

    return {path: node for path, node in tree.items() if not goes(path)}


def laid_over(tree: Tree, layer: Tree, epoch_s: int) -> dict[str, Node]:
    """Lay another tree over one; folders that are there keep their owner and mode, those that lack are made.

    Raises:
        ValueError: if a path of the layer leads through something that is no folder.
    """
    whole = dict(tree)
    for path in sorted(layer):
        node = layer[path]
        for parent in _parents(path):
            if whole.setdefault(parent, folder(epoch_s)).what is not What.FOLDER:
                raise ValueError(f"/{path} leads through /{parent}, which is no folder")
        if not (node.what is What.FOLDER and path in whole):
            whole[path] = replace(node, mtime_s=epoch_s)
    return whole


def services(enable: Iterable[str], mask: Iterable[str]) -> dict[str, Node]:
    """Return the links that let systemd start units at boot, and those that let it never start them."""
    home = "etc/systemd/system"
    wanted = {f"{home}/multi-user.target.wants/{unit}": link(f"/usr/lib/systemd/system/{unit}") for unit in enable}
    return wanted | {f"{home}/{unit}": link("/dev/null") for unit in mask}


def _parents(path: str) -> list[str]:
    found = []
    while path := posixpath.dirname(path):
        found.append(path)
    return found[::-1]
