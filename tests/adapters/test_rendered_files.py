"""Rendered files in a folder: where they go, who may read them, and what is left alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from fleetctl.adapters.rendered_files import MARKER, write_configs
from fleetctl.core.config import Config, ConfigFile
from fleetctl.core.problems import InvalidInput

CONFIG = Config("s/a101-1", (ConfigFile("/etc/fleet/heat.toml", "é⟦secret:x@1⟧\n", 0o644), ConfigFile("/top", "t")))


def test_files_go_below_site_and_unit(tmp_path: Path) -> None:
    assert list(write_configs(tmp_path / "out", [CONFIG])) == [CONFIG]

    home = tmp_path / "out" / "s" / "a101-1"
    assert (home / "etc/fleet/heat.toml").read_text("utf-8") == "é⟦secret:x@1⟧\n"
    assert (home / "top").read_text() == "t"


def test_only_the_owner_may_look(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        list(write_configs(tmp_path / "out", [CONFIG]))
    finally:
        os.umask(before)

    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").rglob("*") if path.is_dir()}
    assert modes == {0o700}
    assert {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "out").rglob("*") if p.is_file()} == {0o600}


def test_files_of_an_earlier_rendering_are_gone_but_other_units_stay(tmp_path: Path) -> None:
    other = Config("s/other", CONFIG.files)
    list(write_configs(tmp_path, [CONFIG, other]))

    list(write_configs(tmp_path, [Config("s/a101-1", CONFIG.files[:1])]))

    assert not (tmp_path / "s/a101-1/top").exists()
    assert (tmp_path / "s/other/top").exists()
    assert (tmp_path / MARKER).exists()


def test_a_folder_with_somebodys_work_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")

    with pytest.raises(InvalidInput, match="was not written by 'fleetctl render'"):
        list(write_configs(tmp_path, [CONFIG]))

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")

    with pytest.raises(InvalidInput):
        list(write_configs(tmp_path / "out", [CONFIG]))
