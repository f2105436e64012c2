"""The plan: desired state against observed facts, per unit the actions and why.

`make_plan` is pure and deterministic: the same inputs give the same bytes in `to_document`. A saved plan binds to
what it was made from; `moved` says which of it is no longer so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fleetctl.core.facts import Cause
from fleetctl.core.identity.registration import NOTHING_WANTED, Wanted
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.rollout.state import Action

SCHEMA = "fleetctl/plan/v1"


@dataclass(frozen=True, slots=True)
class Desired:
    """What a unit should be: release, config and registration.

    Attributes:
        serial: of the machine that should stand there; empty if none is declared yet.
        files: digest of each rendered file (secret marks in place of secrets), by path.
        reboots: paths whose change takes effect only after a reboot.
        confirms: paths whose change is commit-confirmed.
        registration: what it should be registered as.
        components: release that each component should be of, by the component's name.
    """

    unit: str
    site: str
    kind: Kind
    gateway: str
    release: str
    config_digest: str
    serial: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    reboots: frozenset[str] = frozenset()
    confirms: frozenset[str] = frozenset()
    registration: Wanted = NOTHING_WANTED
    components: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """What one unit needs, and why.

    Attributes:
        reasons: one sentence an action.
        files: paths that differ, sorted.
        facts_digest: `Facts.binding_digest` of the facts that this was made from.
        release: version that the unit is to be updated to; empty if it needs no update.
        bundle, bundle_bytes: SHA-256 and size of the release's bundle, as they were signed when the plan was made.
        registration: digest of what the unit is to be registered as; empty if it needs no registration.
        renews: it is to make a new key for it.
        component: that the release is for; empty for the system.
    """

    unit: str
    site: str
    kind: Kind
    gateway: str
    actions: tuple[Action, ...]
    reasons: tuple[str, ...]
    config_digest: str
    facts_digest: str
    files: tuple[str, ...] = ()
    reboot: bool = False
    confirm: bool = False
    release: str = ""
    bundle: str = ""
    bundle_bytes: int = 0
    registration: str = ""
    renews: bool = False
    component: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A selected unit that the plan says nothing about, and why."""

    unit: str
    cause: Cause | None
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan, as saved.

    Attributes:
        id: single-use.
        state: UUID of the state that it was made with; another state refuses it.
        sites: digest of each site that has a unit in the plan.
        commit: Git commit of the inventory, if there is one; for people.
        unchanged: how many selected units need nothing.
        orphaned: units that the state knows and the inventory does not; left running.
    """

    id: str
    fleet: str
    state: str
    made: datetime
    expires: datetime
    selection: str
    sites: Mapping[str, str]
    units: tuple[UnitPlan, ...]
    left_out: tuple[LeftOut, ...] = ()
    unchanged: int = 0
    orphaned: tuple[str, ...] = ()
    commit: str = ""

    @property
    def is_empty(self) -> bool:
        """Say whether no unit needs anything."""
        return not self.units

    @property
    def judges_nobody(self) -> bool:
        """Say whether every selected unit was left out: such a plan says nothing, least of all that all is well."""
        return bool(self.left_out) and not self.units and not self.unchanged
