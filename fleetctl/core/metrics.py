"""What a controller says of its rollouts to Prometheus: families of samples, and their text form. Pure.

Labels hold what there is little of (active rollouts, phases, kinds of reasons), never a unit's name or a reason in
full: each value of a label is a time series for ever.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from fleetctl.core.rollout.board import Board
from fleetctl.core.rollout.state import Phase, Status

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_RULE = re.compile(r"(G\d+|max_unavailable|never|quiet)\b")
_KINDS: tuple[tuple[str, str], ...] = (
    ("hold", r" held by "),
    ("approval", r"waits for approval"),
    ("window", r"(?:; opens |no window opens|min left, .* min needed)"),
    ("stopped", r"^(?:the rollout is|the controller is)"),
    ("failure_limit", r" failed.*, limit "),
    ("metadata", r"signed (?:metadata|releases)"),
    ("max_in_progress", r" units are under way$"),
    ("max_staging", r" units stage or install$"),
    ("max_unavailable", r"units of the fleet are down, limit"),
    ("other_rollout", r"^rollout .* works on site"),
    ("site_halted", r"^site .* is halted"),
    ("in_doubt", r" is in doubt "),
    ("gateway", r"gateway"),
    ("retry", r"^retry in "),
)
_PATTERNS = tuple((kind, re.compile(pattern)) for kind, pattern in _KINDS)


@dataclass(frozen=True, slots=True)
class Sample:
    """One value with its labels."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Family:
    """What one metric says; `kind` is `gauge` or `counter`."""

    name: str
    kind: str
    help: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class ActiveRollout:
    """How one active rollout stands.

    Attributes:
        phases: units in each phase.
        blocked: sites where somebody waits, by the kind of reason.
        down: units without heat because of it; `down_w` is the power that they would give, in W.
        changed: when anything last changed.
        oldest: when the unit that is longest in its phase entered it; None if none is under way.
    """

    rollout: str
    status: Status
    created: datetime
    changed: datetime
    phases: Mapping[Phase, int]
    blocked: Mapping[str, int]
    down: int
    down_w: float
    awaiting: bool
    halted_sites: int
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """What is said of everything.

    Attributes:
        version: fleetctl's.
        epoch: the controller's.
        lease_until: until when the controller has the lead; it is renewed while its loop goes round, so one that is
            over means that it hangs or is gone.
        statuses: rollouts in each status, those that have ended included.
        failures: attempts that failed since the controller started, by cause.
        events: entries of the event log.
    """

    version: str
    epoch: int
    lease_until: datetime | None
    statuses: Mapping[Status, int]
    failures: Mapping[str, int]
    holds: int
    overrides: int
    events: int


@lru_cache(maxsize=4096)
def reason_kind(reason: str) -> str:
    """Return what kind of reason a reason in words is: a rule of the heat guard, or one of a few words."""
    rule = _RULE.match(reason)
    if rule:
        return rule.group(1)
    return next((kind for kind, pattern in _PATTERNS if pattern.search(reason)), "other")


def blocked(reasons: Mapping[str, str], board: Board) -> Counter[str]:
    """Count the sites where somebody waits by the kind of reason.

    Args:
        reasons: in words, by site; those of sites where nobody waits any more do not count.
        board: the rollout's.
    """
    waiting = {site for site, _ in board.open_sites}
    return Counter(reason_kind(reason) for site, reason in reasons.items() if site in waiting or not site)


def families(whole: Whole, standings: Iterable[ActiveRollout]) -> tuple[Family, ...]:
    """Return everything that is told."""
    rollouts = tuple(standings)
    return (*_of_controller(whole), *_of_rollouts(rollouts), *_of_units(rollouts))


def text(families: Iterable[Family]) -> str:
    """Return families in Prometheus's text format, version 0.0.4."""
    return "".join(_family_text(family) for family in families)


