"""The manifest that a machine is given: lines that a shell can read, signed as a whole.

The imager believes nothing else: it checks the signature first, then that the manifest is for this machine and this
very boot (so an old one cannot be replayed to it), then each chunk's digest before it writes the chunk.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

from fleetctl.core.imaging.claim import Claim
from fleetctl.core.imaging.image import Image, stub_of
from fleetctl.core.inventory.fleet import Unit

FORMAT = 1
NAMESPACE = "fleetctl-imaging"
"""Of the signature: one made for anything else does not count (ssh-keygen(1), `-n`)."""


def manifest(unit: Unit, image: Image, claim: Claim, token: str, authorized: str = "") -> bytes:
    """Return a manifest, not signed yet.

    Args:
        unit: that the machine is to be.
        image: that it writes.
        claim: who the machine is.
        token: the one-time token itself.
        authorized: public keys that may log in, as in `authorized_keys`.
    """
    head = {
        "format": FORMAT,
        "unit": unit.name,
        "hostname": unit.host_name,
        "serial": claim.serial,
        "model": unit.model,
        "mac": claim.mac,
        "boot": claim.boot,
        "release": image.version,
        "token": token,
        "devices": " ".join(image.devices),
        "authorized": b64encode(authorized.encode()).decode(),
        "size_mib": image.size_mib,
        "data_offset": image.data_offset,
        "stub": b64encode(stub_of(image.mbr)).decode(),
        "mbr": b64encode(image.mbr).decode(),
    }
    lines = [*(f"{key}={value}" for key, value in head.items()), *_pieces(image), "end=1"]
    return "".join(f"{line}\n" for line in lines).encode()


def _pieces(image: Image) -> Iterator[str]:
    """Yield what is written, and between that what has to be zero, in the order of the disk."""
    reached = 0
    for chunk in sorted(image.chunks, key=lambda c: c.offset_mib):
        if chunk.offset_mib > reached:
            yield f"zero={reached} {chunk.offset_mib - reached}"
        yield f"chunk={chunk.offset_mib} {chunk.length_mib} {chunk.packed_bytes} {chunk.sha256}"
        reached = chunk.offset_mib + chunk.length_mib
    if image.size_mib > reached:
        yield f"zero={reached} {image.size_mib - reached}"
