"""Configures a lab's units by the real executor: `python -m bench.configured FOLDER UNITS ROUNDS REPORT`.

Each round changes two of the eight files of every unit. Zero rounds bring the units into the state where a round
changes just those: all eight files, confirmed. The report holds the wall time of each round, in seconds.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bench.lab import Known, known
from fleetctl.adapters.ansible.executor import AnsibleExecutor, Sources
from fleetctl.adapters.ansible.run import Settings
from fleetctl.adapters.carry.cargo import Cargo
from fleetctl.adapters.carry.line import Reach
from fleetctl.adapters.share import TemplateFolders, playbooks_folder
from fleetctl.adapters.ssh.masters import MasterConnections
from fleetctl.core.config import Config, payload
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import Ending, Step, StepKind
from fleetctl.services.render import configs

CHANGED = ("/etc/fleet/compute.env", "/etc/systemd/timesyncd.conf.d/10-fleet.conf")
"""Files of which every round changes one line; both have a service that is checked and reloaded."""
SECRET = "not-a-secret"
MARKER = "bench"


def changed(config: Config, round_id: str) -> Config:
    """Return a config whose changing files say which round it is."""
    files = (
        replace(file, content=f"{file.content}# round {round_id}\n") if file.path in CHANGED else file
        for file in config.files
    )
    return replace(config, files=tuple(files))


def rendered(of: Known) -> list[Config]:
    """Return the units' configs as they are declared."""
    return list(configs(of.fleet, of.units, TemplateFolders()))


def configure(of: Known, rounds: int) -> list[float]:
    """Configure all units in each round; return how long each took.

    Raises:
        AssertionError: if a unit did not take its config.
    """
    routes = {route.target.unit: route for route in of.routes}
    declared, current = rendered(of), dict[str, Config]()
    walls: list[float] = []
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, MasterConnections() as masters:
        sources = Sources(
            route=lambda step: routes[step.unit],
            payload=lambda step: json.dumps(payload(current[step.unit], lambda _: SECRET)).encode(),
            cargo=_none,
            reach=Reach(masters.command, masters.environment),
            check_leading=lambda: None,
            ssh_config=masters.config,
            redact=lambda text: text,
        )
        executor = AnsibleExecutor(Settings(playbooks_folder(), Path(folder), MARKER), sources)
        try:
            for _ in range(rounds or 1):
                round_id = str(time.time_ns())
                current |= {config.unit: changed(config, round_id) for config in declared}
                started_s = time.monotonic()
                _do(executor, [_step(config, round_id, StepKind.CONFIGURE) for config in current.values()])
                walls.append(time.monotonic() - started_s)
            if rounds == 0:
                _do(executor, [_step(config, round_id, StepKind.VERIFY) for config in current.values()])
        finally:
            executor.close()
    return walls


def _none(step: Step) -> Cargo:
    raise CouldNot(f"{step.id} brings no bundle")


def _step(config: Config, round_id: str, kind: StepKind) -> Step:
    number = 1 if kind is StepKind.CONFIGURE else 2
    return Step(f"bench-{round_id}", config.unit, 1, number, kind, 1, config.digest)


def _do(executor: AnsibleExecutor, steps: Sequence[Step]) -> None:
    endings: Mapping[str, str] = {}
    executor.submit(steps)
    while len(endings) < len(steps):
        results = executor.poll(1.0)
        assert all(result.ending is Ending.OK for result in results), results
        endings = {**endings, **{result.step.unit: result.message for result in results}}


def main() -> None:
    """Configure, and write how long it took."""
    folder, units, rounds, report = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    report.write_text(json.dumps(configure(known(folder, units), rounds)))


if __name__ == "__main__":
    main()
