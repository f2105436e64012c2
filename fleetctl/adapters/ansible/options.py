"""What `fleet-unit` is told of a step on its command line: no secret, a payload comes another way."""

from __future__ import annotations

from fleetctl.core.facts import drain_reason
from fleetctl.core.rollout.state import Step, StepKind


def options_of(step: Step, url: str = "") -> list[str]:
    """Return the options of `fleet-unit COMMAND` for a step.

    Args:
        step: that is to be done.
        url: for `stage`: where the unit fetches the bundle; empty if it was brought to the unit itself.
    """
    return [*which(step), *_of_kind(step), *(["--url", url] if url else [])]


def first_of(step: Step) -> list[str]:
    """Return the options of the call that comes before a step's own, and is journalled apart from it."""
    options = ["--epoch", str(step.epoch), "--attempt", f"{step.attempt_id}:first", "--step", str(step.number)]
    return [*options, *(["--renew"] if step.renew else [])]


def which(step: Step) -> list[str]:
    """Return the options that say which step it is, and whose."""
    return ["--epoch", str(step.epoch), "--attempt", step.attempt_id, "--step", str(step.number)]


def _of_kind(step: Step) -> list[str]:
    match step.kind:
        case StepKind.STAGE:
            return _of_stage(step)
        case StepKind.INSTALL:
            return ["--bundle", step.bundle, "--release", step.release]
        case StepKind.FLASH:
            return ["--component", step.component, "--bundle", step.bundle, "--version", step.release]
        case StepKind.REBOOT:
            return ["--slot", step.slot] if step.slot else []
        case _:
            return _of_config(step)


def _of_stage(step: Step) -> list[str]:
    rate = ["--rate", str(step.rate_bytes_per_s)] if step.rate_bytes_per_s else []
    digest = ["--digest", step.config_digest] if step.config_digest else []
    return ["--bundle", step.bundle, "--size", str(step.bundle_bytes), *rate, *digest]


def _of_config(step: Step) -> list[str]:
    if step.kind in {StepKind.DRAIN, StepKind.UNDRAIN}:
        cancel = ["--cancel-jobs"] if step.kind is StepKind.DRAIN and step.cancel_jobs else []
        return ["--reason", drain_reason(step.rollout), *cancel]
    if step.kind not in {StepKind.VERIFY, StepKind.ROLL_BACK} or not step.config_digest:
        return []
    digest = ["--digest", step.config_digest]
    if step.kind is StepKind.ROLL_BACK or not step.pulse_s:
        return digest
    return [*digest, "--pulse-seconds", f"{step.pulse_s:g}", "--pulse-rise-k", f"{step.pulse_k:g}"]
