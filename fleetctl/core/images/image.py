"""An image's description: what it is of, and every file of it with its digest."""

from __future__ import annotations

import json
from typing import Any

from fleetctl.core.images.disk import Disk
from fleetctl.core.images.texts import Identity
from fleetctl.core.problems import InvalidInput, Problem

SCHEMA = "fleetctl/image/v1"
FILE = "image.json"
DISK, ROOT, KERNEL, IMAGER, BILL, LOCK = (
    "disk.img",
    "rootfs.ext4",
    "vmlinuz",
    "imager.cpio.gz",
    "sbom.cdx.json",
    "packages.lock",
)
DATA_PARTITION = 4
DEVICES = ("/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/mmcblk0")
"""Where a machine's disk may be; the first one that is there is written."""


def describe(identity: Identity, disk: Disk, files: dict[str, dict[str, Any]], lock_digest: str) -> bytes:
    """Return the description.

    Args:
        identity: what the image is of.
        disk: how it is divided.
        files: by their part (`disk`, `root`, `bundle`, …), each with `file`, `size_bytes`, `sha256`.
        lock_digest: of the packages.
    """
    document = {
        "schema": SCHEMA,
        "version": identity.version,
        "kind": identity.kind.value,
        "compatible": identity.compatible,
        "models": [identity.model],
        "data_partition": DATA_PARTITION,
        "devices": list(DEVICES),
        "kernel": KERNEL,
        "imager": IMAGER,
        "bundle_sha256": files.get("bundle", {}).get("sha256", ""),
        "slot_bytes": disk.partitions[1].size,
        "lock": lock_digest,
        **{part: file for part, file in files.items() if part in {"disk", "root", "bundle", "bill"}},
    }
    return json.dumps(document, indent=1).encode() + b"\n"


def files_of(content: bytes, path: str) -> dict[str, tuple[int, str]]:
    """Return size and digest of each file that a description names.

    Raises:
        InvalidInput: if it is none.
    """
    try:
        document = json.loads(content)
        if document["schema"] != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}")
        named = (part for part in document.values() if isinstance(part, dict) and "sha256" in part)
        return {str(part["file"]): (int(part["size_bytes"]), str(part["sha256"])) for part in named}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput([Problem("bad-image", f"it does not describe an image: {error}", path)]) from None
