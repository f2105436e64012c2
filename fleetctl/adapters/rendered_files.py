"""Writes rendered configs into a folder for people to look at: `DIR/site/unit/path`, with marks instead of secrets."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from fleetctl.core.config import Config
from fleetctl.core.problems import InvalidInput, Problem

MARKER = ".fleetctl-rendered"
"""Tells a folder that this module wrote, whose units it may replace, from one that holds somebody's work."""


def write_configs(folder: Path, configs: Iterable[Config]) -> Iterator[Config]:
    """Write configs and yield each when its files are there; the folder of a unit that was written before is replaced.

    Raises:
        InvalidInput: if the folder holds something else.
    """
    _claim(folder)
    for config in configs:
        _write(folder, config)
        yield config


def _claim(folder: Path) -> None:
    if folder.exists() and not (folder / MARKER).exists() and (not folder.is_dir() or any(folder.iterdir())):
        fact = f"{folder} exists and was not written by 'fleetctl render'"
        raise InvalidInput([Problem("not-empty", fact, hint="name a new or an empty folder")])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / MARKER).touch(mode=0o600)


def _write(folder: Path, config: Config) -> None:
    home = folder / config.unit
    if home.exists():
        shutil.rmtree(home)
    for file in config.files:
        path = home / file.path.lstrip("/")
        _private_folders(path.parent, folder)
        path.touch(mode=0o600)
        path.write_text(file.content, "utf-8")


def _private_folders(folder: Path, top: Path) -> None:
    """Make folders that only the owner can enter; `parents=True` would leave those in between to the umask."""
    if folder != top and not folder.is_dir():
        _private_folders(folder.parent, top)
        folder.mkdir(mode=0o700)
