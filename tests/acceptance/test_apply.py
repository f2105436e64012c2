"""The main job, as a user runs it: real command line, real SSH, real Ansible."""

from __future__ import annotations

import os
import signal
import subprocess
import uuid
from pathlib import Path

import pytest
import testinfra

from tests.builders.acceptance import SITE, SOME, changed, ended, on_unit, phases, status_of, unit
from tests.builders.cli import Cli

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]


def test_a_declared_fleet_is_planned_applied_and_then_needs_nothing(fresh: Cli) -> None:
    plan = fresh.json("plan", "--out", "first.plan")
    assert len(plan["units"]) == 29
    fresh("apply", "first.plan", "--policy", "together")
    assert set(phases(fresh).values()) == {"succeeded"}
    assert fresh("plan", "--detailed-exitcode").out.strip() == "nothing to do, 29 unchanged"
    used = fresh("apply", "first.plan", code=2)
    assert "is applied once" in used.err


def test_units_really_have_what_was_rendered(configured: Cli) -> None:
    name = unit("a101-1")
    configured("unit", "ssh", name, "--", "true")
    config = configured.folder / ".fleetctl/ssh/a101-1.launaguet-les-sables/ssh_config"
    host = testinfra.get_host(f"ssh://a101-1.{SITE}", ssh_config=str(config))
    rendered = configured.folder / "rendered"
    configured("render", name, "--out", str(rendered))
    for file in (rendered / name).rglob("*"):
        if file.is_file():
            path = "/" + str(file.relative_to(rendered / name))
            assert host.file(path).content == file.read_bytes(), path
    assert host.file("/etc/ssh/sshd_config.d/10-fleet.conf").mode == 0o600
    assert host.file("/etc/fleet/heat.toml").is_symlink


def test_an_edited_file_is_drift_and_is_put_right(configured: Cli) -> None:
    name = unit("a104-1")
    configured("apply", name, "--yes")
    configured("lab", "fault", name, "corrupt")
    drifted = configured("probe", name, "--detailed-exitcode", code=3)
    assert "edited" in drifted.out + drifted.err
    configured("apply", name, "--yes")
    configured("probe", name, "--detailed-exitcode")


def test_a_file_that_needs_a_reboot_reboots_the_unit_once(configured: Cli) -> None:
    name = unit("a104-2")
    configured("apply", name, "--yes")
    boot = status_of(configured, name)["boot_id"]
    configured.override("boot.conf.j2", append=f"# {uuid.uuid4()}\n")
    try:
        plan = configured("plan", name)
        assert "takes effect only after a reboot" in plan.out
        configured("apply", name, "--yes")
        after = status_of(configured, name)
        assert after["boot_id"] != boot
        assert not after["config"]["reboot_needed"]
        assert configured("plan", name, "--detailed-exitcode").code == 0
    finally:
        (configured.folder / "templates/boot.conf.j2").unlink()


def test_a_detached_rollout_is_driven_by_the_controller(configured: Cli) -> None:
    changed(configured)
    rollout = configured("apply", "dwelling=A105", "--yes", "--detach").out.strip()
    controller = configured.start("-o", "json", "controller", "run")
    try:
        watched = configured("-o", "json", "rollout", "watch", rollout).json_lines
        assert watched[-1]["what"] == "rollout-succeeded"
        assert configured.json("controller", "show")["controller"]["leads"]
    finally:
        controller.send_signal(signal.SIGTERM)
        assert ended(controller)[0] == 0


def test_units_start_in_the_order_that_was_simulated(configured: Cli) -> None:
    changed(configured)
    plan = configured.json("plan", SOME, "--out", "evening.plan")
    simulated = configured.json("simulate", "evening.plan", "--policy", "slow", "--outdoor-c", "5")
    configured("apply", "evening.plan", "--policy", "slow")
    real = configured.json("report", "rollout", "last", "--format", "json")
    assert simulated["complete"]
    assert len(simulated["starts"]) == len(plan["units"])
    started = [event["unit"] for event in real["log"] if event["what"] == "attempt-started"]
    assert started == [start["unit"] for start in simulated["starts"]]


def test_two_clones_applying_racing_merges(configured: Cli, tmp_path: Path) -> None:
    """Both plan from the same state; the second is refused, and told what the first one moved."""
    state = f"sqlite:///{configured.folder}/.fleetctl/state.db"
    clones = [clone(configured, tmp_path / name, state) for name in ("one", "two")]
    for cli, word in zip(clones, ("first", "second"), strict=True):
        cli.edit(f"sites/{SITE}.yaml", ('title: "Les Sables', f'title: "{word} Les Sables'))
        cli.override("labels.prom.j2", append=f"# {word} {uuid.uuid4()}\n")
    selection = [unit("a108-1"), unit("a108-2")]
    plans = [cli.json("plan", *selection, "--out", "merge.plan") for cli in clones]
    assert plans[0]["state"] == plans[1]["state"]
    clones[0]("apply", "merge.plan")
    stale = clones[1]("apply", "merge.plan", code=2)
    assert "changed since the plan was made" in stale.err
    assert "fleetctl plan" in stale.err


def clone(cli: Cli, target: Path, state: str) -> Cli:
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "fleet"]):
        if command[0] != "init" or not (cli.folder / ".git").exists():
            git(cli.folder, *command, check=False)
    git(cli.folder, "clone", "-q", str(cli.folder), str(target))
    return Cli(target, {"FLEETCTL_STATE": state})


def git(folder: Path, *arguments: str, check: bool = True) -> None:
    who = {
        "GIT_AUTHOR_NAME": "t",
        "GIT_AUTHOR_EMAIL": "t@example.invalid",
        "GIT_COMMITTER_NAME": "t",
        "GIT_COMMITTER_EMAIL": "t@example.invalid",
    }
    subprocess.run(["git", *arguments], cwd=folder, env={**os.environ, **who}, check=check, capture_output=True)


def test_no_secret_in_any_file_that_a_run_leaves(configured: Cli) -> None:
    canary = f"canary-{uuid.uuid4()}"
    name = unit("a107-1")
    configured.edit(
        "fleet.yaml",
        ("policies:\n", "secrets:\n  token: {backend: env, locator: CANARY_TOKEN, version: '1'}\npolicies:\n"),
    )
    configured.override("compute.env.j2", append="TOKEN={{ secret('token') }}\n")
    cli = Cli(configured.folder, {"CANARY_TOKEN": canary})
    said = [
        cli("render", name, "--out", str(cli.folder / "rendered")),
        cli("plan", name, "--out", "secret.plan"),
        cli("apply", "secret.plan"),
    ]
    assert canary in on_unit(cli, name, "cat", "/etc/fleet/compute.env")
    assert not any(canary in str(ran) for ran in said)
    holders = [f for root in (cli.folder, Path("/dev/shm")) for f in root.rglob("*") if holds(f, canary)]
    assert holders == []


def holds(file: Path, text: str) -> bool:
    """Say whether a regular file holds a text; the stand-ins' own disks are the units', not ours."""
    if "lab" in file.parts or not file.is_file() or file.is_symlink():
        return False
    return text.encode() in file.read_bytes()


def test_an_empty_selection_is_an_error(configured: Cli) -> None:
    refused = configured("apply", "site=nowhere", "--yes", code=2)
    assert "site=nowhere" in refused.err
