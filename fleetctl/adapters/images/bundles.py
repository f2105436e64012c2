"""Bundles, packed and signed by RAUC."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fleetctl.adapters.images.programs import run
from fleetctl.core.images.texts import Identity, bundle_manifest

IMAGE = "rootfs.ext4"
_SQUASHFS = "-comp zstd -Xcompression-level 6 -b 4096 -no-progress -quiet"


@dataclass(frozen=True)
class Signing:
    """Who signs.

    Attributes:
        certificate: file.
        key: file, or a PKCS #11 URI: the key may stay in its token.
        keyring: certificates that units believe; the signature is checked against them at once.
    """

    certificate: Path
    key: str
    keyring: Path


def pack(path: Path, root: Path, identity: Identity, form: str, signing: Signing, epoch_s: int) -> None:
    """Pack a root file system as a bundle.

    Args:
        path: of the bundle.
        root: file system.
        identity: whom it is for, and its version.
        form: `plain` or `verity`.
        signing: who signs it.
        epoch_s: time of everything in it. The signature has a time of its own, so two bundles of one root differ.

    Raises:
        CouldNot: if RAUC refuses.
    """
    path.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix=".bundle-", dir=path.parent) as scratch:
        content = Path(scratch) / "content"
        content.mkdir()
        try:
            os.link(root, content / IMAGE)
        except OSError:
            shutil.copy(root, content / IMAGE)
        (content / "manifest.raucm").write_text(bundle_manifest(identity, form, IMAGE))
        options = [f"--cert={signing.certificate}", f"--key={signing.key}", f"--keyring={signing.keyring}"]
        options += [f"--mksquashfs-args={_SQUASHFS}"]
        run(["rauc", "bundle", *options, content, path], extra={"SOURCE_DATE_EPOCH": str(epoch_s)})
