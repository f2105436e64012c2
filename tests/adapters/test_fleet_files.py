from __future__ import annotations

from pathlib import Path

import pytest

from fleetctl.adapters.fleet_files import FolderFiles
from fleetctl.adapters.new_files import write_files
from fleetctl.core.problems import CouldNot, InvalidInput


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "fleet.yaml": "a: 1\n",
        "sites/b.yaml": "",
        "sites/a.yml": "",
        "sites/big/2.yaml": "",
        "sites/big/1.yaml": "",
        "sites/big/notes.txt": "",
        "sites/empty/readme.md": "",
        "sites/.hidden.yaml": "",
        "sites/b.yaml.orig": "",
    }
    write_files(tmp_path, files, overwrite=False)
    return tmp_path


def test_sites_are_files_and_folders_in_order(folder: Path) -> None:
    sites = FolderFiles(folder).sites()
    assert {id: [file.name for file in files] for id, files in sites.items()} == {
        "a": ["sites/a.yml"],
        "b": ["sites/b.yaml"],
        "big": ["sites/big/1.yaml", "sites/big/2.yaml"],
    }
    assert list(sites) == sorted(sites)


def test_files_show_the_path_that_the_user_would_type(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    source = FolderFiles(Path()).fleet()
    assert (source.path, source.name, source.content) == ("fleet.yaml", "fleet.yaml", b"a: 1\n")
    assert FolderFiles(folder).fleet().path == str(folder / "fleet.yaml")


def test_without_a_folder_of_sites_there_are_none(tmp_path: Path) -> None:
    assert FolderFiles(tmp_path).sites() == {}


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "sites" / "b.yaml").unlink()
    (folder / "sites" / "b.yaml").symlink_to("nowhere")
    with pytest.raises(CouldNot, match=r"sites/b\.yaml: cannot be read"):
        FolderFiles(folder).sites()


def test_the_machines_time_zones_are_known(folder: Path) -> None:
    assert {"Europe/Paris", "Europe/Rome"} <= FolderFiles(folder).time_zones()


def test_nothing_is_written_if_a_file_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("mine")
    with pytest.raises(InvalidInput, match="b exists already"):
        write_files(tmp_path, {"a": "1", "b": "2"}, overwrite=False)
    assert not (tmp_path / "a").exists()
    assert (tmp_path / "b").read_text() == "mine"


def test_files_are_overwritten_when_asked(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("old")
    assert write_files(tmp_path, {"b": "new"}, overwrite=True) == [tmp_path / "b"]
    assert (tmp_path / "b").read_text() == "new"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CouldNot, match="cannot be written"):
        write_files(tmp_path / "file", {"a": "1"}, overwrite=True)
