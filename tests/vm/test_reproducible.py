"""One lock and its packages give one image: made again in another place from packages alone, it is the same bytes."""

from __future__ import annotations

import hashlib
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.vm_images import ImageWorks

pytestmark = pytest.mark.vm
MADE = ("rootfs.ext4", "disk.img", "vmlinuz", "imager.cpio.gz", "packages.lock")
_BYTES_USED = 40
"""Place of a SquashFS's length in it. What follows it in a bundle differs each time: the hash tree has a random salt,
the signature a time."""


@pytest.fixture
def first(works: ImageWorks) -> Path:
    """Return the image that a machine of these tests boots."""
    return works.first("radiator")


@pytest.fixture
def again(works: ImageWorks, first: Path) -> Iterator[Path]:
    """Return the same image, made a second time by somebody who has its packages, and nothing that was made of them."""
    elsewhere = works.folder / "again"
    shutil.copytree(works.cache / "packages", elsewhere / "cache/packages")
    shutil.copytree(works.folder / "keys", elsewhere / "keys")
    for name, there in (("packages.lock", "radiator.lock"), ("../key", "key"), ("../key.pub", "key.pub")):
        shutil.copy(first / name, elsewhere / there)
    yield ImageWorks(elsewhere, elsewhere / "cache").first("radiator")
    shutil.rmtree(elsewhere)


def test_a_second_build_is_the_same_to_the_last_byte(first: Path, again: Path) -> None:
    assert {name: _digest(again / name) for name in MADE} == {name: _digest(first / name) for name in MADE}
    bundle = f"{first.name}.raucb"
    assert _payload(again / bundle) == _payload(first / bundle)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _payload(bundle: Path) -> str:
    """Return the digest of what a bundle's signature is about: manifest and root file system, packed."""
    content = bundle.read_bytes()
    (length,) = struct.unpack_from("<Q", content, _BYTES_USED)
    return hashlib.sha256(content[:length]).hexdigest()
