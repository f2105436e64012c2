"""Bundles of the second tier, as fleetctl's own check reads them; that RAUC takes them, its contract tests show."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fleetctl.adapters.bundles.reader import BundleReader
from fleetctl.lab.bundles import signer_in
from fleetctl.lab.system import bundles, disks

PROGRAMS = ("mksquashfs", "unsquashfs", "mkfs.ext4")
pytestmark = pytest.mark.skipif(
    not all(shutil.which(p, path="/usr/bin:/usr/sbin:/sbin") for p in PROGRAMS), reason=f"{PROGRAMS} are not all here"
)


def test_a_bundle_says_what_it_is_and_is_believed_by_its_keyring_alone(tmp_path: Path) -> None:
    signer, keyring, path = signer_in(tmp_path / "signer"), tmp_path / "keyring.pem", tmp_path / "2.0.raucb"
    keyring.write_text(signer.pem)
    bundles.build(path, "radiator-lab", "2.0", signer, ballast_bytes=100_000)
    bundle = BundleReader(keyring, ask_rauc=False).read(path, datetime.now(UTC))
    assert bundle.problems == ()
    assert bundle.manifest is not None
    assert (bundle.manifest.compatible, bundle.manifest.version) == ("radiator-lab", "2.0")
    assert bundle.manifest.images == (("rootfs", disks.IMAGE_BYTES),)
    assert path.stat().st_size > 100_000

    keyring.write_text(signer_in(tmp_path / "somebody").pem)
    refused = BundleReader(keyring, ask_rauc=False).read(path, datetime.now(UTC))
    assert [problem.code for problem in refused.problems] == ["bad-signature"]


def test_a_slot_is_sparse_and_everybody_on_the_unit_reads_what_it_brings(tmp_path: Path) -> None:
    disks.make_slot(tmp_path / "slot", disks.SLOT_BYTES, {"etc/fleet/release": "VERSION=2.0\n"})
    told = (tmp_path / "slot").stat()
    assert told.st_size == disks.SLOT_BYTES
    assert told.st_blocks * 512 < disks.SLOT_BYTES / 10
