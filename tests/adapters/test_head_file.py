"""Heads are appended whole, kept apart by state, and damage is said."""

from __future__ import annotations

import resource
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fleetctl.adapters.head_file import HeadFile
from fleetctl.core.log_heads import Head, SignedHead
from fleetctl.core.problems import CouldNot
from tests.builders.world import START

ONE = SignedHead("u-1", Head(7, "d7"), START, "ssh-ed25519 AAAA", "c2ln")


def test_heads_are_kept_in_order_and_apart_by_state(tmp_path: Path) -> None:
    file = HeadFile(tmp_path / "new" / "heads.jsonl")
    assert file.heads("u-1") == []
    other, later = replace(ONE, state="u-2"), replace(ONE, head=Head(9, "d9"))
    for head in (ONE, other, later):
        file.add(head)
    assert list(HeadFile(tmp_path / "new" / "heads.jsonl").heads("u-1")) == [ONE, later]
    assert stat.S_IMODE((tmp_path / "new" / "heads.jsonl").stat().st_mode) == 0o600


def test_a_damaged_line_is_said_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "heads.jsonl"
    path.write_text(ONE.line + ONE.line[:40] + "\n")
    with pytest.raises(CouldNot, match=r"line 2 of .* is not a signed head"):
        HeadFile(path).heads("u-1")


def test_a_full_disk_leaves_no_half_a_line(tmp_path: Path) -> None:
    path = tmp_path / "heads.jsonl"
    HeadFile(path).add(ONE)
    whole = path.read_text()
    program = (
        "import resource, signal, sys\n"
        "from tests.adapters.test_head_file import ONE, add_within\n"
        f"add_within({str(path)!r}, {len(whole) + 20})\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[2], capture_output=True, text=True
    )
    assert "cannot be written" in said.stdout, said.stderr
    assert path.read_text() == whole


def add_within(path: str, size: int) -> None:
    """Append a head where a file may not grow over a size."""
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        HeadFile(Path(path)).add(ONE)
    except CouldNot as refused:
        sys.stdout.write(str(refused))


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CouldNot, match="cannot be written"):
        HeadFile(tmp_path / "file" / "heads.jsonl").add(ONE)
