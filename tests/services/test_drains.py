"""Draining and undraining by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from fleetctl.core.facts import drain_reason
from fleetctl.core.platform.drains import Did, by_hand
from fleetctl.core.platform.request import is_drained, is_undrained
from fleetctl.core.platform.telling import Order
from fleetctl.core.problems import CouldNot
from fleetctl.ports.platform import PlatformNode
from fleetctl.services.drains import Patience, Results, drain, drain_by_order, undrain, undrain_by_order
from tests.builders.memory_platform import MemoryPlatform
from tests.builders.memory_state import MemoryState
from tests.builders.rollouts import rollout
from tests.builders.world import START, FakeClock

HANDS, ROLLOUTS, THEIRS = by_hand("fan is loud"), drain_reason("r-1"), "disk is loud"


@dataclass
class World:
    """Two units on one platform, and one on another; jobs end as time passes."""

    one: MemoryPlatform = field(default_factory=lambda: MemoryPlatform.of("s-a", "s-b"))
    other: MemoryPlatform = field(default_factory=lambda: MemoryPlatform.of("s-c"))
    clock: FakeClock = field(default_factory=FakeClock)
    told: list[int] = field(default_factory=list)
    ends_at_s: dict[float, str] = field(default_factory=dict)

    @property
    def standings(self) -> Mapping[str, PlatformNode]:
        platforms = {"s/a": self.one, "s/b": self.one, "s/c": self.other}
        titles = {"s/a": "one", "s/b": "one", "s/c": "other"}
        return {u: PlatformNode(titles[u], platforms[u], u.replace("/", "-")) for u in platforms}

    def tell(self, results: Results) -> None:
        self.told.append(sum(len(result.node.jobs) for result in results.values()))
        for at_s, job in self.ends_at_s.items():
            if self.clock.at_s >= at_s:
                self.one.ends(job)

    def drain(self, patience: Patience) -> Results:
        return drain(self.standings, HANDS, patience, self.clock, self.tell)

    def undrain(self, *active: str) -> Results:
        return undrain(self.standings, set(active), 0.0, self.clock, self.tell)


def dids(results: Results) -> list[Did]:
    return [results[unit].did for unit in sorted(results)]


def test_units_of_all_their_platforms_are_drained() -> None:
    world = World()
    results = world.drain(Patience())
    assert dids(results) == [Did.DRAINED] * 3
    assert is_drained(results.values())
    assert {node.reason for node in (*world.one.known.values(), *world.other.known.values())} == {HANDS}


def test_a_job_is_waited_for_until_it_has_ended() -> None:
    world = World()
    world.ends_at_s[world.clock.at_s + 60] = world.one.runs("s-a")
    began_s = world.clock.at_s
    results = world.drain(Patience(3600.0, cancel=True))
    assert is_drained(results.values())
    assert results["s/a"].lost == ()
    assert 60 <= world.clock.at_s - began_s < 70
    assert world.told[-1] == 1


def test_after_the_deadline_jobs_are_ended_and_told_if_that_is_asked() -> None:
    world = World()
    job = world.one.runs("s-a", "s-b")
    results = world.drain(Patience(30.0, cancel=True))
    assert is_drained(results.values())
    assert [[lost.id for lost in results[unit].lost] for unit in ("s/a", "s/b", "s/c")] == [[job], [job], []]


def test_else_they_run_on_and_the_unit_stays_drained() -> None:
    world = World()
    job = world.one.runs("s-a")
    results = world.drain(Patience(30.0))
    assert not is_drained(results.values())
    assert [job] == [each.id for each in results["s/a"].node.jobs]
    assert world.one.known["s-a"].drained


def test_jobs_on_a_node_that_somebody_else_drained_are_not_ended() -> None:
    world = World()
    job = world.one.runs("s-a")
    world.one.drained_by("s-a", THEIRS)
    results = world.drain(Patience(30.0, cancel=True))
    assert (results["s/a"].did, results["s/a"].reason, results["s/a"].lost) == (Did.LEFT, THEIRS, ())
    assert world.one.jobs[job].state == "running"


def test_jobs_on_a_node_whose_drain_somebody_takes_over_meanwhile_are_not_ended() -> None:
    world = World()
    job = world.one.runs("s-a")

    def takes_over(_: Results) -> None:
        world.one.drained_by("s-a", THEIRS)

    results = drain(world.standings, HANDS, Patience(30.0, cancel=True), world.clock, takes_over)
    assert (results["s/a"].lost, results["s/a"].node.reason) == ((), THEIRS)
    assert world.one.jobs[job].state == "running"


def test_only_what_fleetctl_drained_is_undrained() -> None:
    world = World()
    for name, reason in (("s-a", HANDS), ("s-b", THEIRS)):
        world.one.drained_by(name, reason)
    results = world.undrain()
    assert dids(results) == [Did.UNDRAINED, Did.LEFT, Did.ALREADY]
    assert not is_undrained(results.values())
    assert world.one.known["s-b"].reason == THEIRS


def test_a_rollouts_drain_is_undrained_when_the_rollout_is_over() -> None:
    world = World()
    world.one.drained_by("s-a", ROLLOUTS)
    assert world.undrain("r-1")["s/a"].did is Did.LEFT
    assert world.undrain()["s/a"].did is Did.UNDRAINED
    assert is_undrained(world.undrain().values())


def test_who_ordered_a_drain_and_why_is_logged_before_the_platform_is_asked() -> None:
    world, state, order = World(), MemoryState(), Order("ada", START, "fan is loud")
    world.one.silent = "the platform does not answer"
    with pytest.raises(CouldNot):
        drain_by_order(state, order, world.standings, Patience(), world.clock)
    assert [(note.unit, note.text) for note in state.rows.events[:1]] == [("s/a", "ada drains node s-a: fan is loud")]
    world.one.silent = ""
    job = world.one.runs("s-a")
    drain_by_order(state, order, world.standings, Patience(30.0, cancel=True), world.clock)
    assert (state.rows.events[-1].what, state.rows.events[-1].text) == (
        "jobs-lost",
        f"node s-a: 1 job lost: {job}, by ada",
    )


def test_an_undrain_is_logged_and_leaves_what_a_rollout_at_work_has_drained() -> None:
    world, state = World(), MemoryState()
    state.rows.rollouts["r-1"] = rollout("r-1")
    world.one.drained_by("s-a", ROLLOUTS)
    results = undrain_by_order(state, Order("ada", START), world.standings, 0.0, world.clock)
    assert results["s/a"].did is Did.LEFT
    assert next((note.what, note.text) for note in state.rows.events) == ("undrain-asked", "ada undrains node s-a")


def test_a_unit_that_never_joined_is_said_so() -> None:
    world = World()
    del world.other.known["s-c"]
    assert world.drain(Patience())["s/c"].did is Did.ABSENT
    assert world.undrain()["s/c"].did is Did.ABSENT
