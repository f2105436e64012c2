"""Rollouts over nodes of Debian's Slurm while real jobs run: none is lost that the policy promised to keep.

What became of jobs and drains is read from Slurm's own records.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator

import pytest

from fleetctl.core.problems import CouldNot
from fleetctl.lab import levels
from fleetctl.lab.layout import Level
from tests.builders.acceptance import SITE, phases, unit
from tests.builders.cli import Cli
from tests.builders.platform_fleet import a_fleet_of_nodes
from tests.builders.real_jobs import Slurm

pytestmark = [pytest.mark.system, pytest.mark.acceptance]

HOMES = (f"site={SITE},dwelling=A10[12458]", f"site={SITE},dwelling=A20[14]")
"""Dwellings with twenty radiators."""
PERSONS = f"{SITE}-a104-1"
LOUD = "disk is loud"


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """Seven dwellings, whose twenty radiators are nodes."""
    try:
        levels.choose(Level.SYSTEM, as_root=os.geteuid() == 0)
    except CouldNot as reason:
        pytest.skip(str(reason))
    cli = a_fleet_of_nodes(tmp_path_factory.mktemp("jobs") / "demo")
    selected = [word for homes in HOMES for word in ("--select", homes)]
    cli("lab", "up", "--tier", "system", "--platform", "slurm", *selected, "--time-factor", "60")
    try:
        yield cli
    finally:
        cli("lab", "down")


@pytest.fixture
def slurm(cli: Cli) -> Slurm:
    return Slurm.of(cli.folder)


def until(is_so: Callable[[], object], within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def due_to_reboot(cli: Cli) -> None:
    """Change a file of every unit that takes effect by a reboot."""
    cli.override("boot.conf.j2", append=f"# {uuid.uuid4()}\n")


def test_a_rollout_keeps_every_job_and_every_drain_of_a_person(cli: Cli, slurm: Slurm) -> None:
    slurm.run("scontrol", "update", f"NodeName={PERSONS}", "State=DRAIN", f"Reason={LOUD}")
    with slurm.stream():
        cli("apply", *HOMES, "--yes", "--policy", "patient")
    until(lambda: not slurm.running())
    ended = slurm.ended()
    assert len(slurm.submitted) > 30
    assert {job: ended.get(job) for job in slurm.submitted} == dict.fromkeys(slurm.submitted, "COMPLETED")

    rollout = cli.json("rollout", "show", "last")["id"]
    done = phases(cli)
    assert set(done.values()) == {"succeeded"}
    nodes = {name.replace("/", "-") for name in done}
    assert len(nodes) == 20
    assert {name for name, reason in slurm.drains() if reason == f"fleetctl {rollout}"} == nodes - {PERSONS}
    until(lambda: all("*" not in state for state in slurm.states().values()))
    assert slurm.states() == {**dict.fromkeys(nodes, "idle (none)"), PERSONS: f"drained ({LOUD})"}


def test_a_job_that_outlasts_the_deadline_is_kept_and_its_unit_deferred(cli: Cli, slurm: Slurm) -> None:
    cli.edit("fleet.yaml", ("deadline_s: 300, jobs: defer", "deadline_s: 5, jobs: defer"))
    job = slurm.submit(600, f"--nodelist={SITE}-a101-1")
    until(lambda: job in slurm.run("squeue", "-h", "-t", "R", "-o", "%i").split())
    due_to_reboot(cli)
    cli("apply", f"site={SITE},unit=a101-1", "--yes", "--policy", "patient", code=None)
    assert phases(cli) == {unit("a101-1"): "deferred"}
    assert slurm.states()[f"{SITE}-a101-1"] == "mixed (none)"
    assert job in slurm.running()


def test_a_job_that_the_policy_ends_is_reported_lost(cli: Cli, slurm: Slurm) -> None:
    (job,) = slurm.running()
    cli("apply", f"site={SITE},unit=a101-1", "--yes", "--policy", "ends-jobs")
    assert slurm.ended()[job] == "CANCELLED"
    assert phases(cli) == {unit("a101-1"): "succeeded"}
    (note,) = cli.json("report", "rollout", "last")["jobs_lost"]
    assert note["unit"] == unit("a101-1")


def test_a_person_drains_by_fleetctl_and_no_rollout_undoes_it(cli: Cli, slurm: Slurm) -> None:
    cli("unit", "drain", unit("a102-1"), "--reason", "on my list")
    due_to_reboot(cli)
    cli("apply", f"site={SITE},unit=a102-1", "--yes", "--policy", "patient")
    assert phases(cli) == {unit("a102-1"): "succeeded"}
    until(lambda: "*" not in slurm.states()[f"{SITE}-a102-1"])
    assert slurm.states()[f"{SITE}-a102-1"] == "drained (fleetctl unit-drain: on my list)"
    cli("unit", "undrain", unit("a102-1"), "--wait")
    assert slurm.states()[f"{SITE}-a102-1"] == "idle (none)"


def test_undrain_leaves_what_somebody_else_drained(cli: Cli, slurm: Slurm) -> None:
    said = cli.json("unit", "undrain", unit("a104-1"), code=1)
    assert [(row["did"], row["reason"]) for row in said["units"]] == [("left", LOUD)]
    assert slurm.states()[PERSONS] == f"drained ({LOUD})"


def test_a_nodes_jobs_are_its_platforms_and_not_the_stand_ins(cli: Cli) -> None:
    refused = cli("lab", "job", unit("a101-1"), "10", code=1)
    assert "fleetctl lab platform sbatch" in refused.err
