"""The main job, as a user runs it: real command line, real SSH, real Ansible, stand-ins that are broken on purpose."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import testinfra

from tests.builders.cli import Cli

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]

SITE = "launaguet-les-sables"
SOME = f"site={SITE},dwelling=A10[345]"
"""Some ten radiators: enough to interrupt a rollout in the middle."""


def unit(name: str) -> str:
    return f"{SITE}/{name}"


def changed(cli: Cli) -> str:
    """Change the rendered labels of every unit; returns the word that is new in them."""
    word = f"# {uuid.uuid4()}"
    cli.override("labels.prom.j2", append=f"{word}\n")
    return word


def units_of(cli: Cli, selection: str) -> list[str]:
    return [row["unit"] for row in cli.json("inventory", "list", selection)["units"]]


def phases(cli: Cli, rollout: str = "last") -> dict[str, str]:
    return {row["unit"]: row["phase"] for row in cli.json("rollout", "show", rollout)["units"]}


def status_of(cli: Cli, name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(on_unit(cli, name, "fleet-unit", "status"))
    return document


def on_unit(cli: Cli, name: str, *command: str) -> str:
    return cli("unit", "ssh", name, "--", *command).out


def until_event(process: subprocess.Popen[str], *whats: str) -> dict[str, Any]:
    """Read the JSON lines of a running rollout up to the first event of a kind."""
    assert process.stdout is not None
    seen: list[str] = []
    for line in process.stdout:
        seen.append(line)
        if line.startswith("{") and (event := json.loads(line)).get("what") in whats:
            return dict(event)
    raise AssertionError(f"no event {whats} in:\n{''.join(seen)}")


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, _ = process.communicate(timeout=200)
    return process.returncode, out


def test_a_declared_fleet_is_planned_applied_and_then_needs_nothing(fresh: Cli) -> None:
    plan = fresh.json("plan", "--out", "first.plan")
    assert len(plan["units"]) == 29
    fresh("apply", "first.plan")
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


def test_a_unit_cut_in_mid_rollout_fails_alone_and_alone_is_retried(configured: Cli) -> None:
    changed(configured)
    names = units_of(configured, f"site={SITE},kind=radiator")
    last = names[-1]
    process = configured.start("-o", "json", "apply", f"site={SITE}", "--yes", "--policy", "quick")
    until_event(process, "unit-succeeded")
    configured("lab", "fault", last, "cut")
    code, out = ended(process)
    assert code == 1, out
    assert Counter(phases(configured).values()) == {"succeeded": len(names), "failed": 1}
    assert "no answer" in configured("rollout", "why", "last", last).out
    configured("lab", "fault", last, "on")
    wait_for(configured, last)
    retried = configured("-o", "json", "rollout", "retry", "last").json_lines
    assert {event["unit"] for event in retried if event.get("what") == "attempt-started"} == {last}
    assert set(phases(configured).values()) == {"succeeded"}


def wait_for(cli: Cli, name: str) -> None:
    for _ in range(30):
        if cli("probe", name, code=None).code == 0:
            return
    raise AssertionError(f"{name} does not come back")


def test_a_wrong_host_key_is_refused_with_the_cure_and_the_rest_goes_on(configured: Cli) -> None:
    changed(configured)
    name = unit("a101-2")
    on_unit(configured, name, "rm", "/data/ssh/ssh_host_ed25519_key", "/data/ssh/ssh_host_ed25519_key.pub")
    configured("lab", "fault", name, "cut")
    configured("lab", "fault", name, "on")
    refused = configured("probe", name, code=1)
    for _ in range(30):
        if "host key" in refused.err:
            break
        refused = configured("probe", name, code=1)
    assert "changed" in refused.err
    assert f"fleetctl unit adopt {name}" in refused.err
    result = configured("apply", f"site={SITE},dwelling=A101", "--yes", "--policy", "quick")
    assert f"{name} left out" in result.err
    refused = configured("unit", "adopt", name, "--fingerprint", "SHA256:" + "A" * 43, code=None)
    assert refused.code != 0
    fingerprint = next(found for found in re.findall(r"SHA256:[\w+/]{43}", refused.err) if "AAAA" not in found)
    configured("unit", "adopt", name, "--fingerprint", fingerprint)
    configured("apply", name, "--yes")


def test_a_full_disk_changes_nothing_and_says_so(configured: Cli) -> None:
    changed(configured)
    name = unit("a102-1")
    before = status_of(configured, name)["config"]["digest"]
    configured("lab", "fault", name, "fill-disk")
    try:
        failed = configured("apply", name, "--yes", "--policy", "quick", code=1)
        assert "No space left" in failed.err or "full" in failed.err, failed.err
        assert status_of(configured, name)["config"]["digest"] == before
    finally:
        configured("lab", "fault", name, "free-disk")
    configured("rollout", "retry", "last")
    assert status_of(configured, name)["config"]["digest"] != before


def test_a_killed_controller_is_resumed_and_nothing_is_done_twice(configured: Cli) -> None:
    changed(configured)
    process = configured.start("-o", "json", "apply", SOME, "--yes", "--policy", "slow")
    until_event(process, "unit-succeeded")
    process.send_signal(signal.SIGKILL)
    process.wait()
    configured("rollout", "resume", "last")
    assert set(phases(configured).values()) == {"succeeded"}
    assert left_running(configured) == []
    nothing_was_done_twice(configured)


def nothing_was_done_twice(cli: Cli) -> None:
    """Hold the journals of the units themselves against it: each step of the last rollout ended well once."""
    rollout = cli.json("rollout", "show", "last")["id"]
    for name in units_of(cli, SOME):
        lines = [json.loads(line) for line in on_unit(cli, name, "cat", "/data/fleet/journal").splitlines()]
        mine = [line for line in lines if rollout in str(line.get("attempt")) and line.get("ending") == "ok"]
        steps = Counter((line["attempt"], line["step"]) for line in mine)
        assert set(steps.values()) <= {1}, lines


def test_a_stopped_controller_that_wakes_up_after_another_took_over_does_nothing_more(configured: Cli) -> None:
    changed(configured)
    stopped = configured.start("-o", "json", "apply", SOME, "--yes", "--policy", "slow")
    until_event(stopped, "unit-succeeded")
    stopped.send_signal(signal.SIGSTOP)
    try:
        configured("rollout", "resume", "last")
        before = configured.json("controller", "show")["controller"]["epoch"]
    finally:
        stopped.send_signal(signal.SIGCONT)
    code, out = ended(stopped)
    assert code == 1, out
    assert "taken over" in out
    assert configured.json("controller", "show")["controller"]["epoch"] == before
    assert set(phases(configured).values()) == {"succeeded"}
    nothing_was_done_twice(configured)


def left_running(cli: Cli) -> list[str]:
    """Return the command lines of processes that a controller of this fleet's state started and that still run."""
    marker = f"FLEETCTL_RUN={cli.json('plan', '--no-refresh', unit('a101-1'))['state']}".encode()
    return [command for environment, command in processes() if marker in environment]


