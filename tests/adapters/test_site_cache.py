from __future__ import annotations

from pathlib import Path

import pytest

from fleetctl.adapters.site_cache import FolderCache, NoCache


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".fleetctl" / "cache"


def test_a_blob_answers_to_its_key_only(folder: Path) -> None:
    cache = FolderCache(folder)
    cache.put("here", "checked", "k1", b"one\ntwo")
    assert cache.get("here", "checked", "k1") == b"one\ntwo"
    assert cache.get("here", "checked", "k2") is None
    assert cache.get("here", "configs", "k1") is None
    assert cache.get("there", "checked", "k1") is None


def test_a_new_blob_takes_the_place_of_the_one_before(folder: Path) -> None:
    cache = FolderCache(folder)
    cache.put("here", "checked", "k1", b"1")
    cache.put("here", "checked", "k2", b"2")
    assert cache.get("here", "checked", "k2") == b"2"
    assert [path.name for path in folder.iterdir()] == ["here.checked"]


@pytest.mark.parametrize("damage", [b"", b"x", b"\n", b"fleetctl-cache-1 k1 00000000 3\nabc"])
def test_a_damaged_file_is_treated_as_missing(folder: Path, damage: bytes) -> None:
    cache = FolderCache(folder)
    cache.put("here", "checked", "k1", b"abc")
    (folder / "here.checked").write_bytes(damage)
    assert cache.get("here", "checked", "k1") is None


def test_every_cut_of_a_file_is_treated_as_missing(folder: Path) -> None:
    cache = FolderCache(folder)
    cache.put("here", "checked", "k1", b"abcdef")
    whole = (folder / "here.checked").read_bytes()
    for length in range(len(whole)):
        (folder / "here.checked").write_bytes(whole[:length])
        assert cache.get("here", "checked", "k1") is None


def test_it_is_safe_to_delete(folder: Path) -> None:
    cache = FolderCache(folder)
    cache.put("here", "checked", "k1", b"abc")
    (folder / "here.checked").unlink()
    folder.rmdir()
    assert cache.get("here", "checked", "k1") is None
    cache.put("here", "checked", "k1", b"abc")
    assert cache.get("here", "checked", "k1") == b"abc"


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = FolderCache(tmp_path / "file" / "cache")
    cache.put("here", "checked", "k1", b"abc")
    assert cache.get("here", "checked", "k1") is None


def test_a_failed_write_leaves_nothing_behind(folder: Path) -> None:
    (folder / "here.checked" / "in-the-way").mkdir(parents=True)
    FolderCache(folder).put("here", "checked", "k1", b"abc")
    assert [path.name for path in folder.iterdir()] == ["here.checked"]


def test_no_cache_keeps_nothing() -> None:
    NoCache().put("here", "checked", "k1", b"abc")
    assert NoCache().get("here", "checked", "k1") is None
