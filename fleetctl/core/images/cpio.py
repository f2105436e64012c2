"""An initial RAM file system as the kernel unpacks it: cpio in the "newc" form, without times or owners."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Member:
    """A file, folder or link; `content` of a link is where it leads."""

    path: str
    mode: int
    content: bytes = b""


def folder(path: str) -> Member:
    """Return a folder."""
    return Member(path, stat.S_IFDIR | 0o755)


def file(path: str, content: bytes, mode: int = 0o644) -> Member:
    """Return a file."""
    return Member(path, stat.S_IFREG | mode, content)


def archive(members: Iterable[Member]) -> bytes:
    """Return the archive, in the order given: folders come before what is in them."""
    numbered = enumerate((*members, Member("TRAILER!!!", 0)), 1)
    return b"".join(_record(number, member) for number, member in numbered)


def _record(number: int, member: Member) -> bytes:
    name = member.path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(member.mode) else 1
    # inode, mode, uid, gid, links, mtime, size, device, device's own, length of the name, checksum
    fields = (number, member.mode, 0, 0, links, 0, len(member.content), 0, 0, 0, 0, len(name), 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields)
    return _padded(head + name) + _padded(member.content)


def _padded(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % 4)
