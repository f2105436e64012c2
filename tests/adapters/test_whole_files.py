from __future__ import annotations

import stat
from pathlib import Path

import pytest

from fleetctl.adapters.whole_files import Replacement, replace_whole
from fleetctl.core.problems import CouldNot


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "one.yaml", tmp_path / "two.yaml"
    for path in paths:
        path.write_bytes(b"old")
    return paths


def test_all_files_are_replaced_and_keep_their_modes_and_links(pair: tuple[Path, Path], tmp_path: Path) -> None:
    pair[0].chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(pair[1])

    replace_whole({pair[0]: Replacement(b"old", b"new 1"), link: Replacement(b"old", b"new 2")})

    assert [path.read_bytes() for path in pair] == [b"new 1", b"new 2"]
    assert stat.S_IMODE(pair[0].stat().st_mode) == 0o640
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.yaml", "one.yaml", "two.yaml"]


def test_nothing_is_replaced_if_somebody_changed_one(pair: tuple[Path, Path], tmp_path: Path) -> None:
    pair[1].write_bytes(b"somebody's")
    with pytest.raises(CouldNot, match="changed by somebody else"):
        replace_whole({path: Replacement(b"old", b"new") for path in pair})
    assert [path.read_bytes() for path in pair] == [b"old", b"somebody's"]
    assert len(list(tmp_path.iterdir())) == 2


def test_nothing_is_replaced_if_one_is_gone(pair: tuple[Path, Path], tmp_path: Path) -> None:
    pair[1].unlink()
    with pytest.raises(CouldNot, match=r"two\.yaml"):
        replace_whole({path: Replacement(b"old", b"new") for path in pair})
    assert [path.name for path in tmp_path.iterdir()] == ["one.yaml"]
    assert pair[0].read_bytes() == b"old"


def test_a_rename_that_fails_takes_those_before_it_back(
    pair: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.replace

    def fails_for_the_second(self: Path, target: Path) -> Path:
        if target == pair[1]:
            raise OSError(28, "No space left on device", str(target))
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", fails_for_the_second)
    with pytest.raises(CouldNot, match="No space left"):
        replace_whole({path: Replacement(b"old", b"new") for path in pair})
    assert [path.read_bytes() for path in pair] == [b"old", b"old"]
    assert len(list(tmp_path.iterdir())) == 2
