"""The demo fleet with its radiators as nodes of a platform."""

from __future__ import annotations

from pathlib import Path

from tests.builders.acceptance import SITE
from tests.builders.cli import Cli

NODES = tuple(f"{SITE}-a101-{number}" for number in (1, 2, 3))
"""The nodes of one dwelling."""
_PLATFORM = """secrets:
  slurm-token: {backend: env, locator: SLURM_TOKEN, version: "1"}
platforms:
  main: {kind: slurm, url: "https://slurm.example.net:6820", token: slurm-token}
policies:
  patient:
    {max_in_progress: 8, step_timeout_s: 40, defer_for_s: 1, defer_every_s: 1, drain: {deadline_s: 300, jobs: defer}}
  ends-jobs:
    {max_in_progress: 8, step_timeout_s: 40, drain: {deadline_s: 5, jobs: cancel}}
"""
_HEAT = "    heat: {min_setpoint_c: 16, max_setpoint_c: 26, default_setpoint_c: 20, watchdog_s: 60}\n"
_COMPUTE = '    compute: {platform: main, controller: "slurm.example.net:6817", cpus: 2}\n'


def a_fleet_of_nodes(folder: Path) -> Cli:
    """Copy the demo fleet, and declare its platform."""
    cli = Cli.of_example("demo", folder)
    cli.edit("fleet.yaml", ("policies:\n", _PLATFORM), (_HEAT, _HEAT + _COMPUTE))
    return cli
