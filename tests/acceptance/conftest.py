"""A lab for each file of acceptance tests: the demo fleet, two sites, 24 radiators, three boilers, two gateways."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.builders.acceptance import PART, SITE
from tests.builders.cli import Cli

POLICIES = """policies:
  quick: {max_in_progress: 8, max_failed: 2, retries: 0, step_timeout_s: 20, unit_timeout_s: 90, confirm_timeout_s: 8}
  slow: {max_in_progress: 1, max_failed: 2, retries: 1, step_timeout_s: 60}
"""


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
        fresh("apply", f"site={SITE}", "--yes")
    return fresh


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """Five dwellings of the building after their first rollout; their rooms and models live sixty times as fast."""
    cli = Cli.of_example("demo", tmp_path_factory.mktemp("acceptance") / "demo")
    cli.edit("fleet.yaml", ("policies:\n", POLICIES))
    cli("lab", "up", "--select", PART, "--time-factor", "60")
    try:
        cli("apply", PART, "--yes")
        yield cli
    finally:
        cli("lab", "down", code=None)
