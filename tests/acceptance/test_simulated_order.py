"""A simulated rollout and the real one of the same plan start units in the same order."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.builders.cli import Cli

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]

SOME = "site=launaguet-les-sables,dwelling=A10[345]"


def starts_in(log: list[dict[str, Any]]) -> list[str]:
    return [event["unit"] for event in log if event["what"] == "attempt-started"]


def test_units_start_in_the_order_that_was_simulated(part: Cli) -> None:
    part.override("labels.prom.j2", append=f"# {uuid.uuid4()}\n")
    plan = part.json("plan", SOME, "--out", "evening.plan")
    simulated = part.json("simulate", "evening.plan", "--policy", "slow", "--outdoor-c", "5")
    part("apply", "evening.plan", "--policy", "slow")
    real = part.json("report", "rollout", "last", "--format", "json")
    assert simulated["complete"]
    assert len(simulated["starts"]) == len(plan["units"])
    assert starts_in(real["log"]) == [start["unit"] for start in simulated["starts"]]
