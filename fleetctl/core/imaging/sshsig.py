"""Signatures as `ssh-keygen -Y sign` makes them, so that `ssh-keygen -Y verify` is all that an imager needs.

The format is OpenSSH's PROTOCOL.sshsig. Pure: the key that signs is elsewhere.
"""

from __future__ import annotations

import hashlib
import struct
import textwrap
from base64 import b64decode, b64encode

_MAGIC = b"SSHSIG"
_HASH = b"sha512"
_TYPE = b"ssh-ed25519"


def to_be_signed(message: bytes, namespace: str) -> bytes:
    """Return the bytes that the key signs in the place of a message."""
    digest = hashlib.sha512(message).digest()
    return _MAGIC + b"".join(map(_text, (namespace.encode(), b"", _HASH, digest)))


def armoured(public: str, signature: bytes, namespace: str) -> str:
    """Return a signature in its text form.

    Args:
        public: `ssh-ed25519 AAAA…`.
        signature: 64 bytes, of what `to_be_signed` returned.
        namespace: the same.
    """
    key = b64decode(public.split()[1])
    fields = (key, namespace.encode(), b"", _HASH, _text(_TYPE) + _text(signature))
    blob = _MAGIC + struct.pack(">I", 1) + b"".join(map(_text, fields))
    body = "\n".join(textwrap.wrap(b64encode(blob).decode(), 70))
    return f"-----BEGIN SSH SIGNATURE-----\n{body}\n-----END SSH SIGNATURE-----\n"


def allowed_signers(public: str, namespace: str) -> str:
    """Return the file that `ssh-keygen -Y verify -f` reads, with one key that may sign for one purpose."""
    return f'{namespace} namespaces="{namespace}" {public}\n'


def _text(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value
