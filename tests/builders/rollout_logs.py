"""Rollouts with their event logs, as a journal would give them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from fleetctl.core.facts import Cause
from fleetctl.core.report.evidence import NOTHING, Evidence
from fleetctl.core.rollout.state import Noted, Phase, Progress, Rollout, Status
from fleetctl.core.rollout_report import RolloutReport, rollout_report
from tests.builders.play import progress, rollout_of

T0 = datetime(2026, 1, 15, 18, 30, tzinfo=UTC)


def note(at_s: float, unit: str, what: str, text: str = "") -> Noted:
    """Return an event that many seconds after the rollout was made."""
    return Noted("r1", unit, T0 + timedelta(seconds=at_s), what, text)


def failed(unit: str, reason: str) -> Progress:
    return replace(progress(unit), phase=Phase.FAILED, attempt=2, cause=Cause.UNREACHABLE, reason=reason)


def ended(unit: str, phase: Phase = Phase.SUCCEEDED, reason: str = "") -> Progress:
    return replace(progress(unit), phase=phase, attempt=1, reason=reason)


def evening(reason: str = "no answer") -> RolloutReport:
    """Return the report of a rollout in which one unit succeeds, one fails twice and one was left out."""
    units = (ended("s/good"), failed("s/bad", reason))
    log = [
        note(0, "s/good", "attempt-started"),
        note(0, "s/bad", "attempt-started"),
        note(10, "s/good", "unit-succeeded", "config 0123456789ab is active"),
        note(20, "s/bad", "attempt-failed", f"attempt 1: {reason}; retry in 5 s"),
        note(25, "s/bad", "attempt-started"),
        note(40, "s/bad", "unit-failed", reason),
        note(40, "", "rollout-failed", "1 of 2 failed"),
    ]
    row = replace(row_of(units), status=Status.FAILED, reason="1 of 2 failed", left_out={"s/gone": reason})
    return reported(row, units, log)


def row_of(units: Sequence[Progress]) -> Rollout:
    """Return the row of a rollout that runs."""
    return replace(rollout_of(units), created=T0)


def reported(
    row: Rollout, units: Sequence[Progress], log: Sequence[Noted], evidence: Evidence = NOTHING
) -> RolloutReport:
    """Return a rollout's report, made a minute after its start."""
    return rollout_report(row, units, log, made=T0 + timedelta(seconds=60), evidence=evidence)
