"""Keys of a lab's platform: made on this machine for one lab, and gone with it.

Munge's key lets nodes and their leader believe each other, the other one signs tokens for the REST interface (RFC 7519,
HS256, as `scontrol token` makes them).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from pathlib import Path

_BYTES = 64
MUNGE, JWT = "munge.key", "jwt.key"


def make(folder: Path) -> None:
    """Make both keys in a folder, readable by their owner alone."""
    for name in (MUNGE, JWT):
        (folder / name).touch(0o600)
        (folder / name).write_bytes(os.urandom(_BYTES))


def token(folder: Path, user: str, *, at: float, lasts_s: float) -> str:
    """Return a token that lets its bearer act as a user of the platform.

    Args:
        folder: of the keys.
        user: name on the platform.
        at: when it begins, in seconds since 1970.
        lasts_s: for how long.
    """
    claims = {"sun": user, "iat": int(at), "exp": int(at + lasts_s)}
    signed = b".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    digest = hmac.digest((folder / JWT).read_bytes(), signed, hashlib.sha256)
    return b".".join((signed, _encoded(digest))).decode()


def _encoded(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")