def _of_controller(whole: Whole) -> tuple[Family, ...]:
    statuses = tuple(Sample(whole.statuses.get(status, 0), {"status": status.value}) for status in Status)
    failures = tuple(Sample(count, {"cause": cause}) for cause, count in sorted(whole.failures.items()))
    return (
        _one("build_info", "Version of fleetctl.", 1, version=whole.version),
        _one("controller_epoch", "Number of the controller.", whole.epoch),
        _one("controller_lease_timestamp_seconds", "End of its lease; over if it hangs.", _unix(whole.lease_until)),
        Family("fleetctl_rollouts", "gauge", "Rollouts by status.", statuses),
        Family("fleetctl_attempt_failures_total", "counter", "Attempts at units that failed, by cause.", failures),
        _one("holds", "Holds that stand.", whole.holds),
        _one("overrides", "Overrides in force.", whole.overrides),
        Family("fleetctl_log_events_total", "counter", "Entries of the event log.", (Sample(whole.events),)),
    )


def _of_rollouts(rollouts: tuple[ActiveRollout, ...]) -> tuple[Family, ...]:
    return (
        _each("rollout_created_timestamp_seconds", "When it was made.", rollouts, lambda r: _unix(r.created)),
        _each("rollout_changed_timestamp_seconds", "When it last changed.", rollouts, lambda r: _unix(r.changed)),
        _each(
            "rollout_oldest_phase_timestamp_seconds",
            "When the unit that is longest in its phase entered it.",
            tuple(rollout for rollout in rollouts if rollout.oldest),
            lambda r: _unix(r.oldest),
        ),
        _each("rollout_running", "Whether it is neither paused nor halted.", rollouts, _runs),
        _each("rollout_awaiting_approval", "Whether a person has to approve a wave.", rollouts, lambda r: r.awaiting),
        _each("rollout_sites_halted", "Sites halted for lost heat.", rollouts, lambda r: r.halted_sites),
        _each("rollout_units_down", "Units without heat because of it.", rollouts, lambda r: r.down),
        _each("rollout_down_watts", "Heating power that is down because of it.", rollouts, lambda r: r.down_w),
    )


def _of_units(rollouts: tuple[ActiveRollout, ...]) -> tuple[Family, ...]:
    phases = tuple(
        Sample(rollout.phases.get(phase, 0), {"rollout": rollout.rollout, "phase": phase.value})
        for rollout in rollouts
        for phase in Phase
    )
    reasons = tuple(
        Sample(count, {"rollout": rollout.rollout, "reason": kind})
        for rollout in rollouts
        for kind, count in sorted(rollout.blocked.items())
    )
    return (
        Family("fleetctl_rollout_units", "gauge", "Units of active rollouts by phase.", phases),
        Family("fleetctl_rollout_sites_blocked", "gauge", "Sites where units wait, by kind of reason.", reasons),
    )


def _one(name: str, help: str, value: float, **labels: str) -> Family:
    return Family(f"fleetctl_{name}", "gauge", help, (Sample(value, labels),))


def _each(name: str, help: str, rollouts: tuple[ActiveRollout, ...], value: Callable[[ActiveRollout], float]) -> Family:
    samples = tuple(Sample(value(rollout), {"rollout": rollout.rollout}) for rollout in rollouts)
    return Family(f"fleetctl_{name}", "gauge", help, samples)


def _runs(rollout: ActiveRollout) -> float:
    return float(rollout.status is Status.RUNNING)


def _unix(at: datetime | None) -> float:
    return round(at.timestamp(), 3) if at else 0.0


def _family_text(family: Family) -> str:
    if not family.samples:
        return ""
    lines = [f"# HELP {family.name} {_escaped(family.help)}", f"# TYPE {family.name} {family.kind}"]
    lines += [f"{family.name}{_labels(sample.labels)} {_number(sample.value)}" for sample in family.samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{_escaped(value, quotes=True)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))


def _escaped(text: str, *, quotes: bool = False) -> str:
    plain = text.replace("\\", "\\\\").replace("\n", "\\n")
    return plain.replace('"', '\\"') if quotes else plain
