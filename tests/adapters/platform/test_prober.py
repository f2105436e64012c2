"""Facts of units that are nodes tell what their platform says."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from fleetctl.adapters.platform.memory import Memory
from fleetctl.adapters.platform.prober import PlatformProber
from fleetctl.core.facts import Cause, Compute, Facts, Observation, Unobserved, drain_reason
from fleetctl.core.platform.node import Health, Node
from fleetctl.core.route import Hop, Route
from fleetctl.ports import Target
from fleetctl.ports.platform import PlatformNode
from tests.builders.memory_platform import MemoryPlatform
from tests.builders.rollouts import facts
from tests.builders.world import START

OURS = drain_reason("r-1")
ON_UNIT = Compute(True, "said on the unit", 9)


@dataclass
class Units:
    """A prober that sees every unit at once, but those that are away."""

    asked: list[str] = field(default_factory=list)

    def submit(self, targets: Iterable[Target]) -> None:
        self.asked.extend(target.unit for target in targets)

    def poll(self, timeout_s: float) -> Sequence[Observation]:
        asked, self.asked = self.asked, []
        return [self._seen(unit) for unit in asked]

    def close(self) -> None:
        pass

    def _seen(self, unit: str) -> Observation:
        if unit == "s/away":
            return Unobserved(unit, START, Cause.UNREACHABLE, "no answer")
        return replace(facts(unit), compute=ON_UNIT)


@dataclass
class World:
    platform: MemoryPlatform
    memory: Memory
    prober: PlatformProber

    def seen(self, *units: str) -> dict[str, Observation]:
        route = Route((), (Hop("s/r1", "r1.s", "10.0.0.1", 22, "root"),))
        self.prober.submit([Target(unit, route) for unit in units])
        found: dict[str, Observation] = {}
        deadline = time.monotonic() + 60
        while len(found) < len(units) and time.monotonic() < deadline:
            for each in self.prober.poll(0.05):
                assert each.unit not in found
                found[each.unit] = each
        assert sorted(found) == sorted(units)
        return found

    def compute(self, unit: str = "s/r1") -> Compute | None:
        seen = self.seen(unit)[unit]
        assert isinstance(seen, Facts)
        return seen.compute


@pytest.fixture
def world() -> Iterator[World]:
    platform, memory = MemoryPlatform.of("s-r1", "s-r2", "s-away"), Memory()

    def standing(unit: str) -> PlatformNode | None:
        return None if unit == "s/heats-only" else PlatformNode("slurm", platform, unit.replace("/", "-"))

    prober = PlatformProber(Units(), standing, memory)
    yield World(platform, memory, prober)
    prober.close()


def test_a_nodes_facts_are_its_platforms_and_others_the_units(world: World) -> None:
    world.platform.drain(["s-r1"], OURS)
    world.platform.runs("s-r2")
    seen = world.seen("s/r1", "s/r2", "s/heats-only", "s/away")
    computes = {unit: each.compute for unit, each in seen.items() if isinstance(each, Facts)}
    assert computes == {"s/r1": Compute(True, OURS, 0), "s/r2": Compute(False, "", 1), "s/heats-only": ON_UNIT}
    assert isinstance(seen["s/away"], Unobserved)


def test_units_that_are_seen_together_are_one_request(world: World) -> None:
    world.seen("s/r1", "s/r2")
    assert world.platform.asked == [("nodes", ("s-r1", "s-r2"))]


def test_a_node_that_has_not_joined_has_no_jobs(world: World) -> None:
    assert world.compute("s/new") is None


def test_while_the_platform_is_silent_the_last_look_holds_and_nobody_is_free(world: World) -> None:
    world.platform.drain(["s-r1"], OURS)
    assert world.compute() == Compute(True, OURS, 0)
    world.platform.silent = "slurm does not answer"
    assert world.compute() == Compute(False, OURS, 0)
    world.platform.silent = ""
    assert world.compute() == Compute(True, OURS, 0)


def test_of_a_silent_platforms_node_that_nobody_ever_saw_nothing_is_said(world: World) -> None:
    world.platform.silent = "slurm does not answer"
    seen = world.seen("s/r1", "s/heats-only")
    assert isinstance(seen["s/r1"], Unobserved)
    assert seen["s/r1"].message == "slurm does not answer"
    assert isinstance(seen["s/heats-only"], Facts)


def test_what_a_node_was_asked_to_be_counts_as_seen(world: World) -> None:
    world.memory.keep("slurm", [Node("s-r1", Health.UP, True, OURS)])
    world.platform.silent = "slurm does not answer"
    assert world.compute() == Compute(False, OURS, 0)
