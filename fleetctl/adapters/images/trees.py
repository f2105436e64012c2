"""Root file systems out of tar files and folders."""

from __future__ import annotations

import posixpath
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

from fleetctl.core.images.tree import Node, Tree, What, folder, link


def read_tar(path: Path, contents: Path) -> dict[str, Node]:
    """Return the tree that a tar file holds; contents of files go to a folder, numbered, as nobody's in particular.

    A second name of a file becomes a symbolic link: no program tells the difference. Devices are left out.
    """
    contents.mkdir(parents=True, exist_ok=True)
    tree: dict[str, Node] = {}
    with tarfile.open(path) as tar:
        for number, info in enumerate(tar):
            name = posixpath.normpath(info.name)
            if name == "." or not (info.isdir() or info.isfile() or info.issym() or info.islnk()):
                continue
            tree[name] = _node(tar, info, name, contents / str(number))
    return tree


def read_folder(path: Path) -> dict[str, Node]:
    """Return the tree that a folder holds, as root's; what may be executed stays so, everything else is mode 0644."""
    tree: dict[str, Node] = {}
    for item in sorted(path.rglob("*")) if path.is_dir() else ():
        name = item.relative_to(path).as_posix()
        if "__pycache__" in item.parts or any(part.startswith(".") for part in name.split("/")):
            continue
        if item.is_symlink():
            tree[name] = link(str(item.readlink()))
        elif item.is_dir():
            tree[name] = folder()
        else:
            tree[name] = Node(What.FILE, 0o755 if item.stat().st_mode & 0o100 else 0o644, content=item)
    return tree


def write_folder(tree: Tree, path: Path) -> None:
    """Lay a tree out below a folder as this user's own; owners and times are left out."""
    path.mkdir()
    for name in sorted(tree):
        node, place = tree[name], path / name
        if node.what is What.FOLDER:
            place.mkdir(parents=True, exist_ok=True)
        elif node.what is What.LINK:
            place.symlink_to(node.target)
        else:
            place.write_bytes(content_of(tree, name))
            place.chmod(0o755 if node.mode & 0o111 else 0o644)


def content_of(tree: Tree, path: str) -> bytes:
    """Return the content of a file, through symbolic links."""
    node = tree[path]
    if node.what is What.LINK:
        return content_of(tree, posixpath.normpath(posixpath.join(posixpath.dirname(path), node.target)).lstrip("/"))
    return node.content.read_bytes() if isinstance(node.content, Path) else node.content


def _node(tar: tarfile.TarFile, info: tarfile.TarInfo, name: str, place: Path) -> Node:
    return replace(_content(tar, info, name, place), uid=info.uid, gid=info.gid, mtime_s=int(info.mtime))


def _content(tar: tarfile.TarFile, info: tarfile.TarInfo, name: str, place: Path) -> Node:
    if info.isdir():
        return Node(What.FOLDER, info.mode)
    if info.issym():
        return link(info.linkname)
    if info.islnk():
        other = posixpath.normpath(info.linkname)
        return link(posixpath.relpath(other, posixpath.dirname(name) or "."))
    source = tar.extractfile(info)
    assert source is not None  # noqa: S101 - a regular file has content
    with source, place.open("wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    return Node(What.FILE, info.mode, content=place)
