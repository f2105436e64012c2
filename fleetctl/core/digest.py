"""Content addresses: one canonical JSON form and one hash for everything that has a digest."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical(value: Any) -> bytes:
    """Encode plain data as JSON with sorted keys and no spaces: same value, same bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(content: bytes) -> str:
    """Return the SHA-256 of `content` in hexadecimal (64 characters)."""
    return hashlib.sha256(content).hexdigest()


def digest_of(value: Any) -> str:
    """Return the digest of plain data in canonical form."""
    return digest(canonical(value))
