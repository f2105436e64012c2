"""Stages a lab's units by the real carrier and executor, for `bench.staging`."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bench.lab import known
from fleetctl.adapters.ansible.executor import AnsibleExecutor, Sources
from fleetctl.adapters.ansible.run import Settings
from fleetctl.adapters.bundles.layout import sha256
from fleetctl.adapters.carry.cargo import Cargo, NotBrought
from fleetctl.adapters.carry.carrier import Carrier
from fleetctl.adapters.carry.line import Reach
from fleetctl.adapters.clock import SystemClock
from fleetctl.adapters.share import playbooks_folder
from fleetctl.adapters.ssh.masters import MasterConnections
from fleetctl.adapters.ssh.prober import SshProber
from fleetctl.core.facts import Facts
from fleetctl.core.rollout.state import Ending, Step, StepKind
from fleetctl.core.route import Route
from fleetctl.core.routes import cache_url
from fleetctl.ports import Target

UPLINK_BYTES = "/sys/class/net/wan0/statistics/rx_bytes"
LOOK_EVERY_S = 1.0


@dataclass(frozen=True)
class Bundle:
    """A file that stands for a bundle."""

    file: Path

    @cached_property
    def sha256(self) -> str:
        """Return its digest in hexadecimal."""
        return sha256(self.file)

    def step(self, unit: str) -> Step:
        """Return the step that stages it on a unit."""
        size = self.file.stat().st_size
        return Step(
            f"bench-{self.file.stem}", unit, 1, 1, StepKind.STAGE, 1, release="-", bundle=self.sha256, bundle_bytes=size
        )


@dataclass(frozen=True)
class Building:
    """A building of the lab, and the connections that bundles are brought over.

    Attributes:
        gateway: the way to its gateway.
        routes: the ways to its units, by their names.
        url: where its units fetch bundles, but for the digest.
        masters: open connections.
    """

    gateway: Route
    routes: Mapping[str, Route]
    url: str
    masters: MasterConnections

    def run(self, command: str) -> str:
        """Run a command on the gateway."""
        argv = [*self.masters.command(self.gateway), command]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    def received_bytes(self) -> int:
        """Return how many bytes the gateway has received over its uplink since it booted."""
        return int(self.run(f"cat {UPLINK_BYTES}"))

    def copy(self, bundle: Bundle, *others: Bundle) -> float:
        """Bring a bundle to the gateway over its open connection; return the wall time in s.

        Args:
            bundle: to be brought.
            others: that the depot has as well; what the gateway has of these is not sent again.
        """
        told, failures = threading.Event(), list[NotBrought | None]()

        def then(failure: NotBrought | None) -> None:
            failures.append(failure)
            told.set()

        self.run("true")
        carrier = Carrier(self._reach, lambda: None)
        started_s = time.monotonic()
        carrier.bring(self._cargo(bundle.step(self.gateway.target.unit), bundle, *others), lambda: True, then)
        told.wait()
        wall_s = time.monotonic() - started_s
        carrier.close()
        assert failures == [None], failures
        return wall_s

    def stage(self, bundle: Bundle) -> tuple[float, float]:
        """Stage a bundle on every unit; return the wall time in s until all fetch it, and until the last has it."""
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            sources = Sources(
                route=lambda step: self.routes[step.unit],
                payload=lambda _: b"",
                cargo=lambda step: self._cargo(step, bundle),
                reach=self._reach,
                check_leading=lambda: None,
                ssh_config=self.masters.config,
                redact=lambda text: text,
            )
            executor = AnsibleExecutor(Settings(playbooks_folder(), Path(folder), "bench"), sources)
            try:
                started_s = time.monotonic()
                executor.submit([bundle.step(unit) for unit in self.routes])
                _wait_for_outcomes(executor, len(self.routes))
                begun_s = time.monotonic() - started_s
                _wait_until_ready(self.routes, bundle)
                return begun_s, time.monotonic() - started_s
            finally:
                executor.close()

    @property
    def _reach(self) -> Reach:
        return Reach(self.masters.command, self.masters.environment)

    def _cargo(self, step: Step, bundle: Bundle, *others: Bundle) -> Cargo:
        files = {other.sha256: other.file for other in others}
        return Cargo(step, bundle.file, self.gateway, self.url + bundle.sha256, files)


@contextmanager
def building(fleet: Path) -> Iterator[Building]:
    """Connect to the one building of a lab for the length of a block."""
    of = known(fleet)
    routes = {route.target.unit: route for route in of.routes}
    gateways = {unit.name for unit in of.units if not unit.gateway}
    (gateway,) = (routes.pop(name) for name in gateways)
    some_unit = next(unit for unit in of.units if unit.gateway)
    with MasterConnections() as masters:
        yield Building(gateway, routes, cache_url(of.fleet, some_unit, {}, ""), masters)


def _wait_for_outcomes(executor: AnsibleExecutor, count: int) -> None:
    while count > 0:
        results = executor.poll(1.0)
        assert all(result.ending is Ending.OK for result in results), results
        count -= len(results)


def _wait_until_ready(routes: Mapping[str, Route], bundle: Bundle) -> None:
    """Probe units until each of them has the bundle."""
    prober, left = SshProber(SystemClock()), dict(routes)
    while left:
        prober.submit(Target(unit, route) for unit, route in left.items())
        asked = len(left)
        while asked > 0:
            answers = prober.poll(LOOK_EVERY_S)
            asked -= len(answers)
            for answer in answers:
                assert isinstance(answer, Facts), answer
                assert answer.staged is not None, answer
                assert not answer.staged.failure, answer.staged
                if answer.staged.ready and answer.staged.sha256 == bundle.sha256:
                    del left[answer.unit]
        time.sleep(LOOK_EVERY_S if left else 0)
    prober.close()
