"""A lab for each file of acceptance tests: the demo fleet, two sites, 24 radiators, three boilers, two gateways."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.builders.acceptance import PART, SITE, SOME
from tests.builders.cli import Cli

POLICIES = """policies:
  quick: {max_in_progress: 8, max_failed: 2, retries: 0, step_timeout_s: 20, unit_timeout_s: 90, confirm_timeout_s: 8}
  slow: {max_in_progress: 1, max_failed: 2, retries: 1, step_timeout_s: 60}
  together: {max_in_progress: 30, max_failed: 2, retries: 1}
"""
TOGETHER = ("--yes", "--policy", "together")
"""Whoever may go goes at once: a start of Ansible costs a second, whatever the number of units."""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """A fleet whose units have just booted: nothing is configured yet."""
    cli = Cli.of_example("demo", tmp_path_factory.mktemp("acceptance") / "demo")
    cli.edit("fleet.yaml", ("policies:\n", POLICIES))
    cli("lab", "up")
    try:
        yield cli
    finally:
        cli("lab", "down", code=None)


@pytest.fixture(scope="module")
def configured(fresh: Cli) -> Cli:
    """The same fleet after the first rollout over the building; what came before may have configured it all."""
    if fresh("plan", f"site={SITE}", "--detailed-exitcode", code=None).code == 3:
        fresh("apply", f"site={SITE}", *TOGETHER)
    return fresh


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """Five dwellings of the building after their first rollout; their rooms and models live sixty times as fast."""
    with a_warm_part(tmp_path_factory.mktemp("acceptance") / "demo", PART) as cli:
        yield cli


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """Two of these dwellings."""
    with a_warm_part(tmp_path_factory.mktemp("acceptance") / "demo", SOME) as cli:
        yield cli


@contextmanager
def a_warm_part(folder: Path, selection: str) -> Iterator[Cli]:
    cli = Cli.of_example("demo", folder)
    cli.edit("fleet.yaml", ("policies:\n", POLICIES))
    cli("lab", "up", "--select", selection, "--time-factor", "60")
    try:
        cli("apply", selection, *TOGETHER)
        yield cli
    finally:
        cli("lab", "down", code=None)
