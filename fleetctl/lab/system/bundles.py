"""Signed releases for stand-ins of the second tier: bundles that the real RAUC installs, in its plain form.

The image is a slot's file system, smaller than the slot; RAUC lets it grow to the slot.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from fleetctl.core.problems import CouldNot
from fleetctl.lab.bundles import FAILURES, Signer, ballast
from fleetctl.lab.system import disks
from fleetctl.lab.unit.bundle import BALLAST, MANIFEST

IMAGE = "rootfs.ext4"


def build(
    path: Path,
    compatible: str,
    version: str,
    signer: Signer,
    *,
    fails: str = "",
    ballast_bytes: int = 0,
    like: str = "",
    image_bytes: int = disks.IMAGE_BYTES,
    files: Mapping[str, str] | None = None,
) -> None:
    """Write a signed bundle.

    Args:
        path: of the bundle; ends in `.raucb`.
        compatible: which machines it is for.
        version: of the system.
        signer: signs it.
        fails: how its system fails, of `fleetctl.lab.bundles.FAILURES`; empty if it does not.
        ballast_bytes: what it is larger by, so that it is as slow to carry as a real one.
        like: version whose ballast it has; empty for one of its own.
        image_bytes: size of its file system, at most the slot's; to write a larger one takes RAUC longer.
        files: what it brings besides: text by path in the slot, without a leading slash.

    Raises:
        CouldNot: if there is no `mksquashfs`.
    """
    if shutil.which("mksquashfs") is None:
        raise CouldNot("there is no mksquashfs", hint="install it: apt-get install squashfs-tools")
    brings = {"etc/fleet/release": f"VERSION={version}\n", **(FAILURES[fails] if fails else {}), **(files or {})}
    with tempfile.TemporaryDirectory() as folder:
        content = Path(folder) / "content"
        content.mkdir()
        disks.make_slot(content / IMAGE, image_bytes, brings)
        (content / BALLAST).write_bytes(ballast(like or version, ballast_bytes))
        (content / MANIFEST).write_text(_manifest(compatible, version, content / IMAGE))
        payload = Path(folder) / "payload"
        subprocess.run(
            ["mksquashfs", content, payload, "-all-root", "-no-xattrs", "-quiet", "-no-progress"], check=True
        )
        signed = payload.read_bytes()
    path.write_bytes(signed + signer.sign(signed))


def _manifest(compatible: str, version: str, image: Path) -> str:
    with image.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return (
        f"[update]\ncompatible={compatible}\nversion={version}\n\n[bundle]\nformat=plain\n\n"
        f"[image.rootfs]\nsha256={digest}\nsize={image.stat().st_size}\nfilename={IMAGE}\n"
    )
