"""What proves that a step had its effect: the facts of a unit held against what was applied, and its heat."""

from __future__ import annotations

from fleetctl.core.facts import Facts
from fleetctl.core.rollout import flashing
from fleetctl.core.rollout.moves import Rules
from fleetctl.core.rollout.state import Action, Phase, Progress, StepKind

RESTORED = "the unit restored its old config: nobody could confirm the new one over a new connection"


def not_as_applied(progress: Progress, facts: Facts) -> str | None:
    """Return how the facts of a unit differ from what was applied to it, or None."""
    if progress.component:
        return flashing.differs(progress, facts)
    if progress.release and (problem := fell_back(progress, facts) or _another_system(progress, facts)):
        return problem
    if not (progress.release or Action.CONFIGURE in progress.actions):
        return None
    if facts.config_digest != progress.config_digest:
        return f"config is {facts.config_digest[:12] or 'none'}, not {progress.config_digest[:12]}"
    if facts.unconfirmed:
        return "the config still waits for its confirmation"
    if facts.config_changed:
        return f"edited on the unit: {', '.join(facts.config_changed)}"
    return None


def fell_back(progress: Progress, facts: Facts) -> str | None:
    """Return in words that a unit runs the system before the update although it was to run the new one, or None."""
    if not progress.slot_before or facts.booted != progress.slot_before:
        return None
    return (
        f"it fell back by itself: slot {facts.booted} with {facts.version} runs, "
        f"not slot {progress.slot} with {progress.release}"
    )


def not_good(progress: Progress, facts: Facts) -> str | None:
    """Return in words that an updated unit did not mark its slot good yet, or None."""
    if progress.release and not progress.component and facts.slots.get(facts.booted) == "bad":
        return f"slot {facts.booted} is not marked good yet"
    return None


def _another_system(progress: Progress, facts: Facts) -> str | None:
    if (facts.version, facts.booted) == (progress.release, progress.slot):
        return None
    return f"slot {facts.booted} with {facts.version} runs, not slot {progress.slot} with {progress.release}"


def is_restored(progress: Progress, active_digest: str) -> bool:
    """Say whether a unit that had applied the config is found with another one when it is to be verified."""
    asked = progress.step is not None and progress.step.kind is StepKind.VERIFY
    verifying = asked and progress.phase is not Phase.ROLLING_BACK
    configured = Action.CONFIGURE in progress.actions and not progress.release
    return verifying and configured and active_digest not in {"", progress.config_digest}


def heat_lost(progress: Progress, facts: Facts, rules: Rules) -> str | None:
    """Return why the heat of a unit that we have interrupted is not proven, or None.

    A room that is too warm for a proof proves nothing and costs nothing; a unit whose heat we never touched owes none.
    """
    proof = rules.proof(facts) if progress.down_since else None
    if proof is None or proof.state == "yes" or (proof.state == "not_proven" and not proof.pulse):
        return None
    return proof.text


def pulse_was_missed(progress: Progress, facts: Facts, rules: Rules) -> bool:
    """Say whether the pulse that was to prove heat is over, and a controller that is gone had asked for it.

    Nobody looked while it ran, so it is asked for once more, by this controller once.
    """
    step, proof = progress.step, rules.proof(facts)
    asked_before = step is not None and step.kind is StepKind.VERIFY and step.epoch != rules.epoch
    over = facts.heat is not None and not facts.heat.pulse_left_s
    return progress.down and asked_before and over and proof is not None and proof.pulse


def heat_missing(progress: Progress, facts: Facts, rules: Rules) -> str | None:
    """Return how a unit that has proved its heat gives too little now, or None; asked for little, it owes little."""
    proof = rules.proof(facts) if progress.down_since else None
    return proof.text if proof is not None and proof.state == "no" else None


def proof_text(progress: Progress, facts: Facts, rules: Rules) -> str:
    """Return what was proved, for the log."""
    proof = rules.proof(facts) if progress.down_since else None
    if progress.component:
        flashed = f"{progress.component} is {progress.release}"
        return f"{flashed}; {proof.text}" if proof else flashed
    config = f"config {progress.config_digest[:12]} is active" if Action.CONFIGURE in progress.actions else "rebooted"
    system = f"{facts.version} runs in slot {facts.booted}; " if progress.release else ""
    return f"{system}{config}; {proof.text}" if proof else system + config
