"""`unit drain`, `unit undrain` and the lab's platform from the command line, as far as nothing has to answer."""

from __future__ import annotations

from pathlib import Path

from fleetctl.adapters.store.state import open_state
from fleetctl.core.rollout.state import Noted
from tests.builders.cli import Cli
from tests.builders.platform_fleet import a_fleet_of_nodes
from tests.builders.slurmrestd import TOKEN, a_slurmrestd

UNIT = "launaguet-les-sables/a101-1"
NODE = "launaguet-les-sables-a101-1"


def logged(cli: Cli) -> list[Noted]:
    """Return the entries of the event log that belong to no rollout."""
    state = open_state(f"sqlite:///{cli.folder / '.fleetctl/state.db'}")
    try:
        return [entry for _, entry in state.journal.events("")]
    finally:
        state.close()


def test_a_person_drains_and_undrains_a_node(tmp_path: Path) -> None:
    with a_slurmrestd(tmp_path, 40, NODE) as (fake, url, _):
        cli = a_fleet_of_nodes(tmp_path / "demo")
        cli.edit("fleet.yaml", ("https://slurm.example.net:6820", url))
        cli = Cli(cli.folder, {"SLURM_TOKEN": TOKEN})
        drained = cli.json("unit", "drain", UNIT, "--reason", "fan is\nloud")
        assert drained == {
            "schema": "fleetctl/unit-drain/v1",
            "units": [
                {
                    "unit": UNIT,
                    "node": NODE,
                    "did": "drained",
                    "reason": "fleetctl unit-drain: fan is loud",
                    "health": "up",
                    "drained": True,
                    "free": True,
                    "jobs": [],
                    "lost": [],
                }
            ],
        }
        assert fake.nodes[NODE] == ({"DRAIN"}, "fleetctl unit-drain: fan is loud")
        undrained = cli.json("unit", "undrain", UNIT, "--wait", "--reason", "oiled")
        assert undrained["units"][0]["did"] == "undrained"
        assert [(entry.what, entry.unit, entry.text.partition(" ")[2]) for entry in logged(cli)] == [
            ("drain-asked", UNIT, f"drains node {NODE}: fan is loud"),
            ("undrain-asked", UNIT, f"undrains node {NODE}: oiled"),
        ]
        fake.drained_by(NODE, "disk is loud")
        left = cli("unit", "undrain", UNIT, code=1)
        assert "left" in left.out
        assert "disk is loud" in left.out
        fake.runs(NODE)
        assert cli("unit", "drain", UNIT, "--reason", "x", "--deadline-s", "0", code=0).out.count("left") == 1


def test_a_job_that_runs_on_is_said_by_the_exit_code(tmp_path: Path) -> None:
    with a_slurmrestd(tmp_path, 40, NODE) as (fake, url, _):
        cli = a_fleet_of_nodes(tmp_path / "demo")
        cli.edit("fleet.yaml", ("https://slurm.example.net:6820", url))
        cli = Cli(cli.folder, {"SLURM_TOKEN": TOKEN})
        job = fake.runs(NODE)
        asked = ("unit", "drain", UNIT, "--reason", "fan", "--policy")
        assert f"1 job runs ({job})" in cli(*asked, "patient", "--deadline-s", "0", code=1).err
        cli(*asked, "patient", "--no-wait")
        (ended,) = cli.json(*asked, "ends-jobs", "--deadline-s", "0")["units"]
        assert (ended["did"], ended["free"], ended["jobs"], ended["lost"]) == ("already", True, [], [job])
        assert fake.jobs[int(job)][0] == "CANCELLED"
        assert [entry.text.partition(", by")[0] for entry in logged(cli) if entry.what == "jobs-lost"] == [
            f"node {NODE}: 1 job lost: {job}"
        ]


def test_a_secret_that_is_missing_and_a_unit_that_only_heats_are_said(tmp_path: Path) -> None:
    cli = a_fleet_of_nodes(tmp_path / "demo")
    refused = cli("unit", "drain", UNIT, "--reason", "fan", code=1)
    assert "SLURM_TOKEN is not set" in refused.err
    assert "[no-node]" in cli("unit", "undrain", "bordeaux-aiguillon/boiler-01", code=2).err


def test_a_platform_needs_units_that_can_be_nodes(tmp_path: Path) -> None:
    cli = a_fleet_of_nodes(tmp_path / "demo")
    assert "say --tier system" in cli("lab", "up", "--platform", "slurm", code=2).err
    assert "no lab is up" in cli("lab", "platform", "squeue", code=1).err
