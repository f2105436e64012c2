"""One lab for all acceptance tests: the demo fleet, two sites, 24 radiators, three boilers, two gateways."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
    """The same fleet after its first rollout."""
    if fresh("plan", "--detailed-exitcode", code=None).code == 3:
        fresh("apply", "--yes")
    return fresh
