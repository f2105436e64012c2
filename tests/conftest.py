"""What all tests share: no clock judges property tests, and nothing of the caller's settings reaches fleetctl."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

SLOWEST_FIRST = ("evening", "acceptance", "lab", "postgres")
"""Marks of tests, the slowest first."""

# A loaded machine is not a failure.
settings.register_profile("fleetctl", deadline=None)
settings.load_profile("fleetctl")


@pytest.fixture(autouse=True, scope="session")
def _no_settings_of_the_caller() -> None:
    """Forget what would steer fleetctl: a pipeline's `CI`, a state or inventory that somebody works with.

    Nor may anybody forbid bytecode: tests start fleetctl hundreds of times, which would compile all of it each time.
    """
    strange = ("CI", "PYTHONDONTWRITEBYTECODE")
    for name in [name for name in os.environ if name in strange or name.startswith("FLEETCTL_")]:
        del os.environ[name]


@pytest.fixture(autouse=True, scope="session")
def _no_files_in_the_callers_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let the log's key and its signed heads, which are made among a person's files, be made in a folder of ours."""
    folder = Path(tmp_path_factory.mktemp("home"))
    os.environ |= {"XDG_CONFIG_HOME": str(folder / "config"), "XDG_STATE_HOME": str(folder / "state")}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files whose tests take longest: a long one that is begun last keeps one process busy alone."""
    ranks: dict[Path, int] = {}
    for item in items:
        ranks[item.path] = min(ranks.get(item.path, len(SLOWEST_FIRST)), _rank(item))
    items.sort(key=lambda item: ranks[item.path])


def _rank(item: pytest.Item) -> int:
    marks = {mark.name for mark in item.iter_markers()}
    return next((rank for rank, name in enumerate(SLOWEST_FIRST) if name in marks), len(SLOWEST_FIRST))
