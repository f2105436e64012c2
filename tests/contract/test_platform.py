"""One suite for every `Platform`: the one of tests, both tongues of slurmrestd, and Debian's Slurm with real nodes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fleetctl.adapters.slurm.platform import SlurmPlatform
from fleetctl.adapters.slurm.rest import Rest
from fleetctl.core.platform.drains import Deed, Did
from fleetctl.core.platform.node import Health, JobState, Node
from fleetctl.core.problems import CouldNot
from fleetctl.lab import levels
from fleetctl.lab.folder import LabFolder
from fleetctl.lab.layout import Level
from fleetctl.lab.system.slurm import platform as of_lab
from fleetctl.ports import Platform
from tests.builders.memory_platform import MemoryPlatform
from tests.builders.platform_fleet import NODES, a_fleet_of_nodes
from tests.builders.slurmrestd import TOKEN, a_slurmrestd

ONE, TWO, THREE = NODES
OURS, PERSONS = "fleetctl r-0115-1830-7f3a", "disk is loud"


@dataclass(frozen=True)
class World:
    """A platform, and what happens on it behind fleetctl's back."""

    platform: Platform
    runs: Callable[..., str]
    """Runs a job on nodes until it is ended; returns its id. Where a node is drained it waits."""
    ends: Callable[[str], None]
    """Lets a job end by itself, well."""
    drained_by: Callable[[str, str], None]
    """Lets a person drain a node, for a reason."""

    def node(self, name: str) -> Node:
        return self.platform.nodes([name])[name]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabFolder]:
    """A lab whose units are nodes of Debian's Slurm."""
    try:
        levels.choose(Level.SYSTEM, as_root=os.geteuid() == 0)
    except CouldNot as reason:
        pytest.skip(str(reason))
    cli = a_fleet_of_nodes(tmp_path_factory.mktemp("platform") / "demo")
    cli("lab", "up", "--tier", "system", "--platform", "slurm", "--select", "dwelling=A101")
    try:
        yield LabFolder(cli.folder / ".fleetctl/lab")
    finally:
        cli("lab", "down")


