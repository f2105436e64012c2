"""Differences of bundles that are compressed block by block, as RAUC's are."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from fleetctl.adapters.bundles.layout import sha256
from fleetctl.adapters.carry.cargo import Cargo
from fleetctl.adapters.carry.depot import CheckedFiles
from fleetctl.adapters.carry.differences import Differences, pieces
from tests.builders.keeper import a_cargo

BEGINNINGS = {"zstd": b"\x28\xb5\x2f\xfd", "xz": b"\xfd7zXZ\x00", "zlib": b""}


def block(number: int, form: str = "zlib") -> bytes:
    """Return a compressed block, another one for each number, as some compressor would begin it."""
    content = random.Random(number).randbytes(3000) + b" " * 3000
    return BEGINNINGS[form] + zlib.compress(content)


def bundle(path: Path, numbers: Sequence[int], form: str = "zlib") -> Path:
    path.write_bytes(b"head" + b"".join(block(number, form) for number in numbers))
    return path


def cargo(wanted: Path, *others: Path) -> Cargo:
    return replace(a_cargo(wanted), others={sha256(file): file for file in others})


def sent(made: Differences, of: Cargo, there: Sequence[str], offset: int = 0) -> int | None:
    """Return how large a difference is; None if there is none."""
    with made.since(of, there, offset) as found:
        return None if found is None else found.file.stat().st_size


@pytest.mark.parametrize("form", BEGINNINGS)
def test_blocks_that_moved_are_not_sent_again(tmp_path: Path, form: str) -> None:
    old = bundle(tmp_path / "1.raucb", range(40), form)
    new = bundle(tmp_path / "2.raucb", [100, 101, *range(40)], form)
    size = sent(Differences(CheckedFiles()), cargo(new, old), [sha256(old)])
    assert size is not None
    assert 2 * 3000 < size < 3 * 3100


def test_pieces_are_the_whole_file(tmp_path: Path) -> None:
    file = bundle(tmp_path / "1.raucb", range(9))
    found, content = list(pieces(file)), file.read_bytes()
    assert b"".join(content[start : start + size] for start, size, _ in found) == content
    assert len(found) >= 9


@pytest.mark.parametrize("known", ["to nobody", "to the machine alone", "to the depot alone", "as another file"])
def test_a_bundle_is_no_base_unless_both_have_it(tmp_path: Path, known: str) -> None:
    old, new = bundle(tmp_path / "1.raucb", range(9)), bundle(tmp_path / "2.raucb", range(10))
    digest, of = sha256(old), cargo(new, old)
    there = [digest] if known != "to the depot alone" else []
    if known in ("to nobody", "to the machine alone"):
        of = replace(of, others={})
    if known == "as another file":
        old.write_bytes(b"damaged")
    assert sent(Differences(CheckedFiles()), of, there if known != "to nobody" else []) is None


def test_bundles_that_have_little_in_common_go_in_full(tmp_path: Path) -> None:
    old = bundle(tmp_path / "1.raucb", range(10))
    new = bundle(tmp_path / "2.raucb", [*range(1), *range(50, 80)])
    assert sent(Differences(CheckedFiles()), cargo(new, old), [sha256(old)]) is None


def test_only_what_is_not_there_yet_is_sent(tmp_path: Path) -> None:
    old = bundle(tmp_path / "1.raucb", range(20))
    new = bundle(tmp_path / "2.raucb", [*range(100, 105), *range(20)])
    made, of = Differences(CheckedFiles()), cargo(new, old)
    whole, rest = (sent(made, of, [sha256(old)], offset) for offset in (0, 5 * 3000))
    assert whole is not None
    assert rest is not None
    assert rest < whole - 4 * 3000


def test_what_was_written_down_is_removed(tmp_path: Path) -> None:
    old, new = bundle(tmp_path / "1.raucb", range(9)), bundle(tmp_path / "2.raucb", range(10))
    with Differences(CheckedFiles()).since(cargo(new, old), [sha256(old)], 0) as found:
        assert found is not None
        assert found.bases == (sha256(old),)
        assert found.file.exists()
    assert not found.file.exists()
