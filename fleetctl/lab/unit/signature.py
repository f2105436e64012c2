"""The signature at the end of a bundle, checked as RAUC does: CMS by OpenSSL, against the certificates of a keyring.

A unit without a keyring takes everything, as labs of fleets that have none do.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

KEYRING = "etc/rauc/keyring.pem"
_TRAILER = 8
_MAX_SIGNATURE = 1 << 20


class BadSignature(Exception):
    """Raised with why a bundle is not believed."""


def check(bundle: Path, keyring: Path) -> None:
    """Check a bundle's signature, if the unit has a keyring.

    Raises:
        BadSignature: if the keyring does not vouch for it.
    """
    if not keyring.is_file():
        return
    size = bundle.stat().st_size
    with bundle.open("rb") as file:
        file.seek(max(0, size - _TRAILER))
        length = int.from_bytes(file.read(_TRAILER), "big")
        payload_size = size - _TRAILER - length
        if not 0 < length <= _MAX_SIGNATURE or payload_size <= 0:
            raise BadSignature("the bundle is not signed")
        file.seek(payload_size)
        signature = file.read(length)
        file.seek(0)
        _verify(signature, file.read(payload_size), keyring)


def _verify(signature: bytes, payload: bytes, keyring: Path) -> None:
    with tempfile.NamedTemporaryFile() as apart:
        apart.write(signature)
        apart.flush()
        command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", apart.name]
        command += ["-content", "/dev/stdin", "-CAfile", str(keyring), "-purpose", "any", "-out", "/dev/null"]
        ran = subprocess.run(command, input=payload, stderr=subprocess.PIPE)
    if ran.returncode != 0:
        reason = ran.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise BadSignature(f"signature verification failed: {' '.join(reason)}")