@pytest.fixture(params=["memory", "v0.0.38", "v0.0.40", pytest.param("slurm", marks=pytest.mark.system)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "memory":
        memory = MemoryPlatform.of(*NODES)
        yield World(memory, memory.runs, memory.ends, memory.drained_by)
    elif request.param == "slurm":
        yield from _real(request.getfixturevalue("slurm"))
    else:
        with a_slurmrestd(tmp_path, int(request.param[-2:]), *NODES) as (fake, url, command):
            old = request.param == "v0.0.38"
            rest = Rest(url, lambda: TOKEN, "slurm")
            platform = SlurmPlatform(rest, command if old else (), title="slurm", pause=lambda _: None)
            yield World(platform, fake.runs, fake.ends, fake.drained_by)


def _real(folder: LabFolder) -> Iterator[World]:
    access = of_lab.access(folder)
    assert access is not None

    def run(*argv: str) -> str:
        code, out, err = of_lab.run(folder, list(argv))
        assert code == 0, err
        return out

    platform = SlurmPlatform(Rest(access.url, lambda: access.token, "slurm"), access.command, title="slurm")

    def runs(*names: str) -> str:
        able = all(node.takes_jobs for node in platform.nodes(names).values())
        where = [f"--nodelist={','.join(names)}", f"--nodes={len(names)}"]
        script = "until [ -e /tmp/end-$SLURM_JOB_ID ]; do sleep 0.1; done"
        id = run("sbatch", "--parsable", "--chdir=/tmp", "--output=/dev/null", *where, f"--wrap={script}").strip()
        _until(lambda: (id in run("squeue", "-h", "-t", "R", "-o", "%i").split()) or not able)
        return id

    def ends(id: str) -> None:
        nodes = run("squeue", "-h", "-j", id, "-o", "%N").strip()
        run("srun", f"--jobid={id}", "--overlap", f"--nodelist={nodes}", "--chdir=/tmp", "touch", f"/tmp/end-{id}")
        _until(lambda: id not in run("squeue", "-h", "-o", "%i").split())

    def drained_by(name: str, reason: str) -> None:
        run("scontrol", "update", f"NodeName={name}", "State=DRAIN", f"Reason={reason}")

    yield World(platform, runs, ends, drained_by)
    run("scancel", "--user=root")
    for node in platform.nodes(NODES).values():
        if node.drained:
            run("scontrol", "update", f"NodeName={node.name}", "State=RESUME")
    _until(lambda: all(node.takes_jobs and not node.jobs for node in platform.nodes(NODES).values()))


def _until(is_so: Callable[[], Any], within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_nodes_are_told_with_their_jobs(world: World) -> None:
    job = world.runs(ONE, TWO)
    nodes = world.platform.nodes([ONE, TWO, THREE, "nobody"])
    assert {name: [job.id for job in node.jobs] for name, node in nodes.items()} == {
        ONE: [job],
        TWO: [job],
        THREE: [],
        "nobody": [],
    }
    assert nodes[ONE].health is Health.UP
    assert nodes["nobody"].health is Health.ABSENT
    assert not any(node.is_free for node in (nodes[ONE], nodes[THREE]))


def test_a_drained_node_is_free_when_its_job_has_ended(world: World) -> None:
    job = world.runs(ONE)
    assert world.platform.drain([ONE, TWO], OURS) == {name: Deed(name, Did.DRAINED, OURS) for name in (ONE, TWO)}
    assert (world.node(ONE).drained, world.node(ONE).reason) == (True, OURS)
    assert not world.node(ONE).is_free
    assert world.node(TWO).is_free
    world.ends(job)
    assert world.node(ONE).is_free


def test_a_drained_node_takes_no_new_job(world: World) -> None:
    world.platform.drain([ONE], OURS)
    world.runs(ONE)
    assert world.node(ONE).jobs == ()


def test_draining_again_changes_nothing(world: World) -> None:
    world.platform.drain([ONE], OURS)
    assert world.platform.drain([ONE], OURS)[ONE].did is Did.ALREADY


def test_a_persons_drain_is_neither_written_over_nor_undone(world: World) -> None:
    world.drained_by(ONE, PERSONS)
    assert world.platform.drain([ONE], OURS) == {ONE: Deed(ONE, Did.LEFT, PERSONS)}
    assert world.platform.undrain([ONE], OURS) == {ONE: Deed(ONE, Did.LEFT, PERSONS)}
    assert (world.node(ONE).drained, world.node(ONE).reason) == (True, PERSONS)


def test_a_rollout_leaves_the_drain_of_another(world: World) -> None:
    world.platform.drain([ONE], f"{OURS}x")
    assert world.platform.undrain([ONE], OURS)[ONE].did is Did.LEFT
    assert world.node(ONE).drained


def test_ours_is_undone_and_said_so(world: World) -> None:
    world.platform.drain([ONE, TWO], OURS)
    assert world.platform.undrain([ONE, THREE, "nobody"], OURS) == {
        ONE: Deed(ONE, Did.UNDRAINED, OURS),
        THREE: Deed(THREE, Did.ALREADY),
        "nobody": Deed("nobody", Did.ABSENT),
    }
    assert not world.node(ONE).drained
    assert world.node(TWO).drained


def test_cancelled_jobs_are_lost_and_named_at_each_node(world: World) -> None:
    both, other = world.runs(ONE, TWO), world.runs(THREE)
    lost = world.platform.cancel([ONE, TWO])
    assert {name: [job.id for job in jobs] for name, jobs in lost.items()} == {ONE: [both], TWO: [both]}
    assert [job.id for job in world.node(THREE).jobs] == [other]
    assert world.node(ONE).jobs == ()


def test_nothing_is_lost_where_nothing_runs(world: World) -> None:
    assert world.platform.cancel([ONE]) == {ONE: ()}


def test_a_node_is_proved_by_a_real_job(world: World) -> None:
    assert world.platform.register(ONE, within_s=30).health is Health.UP
    job = world.platform.prove(ONE, within_s=30)
    assert (job.state, job.exit_code) == (JobState.DONE, 0)


@pytest.mark.parametrize("drained", [True, False])
def test_what_takes_no_jobs_proves_nothing(world: World, drained: bool) -> None:
    if drained:
        world.drained_by(ONE, PERSONS)
    with pytest.raises(CouldNot, match="takes no jobs"):
        world.platform.prove(ONE if drained else "nobody", within_s=2)


def test_who_has_not_joined_is_not_registered(world: World) -> None:
    with pytest.raises(CouldNot, match="absent"):
        world.platform.register("nobody", within_s=0.2)


def test_a_node_with_jobs_is_not_removed_and_an_unknown_one_is_gone_already(world: World) -> None:
    world.runs(ONE)
    with pytest.raises(CouldNot, match="jobs"):
        world.platform.remove(ONE)
    world.platform.remove("nobody")
    assert world.node(ONE).health is Health.UP
