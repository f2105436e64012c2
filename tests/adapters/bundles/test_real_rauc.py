"""What RAUC itself builds and judges: our check comes to the same verdict, in both of its forms."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from fleetctl.adapters.bundles.reader import BundleReader
from tests.builders.bundles import NOW, Workshop, a_party, an_authority

PROGRAMS = ("rauc", "mksquashfs", "unsquashfs")
pytestmark = pytest.mark.skipif(not all(map(shutil.which, PROGRAMS)), reason=f"one of {PROGRAMS} is not installed")


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path / "workshop")


def build(workshop: Workshop, form: str) -> Path:
    content, path = workshop.folder / f"in-{form}", workshop.folder / f"{form}.raucb"
    content.mkdir()
    (content / "rootfs.ext4").write_bytes(random.Random(1).randbytes(400_000))  # RAUC refuses what shrinks to one block
    (content / "manifest.raucm").write_text(
        f"[update]\ncompatible=heat-qh\nversion=2026.12\n[bundle]\nformat={form}\n"
        "[image.rootfs]\nfilename=rootfs.ext4\n"
    )
    for name, pem in (("c.pem", workshop.builder.pem), ("k.pem", workshop.builder.key_pem)):
        (workshop.folder / name).write_bytes(pem)
    keys = [f"--cert={workshop.folder}/c.pem", f"--key={workshop.folder}/k.pem", f"--keyring={workshop.keyring}"]
    ran = subprocess.run(["rauc", "bundle", *keys, content, path], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return path


@pytest.mark.parametrize("form", ["plain", "verity"])
@pytest.mark.parametrize("ask_rauc", [True, False])
def test_rauc_and_our_own_check_agree(workshop: Workshop, form: str, ask_rauc: bool) -> None:
    path = build(workshop, form)
    reader = BundleReader(workshop.keyring, ask_rauc=ask_rauc)
    bundle = reader.read(path, NOW)
    assert bundle.problems == ()
    assert bundle.manifest is not None
    assert (bundle.manifest.compatible, bundle.manifest.images) == ("heat-qh", (("rootfs", 400_000),))

    content = path.read_bytes()
    path.write_bytes(content[:200] + b"\0\1\2" + content[203:])
    assert [problem.code for problem in reader.read(path, NOW).problems], "a changed payload"
    path.write_bytes(content)
    workshop.keyring.write_bytes(an_authority("another").pem)
    assert [problem.code for problem in reader.read(path, NOW).problems] == ["bad-signature"], "another keyring"


def test_rauc_refuses_the_purpose_that_our_own_check_refuses(workshop: Workshop) -> None:
    from cryptography.x509.oid import ExtendedKeyUsageOID

    path = build(workshop, "plain")
    payload = path.read_bytes()
    size = int.from_bytes(payload[-8:], "big")
    signer = a_party("builder", workshop.authority, purposes=[ExtendedKeyUsageOID.CODE_SIGNING])
    signature = signer.sign(payload[: -8 - size])
    path.write_bytes(payload[: -8 - size] + signature + len(signature).to_bytes(8, "big"))
    for ask_rauc in (True, False):
        bundle = BundleReader(workshop.keyring, ask_rauc=ask_rauc).read(path, NOW)
        assert [problem.code for problem in bundle.problems] == ["bad-signature"]
