"""A building is commissioned by the real command line: kills, swapped machines, a dead fan, a person with a scanner."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.builders.acceptance import SITE, unit
from tests.builders.cli import FLEETCTL, TIMEOUT_S, Cli

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]
FASTER = "20"
WELL, FAULTY = "A101", "A104"
ROOMS = ("bedroom-1", "bedroom-2")
SENSORS = "".join(
    f"  t-{dwelling.lower()}-{room}: {{measures: temperature, dwelling: {dwelling}, room: {room}}}\n"
    for dwelling in (WELL, FAULTY)
    for room in ROOMS
)


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """Two dwellings whose machines have just been hung, with a sensor in each room; a burn-in takes twenty seconds."""
    cli = Cli.of_example("demo", tmp_path_factory.mktemp("commission") / "demo")
    cli.edit(f"sites/{SITE}.yaml", ("sensors:\n", f"sensors:\n{SENSORS}"))
    bands = "    module_power_w: [200, 200, 200]\n"
    cli.edit("fleet.yaml", (bands, f"{bands}    burn_in: {{seconds: 400}}\n"))
    cli("lab", "up", "--rooms", "--select", f"site={SITE},dwelling=A10[14]", "--time-factor", FASTER)
    try:
        yield cli
    finally:
        cli("lab", "down", code=None)


def run(dwelling: str, *options: str) -> tuple[str, ...]:
    return ("commission", "run", SITE, "--dwelling", dwelling, "--shorten", FASTER, *options)


def unattended(dwelling: str) -> tuple[str, ...]:
    return run(dwelling, "--unattended", "--patience", "60")


def spoken(cli: Cli, dwelling: str, *lines: str) -> str:
    """Run a session in a pipe; returns what it said. It ends when nothing goes on by itself any more."""
    done = subprocess.run(
        [FLEETCTL, *run(dwelling, "--patience", "20", "--by", "Alix Martin")],
        cwd=cli.folder,
        env=cli.environment,
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert done.returncode in (0, 1, 4), done
    return done.stdout


def shown(cli: Cli, dwelling: str) -> dict[str, dict[str, Any]]:
    """Return the stages of a dwelling's units, by the unit's id."""
    document = cli.json("commission", "show", SITE, "--dwelling", dwelling)
    return {row["unit"].rpartition("/")[2]: row["stages"] for row in document["units"]}


def until(process: subprocess.Popen[str], code: str, stage: str) -> None:
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if line.startswith("{") and (event := json.loads(line))["code"] == code and event["values"]["stage"] == stage:
            return
    raise AssertionError(f"no {code} of {stage} in:\n{''.join(seen)}")


@pytest.mark.evening
def test_killed_in_the_middle_of_a_burn_in_and_begun_again_a_dwelling_is_accepted(cli: Cli) -> None:
    process = cli.start("-o", "json", *unattended(WELL))
    until(process, "waits", "burn_in")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert {stages["burn_in"]["state"] for name, stages in shown(cli, WELL).items() if name != "gw-a"} == {"open"}
    cli("lab", "fault", unit("a101-1"), "cut")
    cli("lab", "fault", unit("a101-1"), "on")
    again = cli("-o", "json", *unattended(WELL))
    assert again.json_lines[-1]["code"] == "ended"
    noted = [event for event in again.json_lines if event["code"] == "stage-noted"]
    interrupted = {event["subject"] for event in noted if event["values"]["stage"] == "burn_in"}
    assert unit("a101-1") in interrupted, "what a power cut ended is repeated, and never counted"
    for name, stages in shown(cli, WELL).items():
        assert stages["accepted"]["state"] == "done", name
        assert stages.get("burn_in", {"tries": 1})["tries"] == 1, (
            "the burn-in that ran was found again, and judged once"
        )
    text = cli("commission", "show", SITE, "--dwelling", WELL, "--lang", "fr").out
    assert "10/10" not in text, "no CA is declared: registration is pending"
    assert "9/10" in text


@pytest.mark.evening
def test_a_swapped_pair_and_a_dead_fan_are_found_and_put_right(cli: Cli) -> None:
    cli(
        "apply", f"site={SITE},dwelling={FAULTY}", "--yes"
    )  # a rollout would not let a unit pass that gives half its heat
    cli("lab", "fault", unit("a104-1"), "swap-rooms", "--with", unit("a104-2"))
    cli("lab", "fault", unit("a104-3"), "dead-fan")
    cli("lab", "fault", unit("a104-3"), "nic-errors")
    ran = cli("-o", "json", *unattended(FAULTY), code=1)
    failed = {event["subject"]: event["values"] for event in ran.json_lines if event["code"] == "stage-failed"}
    assert {name: values["stage"] for name, values in failed.items()} == {
        unit("a104-1"): "room_proof",
        unit("a104-2"): "room_proof",
        unit("a104-3"): "burn_in",
    }
    assert "errors of the network interface, 0 allowed" in str(failed[unit("a104-3")]["reason"])
    assert "heats A104/" in str(failed[unit("a104-1")]["reason"])
    cli("lab", "fault", unit("a104-1"), "swap-rooms", "--with", unit("a104-2"))
    cli("lab", "fault", unit("a104-3"), "mend")
    said = spoken(cli, FAULTY, "dwelling A104", "visit")
    assert "a104-3: burn-in" in said
    assert {stages["room_proof"]["state"] for name, stages in shown(cli, FAULTY).items() if name != "gw-a"} == {"done"}
    said = spoken(cli, FAULTY, "dwelling A104", "note a104-1 a scratch", "accept")
    assert "A104 is accepted" in said


def test_a_person_with_a_scanner_in_a_pipe(cli: Cli) -> None:
    """Of a dwelling that hangs on no wire yet."""
    said = spoken(
        cli,
        "A102",
        "dwelling A102",
        "fleetctl:QR-0001-00006",
        "02-00-00-01-00-06",
        "QR-0001-00003",
        "undo",
        "skip the tenant is away",
        "visit A102",
        "0200.0001.0006",
        "help me",
        "show",
    )
    lines = said.splitlines()
    for expected in (
        "a102-1 is in living",
        "02-00-00-01-00-06 was used before: a102-1 in A102 living",
        "QR-0001-00003 is a101-1 of A101, which is not selected now",
        "taken back: a102-1, installed",
        "A102 is left out from delivered on: the tenant is away",
        "visited again: A102",
    ):
        assert any(line.startswith(expected) for line in lines), (expected, said)
    assert any(line.startswith("[A102: 0 of 2") and "scan the label of a102-2" in line for line in lines), said
    stages = shown(cli, "A102")
    assert stages["a102-1"]["installed"]["state"] == "done"
    assert stages["a102-2"]["installed"]["state"] == "open"
