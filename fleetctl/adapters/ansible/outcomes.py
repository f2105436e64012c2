"""From ansible-runner's events to step results. Only an outcome of the schema counts; anything else is `no_outcome`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleetctl.core.rollout.state import Ending, Step, StepResult

OUTCOME_SCHEMA = "fleetctl/unit-outcome/v1"
DECISIVE = frozenset({"runner_on_ok", "runner_on_failed", "runner_on_unreachable"})


def host_of(event: Mapping[str, Any]) -> str | None:
    """Return the host that a decisive event is about, or None for every other event."""
    if event.get("event") not in DECISIVE:
        return None
    host = event.get("event_data", {}).get("host")
    return host if isinstance(host, str) else None


def result_of(event: Mapping[str, Any], step: Step, duration_s: float) -> StepResult:
    """Read a host's outcome from its event."""
    response = event.get("event_data", {}).get("res") or {}
    outcome = response.get("outcome")
    if not isinstance(outcome, dict) or outcome.get("schema") != OUTCOME_SCHEMA:
        return StepResult(step, Ending.NO_OUTCOME, _words(response), duration_s=duration_s)
    try:
        ending = Ending(outcome["ending"])
    except (KeyError, ValueError):
        return StepResult(step, Ending.NO_OUTCOME, f"unknown ending {outcome.get('ending')!r}", duration_s=duration_s)
    return StepResult(
        step,
        ending,
        str(outcome.get("message", "")),
        reboot_needed=bool(outcome.get("reboot_needed", False)),
        active_digest=str(outcome.get("digest", "")),
        duration_s=duration_s,
    )


def _words(response: Mapping[str, Any]) -> str:
    """Return Ansible's own message, on one line."""
    message = str(response.get("msg") or response.get("exception") or "Ansible reported no outcome")
    return " ".join(message.split())[:400]
