"""What `fleet-unit` is told of a step on its command line: no secret, a payload comes another way."""

from __future__ import annotations

from fleetctl.core.facts import drain_reason
from fleetctl.core.rollout.state import Step, StepKind


def options_of(step: Step) -> list[str]:
    """Return the options of `fleet-unit COMMAND` for a step."""
    return ["--epoch", str(step.epoch), "--attempt", step.attempt_id, "--step", str(step.number), *_of_kind(step)]


def _of_kind(step: Step) -> list[str]:
    if step.kind in {StepKind.DRAIN, StepKind.UNDRAIN}:
        cancel = ["--cancel-jobs"] if step.kind is StepKind.DRAIN and step.cancel_jobs else []
        return ["--reason", drain_reason(step.rollout), *cancel]
    if step.kind not in {StepKind.VERIFY, StepKind.ROLL_BACK} or not step.config_digest:
        return []
    digest = ["--digest", step.config_digest]
    if step.kind is StepKind.ROLL_BACK or not step.pulse_s:
        return digest
    return [*digest, "--pulse-seconds", f"{step.pulse_s:g}", "--pulse-rise-k", f"{step.pulse_k:g}"]