def processes() -> Iterator[tuple[bytes, str]]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended while we looked
            yield (process / "environ").read_bytes(), (process / "cmdline").read_text().replace("\0", " ")


def test_ctrl_c_lets_units_finish_and_says_how_to_go_on(configured: Cli) -> None:
    changed(configured)
    process = configured.start("apply", SOME, "--yes", "--policy", "slow")
    assert process.stdout is not None
    for line in process.stdout:
        if "unit-succeeded" in line:
            break
    process.send_signal(signal.SIGINT)
    code, out = ended(process)
    assert code == 130, out
    assert "fleetctl rollout resume" in out
    assert set(phases(configured).values()) == {"succeeded", "pending"}
    configured("rollout", "resume", "last")
    assert set(phases(configured).values()) == {"succeeded"}


def test_a_network_file_that_cuts_the_unit_off_is_taken_back_by_the_unit(configured: Cli) -> None:
    name = unit("a105-1")
    before = status_of(configured, name)["config"]["digest"]
    wrong = "{% if unit.id == 'a105-1' %}10.99.99.99{% else %}{{ unit.address }}{% endif %}"
    configured.override("network/unit.network.j2", [("{{ unit.address }}", wrong)])
    try:
        failed = configured("apply", name, "--yes", "--policy", "quick", code=1)
        assert "restored its old config" in failed.err
        assert status_of(configured, name)["config"]["digest"] == before
    finally:
        (configured.folder / "templates/network/unit.network.j2").unlink()


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
