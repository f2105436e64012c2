"""A rollout whose controller is killed, stopped or interrupted is gone on with, and nothing is done twice."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.builders.acceptance import SOME, changed, done_twice, ended, phases, unit, units_of, until_event
from tests.builders.cli import Cli

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]


def test_a_killed_controller_is_resumed_and_nothing_is_done_twice(part: Cli) -> None:
    changed(part)
    process = part.start("-o", "json", "apply", SOME, "--yes", "--policy", "slow")
    until_event(process, "unit-succeeded")
    process.send_signal(signal.SIGKILL)
    process.wait()
    part("rollout", "resume", "last")
    assert set(phases(part).values()) == {"succeeded"}
    assert left_running(part) == []
    assert done_twice(part, units_of(part, SOME)) == []


def test_a_stopped_controller_that_wakes_up_after_another_took_over_does_nothing_more(part: Cli) -> None:
    changed(part)
    stopped = part.start("-o", "json", "apply", SOME, "--yes", "--policy", "slow")
    until_event(stopped, "unit-succeeded")
    stopped.send_signal(signal.SIGSTOP)
    try:
        part("rollout", "resume", "last")
        before = part.json("controller", "show")["controller"]["epoch"]
    finally:
        stopped.send_signal(signal.SIGCONT)
    code, out = ended(stopped)
    assert code == 1, out
    assert "taken over" in out
    assert part.json("controller", "show")["controller"]["epoch"] == before
    assert set(phases(part).values()) == {"succeeded"}
    assert done_twice(part, units_of(part, SOME)) == []


def left_running(cli: Cli) -> list[str]:
    """Return the command lines of processes that a controller of this fleet's state started and that still run."""
    marker = f"FLEETCTL_RUN={cli.json('plan', '--no-refresh', unit('a101-1'))['state']}".encode()
    return [command for environment, command in processes() if marker in environment]


def processes() -> Iterator[tuple[bytes, str]]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended while we looked
            yield (process / "environ").read_bytes(), (process / "cmdline").read_text().replace("\0", " ")


def test_ctrl_c_lets_units_finish_and_says_how_to_go_on(part: Cli) -> None:
    changed(part)
    process = part.start("apply", SOME, "--yes", "--policy", "slow")
    assert process.stdout is not None
    for line in process.stdout:
        if "unit-succeeded" in line:
            break
    process.send_signal(signal.SIGINT)
    code, out = ended(process)
    assert code == 130, out
    assert "fleetctl rollout resume" in out
    assert set(phases(part).values()) == {"succeeded", "pending"}
    part("rollout", "resume", "last")
    assert set(phases(part).values()) == {"succeeded"}
