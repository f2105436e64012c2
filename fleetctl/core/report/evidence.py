"""What a report is made of beside a rollout's row, its units and its log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from fleetctl.core.facts import Observation
from fleetctl.core.rollout.readings import Reading
from fleetctl.core.rollout.state import StepTaken


@dataclass(frozen=True)
class Evidence:
    """What is known; each part may be missing, then the report says less.

    Attributes:
        steps: in the order in which they were intended.
        readings: oldest first.
        facts: the newest observation of units, for those that the rollout did not observe.
        zones: time zone by site; UTC for a site that is not in it.
        dwellings: dwelling by unit; empty or missing for gateways and boilers.
    """

    steps: Sequence[StepTaken] = ()
    readings: Sequence[Reading] = ()
    facts: Mapping[str, Observation] = field(default_factory=dict)
    zones: Mapping[str, tzinfo] = field(default_factory=dict)
    dwellings: Mapping[str, str] = field(default_factory=dict)


NOTHING = Evidence()
