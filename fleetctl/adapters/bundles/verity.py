"""The root of dm-verity's hash tree over a payload, as RAUC's verity form has it: version 1, SHA-256, 4 KiB blocks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

BLOCK = 4096
"""Bytes of a block of data, and of one of hashes."""
FAN_OUT = BLOCK // 32


def root(blocks: Iterable[bytes], salt: bytes) -> str:
    """Return the root of the tree over blocks of 4096 bytes each, in hexadecimal."""
    level = [_hash(block, salt) for block in blocks]
    while len(level) > 1:
        level = [_hash(b"".join(hashes).ljust(BLOCK, b"\0"), salt) for hashes in _nodes(level)]
    return level[0].hex() if level else ""


def _nodes(level: list[bytes]) -> Iterator[list[bytes]]:
    return (level[start : start + FAN_OUT] for start in range(0, len(level), FAN_OUT))


def _hash(block: bytes, salt: bytes) -> bytes:
    return hashlib.sha256(salt + block).digest()
