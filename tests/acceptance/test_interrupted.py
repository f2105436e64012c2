"""A rollout whose controller is killed, stopped or interrupted is gone on with, and nothing is done twice."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.builders.acceptance import SOME, changed, done_twice, ended, phases, unit, units_of, until_event
from tests.builders.cli import Cli

pytestmark = [pytest.mark.lab, pytest.mark.acceptance, pytest.mark.evening, pytest.mark.xdist_group("interrupted")]


def test_a_killed_controller_is_resumed_and_nothing_is_done_twice(some: Cli) -> None:
    changed(some)
    process = some.start("-o", "json", "apply", SOME, "--yes", "--policy", "slow")
    until_event(process, "unit-succeeded")
    process.send_signal(signal.SIGKILL)
    process.wait()
    some("rollout", "resume", "last")
    assert set(phases(some).values()) == {"succeeded"}
    assert left_running(some) == []
    assert done_twice(some, units_of(some, SOME)) == []


def test_a_stopped_controller_that_wakes_up_after_another_took_over_does_nothing_more(some: Cli) -> None:
    changed(some)
    stopped = some.start("-o", "json", "apply", SOME, "--yes", "--policy", "slow")
    until_event(stopped, "unit-succeeded")
    stopped.send_signal(signal.SIGSTOP)
    try:
        some("rollout", "resume", "last")
        before = some.json("controller", "show")["controller"]["epoch"]
    finally:
        stopped.send_signal(signal.SIGCONT)
    code, out = ended(stopped)
    assert code == 1, out
    assert "taken over" in out
    assert some.json("controller", "show")["controller"]["epoch"] == before
    assert set(phases(some).values()) == {"succeeded"}
    assert done_twice(some, units_of(some, SOME)) == []


def left_running(cli: Cli) -> list[str]:
    """Return the command lines of processes that a controller of this fleet's state started and that still run."""
    marker = f"FLEETCTL_RUN={cli.json('plan', '--no-refresh', unit('a104-1'))['state']}".encode()
    return [command for environment, command in processes() if marker in environment]


def processes() -> Iterator[tuple[bytes, str]]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended while we looked
            yield (process / "environ").read_bytes(), (process / "cmdline").read_text().replace("\0", " ")


def test_ctrl_c_lets_units_finish_and_says_how_to_go_on(some: Cli) -> None:
    changed(some)
    process = some.start("apply", SOME, "--yes", "--policy", "slow")
    assert process.stdout is not None
    for line in process.stdout:
        if "unit-succeeded" in line:
            break
    process.send_signal(signal.SIGINT)
    code, out = ended(process)
    assert code == 130, out
    assert "fleetctl rollout resume" in out
    assert set(phases(some).values()) == {"succeeded", "pending"}
    some("rollout", "resume", "last")
    assert set(phases(some).values()) == {"succeeded"}
