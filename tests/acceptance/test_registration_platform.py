"""Registration as nodes of Debian's Slurm: a real job proves each unit, and a retired one is no node any more."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from fleetctl.core.problems import CouldNot
from fleetctl.lab import levels
from fleetctl.lab.layout import Level
from tests.builders.acceptance import SITE, unit
from tests.builders.cli import Cli
from tests.builders.platform_fleet import NODES, a_fleet_of_nodes
from tests.builders.real_jobs import Slurm

pytestmark = [pytest.mark.system, pytest.mark.acceptance]

HOME = f"site={SITE},dwelling=A101"
LOUD = "disk is loud"


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """One dwelling, whose radiators are nodes, in a fleet that has a CA."""
    try:
        levels.choose(Level.SYSTEM, as_root=os.geteuid() == 0)
    except CouldNot as reason:
        pytest.skip(str(reason))
    folder = tmp_path_factory.mktemp("registration")
    plain = a_fleet_of_nodes(folder / "demo")
    cli = Cli(plain.folder, {"FLEETCTL_CA_KEYS": str(folder / "ca-keys")})
    root = cli.json("ca", "init")["root_sha256"]
    cli.edit("fleet.yaml", ("policies:\n", f"authority: {{root_sha256: {root}}}\npolicies:\n"))
    cli("lab", "up", "--tier", "system", "--platform", "slurm", "--select", HOME)
    try:
        yield cli
    finally:
        cli("lab", "down")


def test_a_registered_unit_has_run_a_real_job(cli: Cli) -> None:
    rows = cli.json("register", HOME)["units"]
    assert [(row["standing"], row["node"]) for row in rows] == [("registered", node) for node in NODES]
    ended = Slurm.of(cli.folder).ended()
    assert {ended[row["proof"].removeprefix("job ")] for row in rows} == {"COMPLETED"}
    assert {row["standing"] for row in cli.json("register", HOME)["units"]} == {"unchanged"}


def test_a_retired_unit_is_no_node_any_more_and_a_persons_drain_is_left(cli: Cli) -> None:
    slurm, name = Slurm.of(cli.folder), unit("a101-3")
    slurm.run("scontrol", "update", f"NodeName={NODES[0]}", "State=DRAIN", f"Reason={LOUD}")
    cli("unit", "retire", name, "--confirm", name)
    assert cli.json("unit", "show", name)["registration"] is None
    known = slurm.states()
    assert NODES[2] not in known
    assert LOUD in known[NODES[0]]
