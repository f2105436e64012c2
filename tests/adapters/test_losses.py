"""A state that is lost to a step stops the controller; no unit is given up for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Never

import pytest

from fleetctl.adapters.ansible.executor import AnsibleExecutor, Sources
from fleetctl.adapters.ansible.run import Settings
from fleetctl.adapters.carry.line import Reach
from fleetctl.adapters.losses import LosingExecutor, Losses
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import Ending, Step, StepKind, StepResult
from fleetctl.ports import Lost
from tests.builders.rollouts import step

DEADLINE_S = 60.0


def away(*_: object) -> Never:
    raise Lost("the state could not be used: server closed the connection", hint="see that its server runs")


def nowhere(*_: object) -> Never:
    raise CouldNot("s/r1 is not in the inventory any more")


def nothing(*_: object) -> Any:
    return None


def executor(folder: Path, losses: Losses, **sources: Callable[..., Any]) -> LosingExecutor:
    """Return a real executor; its sources raise before any playbook would run."""
    calls: dict[str, Callable[..., Any]] = dict.fromkeys(
        ("route", "payload", "cargo", "check_leading", "ssh_config"), nothing
    )
    calls |= {"redact": str, **sources}
    reach = Reach(lambda _: [], {})
    made = AnsibleExecutor(Settings(folder, folder, "test:1"), Sources(reach=reach, **calls).each(losses.noticed))
    return LosingExecutor(made, losses)


def staged() -> Step:
    return Step("r-1", "s/r1", 1, 1, StepKind.STAGE, 1, release="2", bundle="b" * 64, bundle_bytes=100)


def polled(losing: LosingExecutor) -> list[StepResult]:
    """Poll until something is told."""
    deadline_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline_s:
        if results := losing.poll(0.1):
            return list(results)
    return []


@pytest.mark.parametrize(
    ("source", "asked"), [("route", step("s/r1")), ("check_leading", step("s/r1")), ("cargo", staged())]
)
def test_whoever_polls_is_told_that_a_step_lost_the_state(tmp_path: Path, source: str, asked: Step) -> None:
    losing = executor(tmp_path, Losses(), **{source: away})
    try:
        losing.submit([asked])
        with pytest.raises(Lost, match="server closed"):
            polled(losing)
    finally:
        losing.close()


def test_what_is_wrong_with_a_unit_is_told_as_ever(tmp_path: Path) -> None:
    losing = executor(tmp_path, Losses(), route=nowhere)
    try:
        losing.submit([step("s/r1")])
        (result,) = polled(losing)
        assert (result.ending, result.message) == (Ending.REFUSED, "s/r1 is not in the inventory any more")
    finally:
        losing.close()
