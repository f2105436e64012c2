"""Make a plan from what is desired and what was observed, and say later what of it has moved.

Pure and deterministic: no simulation, no check mode; desired against observed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from fleetctl.core.facts import Cause, Facts, Observation, Unobserved
from fleetctl.core.plan import Desired, LeftOut, Plan, UnitPlan
from fleetctl.core.releases.catalogue import Catalogue
from fleetctl.core.releases.wanted import NO_RELEASES, Supply, Update, component_update_of, update_of
from fleetctl.core.rollout.state import Action
from fleetctl.core.verdicts import Verdict

LIFETIME = timedelta(hours=24)
"""How long a saved plan may be applied."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """The circumstances of a plan, which come in as values.

    Attributes:
        id: fresh and unique; single-use.
        state: UUID of the state.
        selection: what the user selected, as typed.
        commit: Git commit of the inventory, or empty.
        registers: units are registered where the fleet declares a CA.
    """

    id: str
    fleet: str
    state: str
    at: datetime
    selection: str = ""
    commit: str = ""
    registers: bool = True


def make_plan(
    occasion: Occasion,
    desired: Iterable[Desired],
    observed: Mapping[str, Observation],
    site_digests: Mapping[str, str],
    *,
    declared: Iterable[str] = (),
    supply: Supply = NO_RELEASES,
) -> Plan:
    """Compare what is desired with what was observed.

    Args:
        occasion: id, state, time.
        desired: the selected units' desired states.
        observed: the latest observation of each unit, by name.
        site_digests: digest of each site's validated content.
        declared: names of all units of the inventory; whatever the state knows beyond them is orphaned.
        supply: what units may be updated from.
    """
    return assemble(occasion, [judge(desired, observed, supply)], site_digests, _orphaned(observed, declared))


def judge(desired: Iterable[Desired], observed: Mapping[str, Observation], supply: Supply = NO_RELEASES) -> Verdict:
    """Say what each unit needs, or why nothing can be said about it."""
    units: list[UnitPlan] = []
    left_out: list[LeftOut] = []
    unchanged = 0
    for want in sorted(desired, key=lambda d: d.unit):
        planned = plan_unit(want, observed.get(want.unit), supply)
        if planned is None:
            unchanged += 1
        elif isinstance(planned, LeftOut):
            left_out.append(planned)
        else:
            units.append(planned)
    return Verdict(tuple(units), tuple(left_out), unchanged)


def assemble(
    occasion: Occasion, verdicts: Iterable[Verdict], site_digests: Mapping[str, str], orphaned: Iterable[str]
) -> Plan:
    """Make one plan of what was said of separate units."""
    parts = list(verdicts)
    units = sorted((unit for part in parts for unit in part.units), key=lambda u: u.unit)
    left_out = sorted((out for part in parts for out in part.left_out), key=lambda out: out.unit)
    sites = sorted({unit.site for unit in units})
    return Plan(
        id=occasion.id,
        fleet=occasion.fleet,
        state=occasion.state,
        made=occasion.at,
        expires=occasion.at + LIFETIME,
        selection=occasion.selection,
        sites={site: site_digests[site] for site in sites},
        units=tuple(units),
        left_out=tuple(left_out),
        unchanged=sum(part.unchanged for part in parts),
        orphaned=tuple(orphaned),
        commit=occasion.commit,
    )


def plan_unit(want: Desired, seen: Observation | None, supply: Supply = NO_RELEASES) -> UnitPlan | LeftOut | None:
    """Say what one unit needs, or why nothing can be said about it; None if it needs nothing."""
    if seen is None:
        return LeftOut(want.unit, None, "never observed")
    if isinstance(seen, Unobserved):
        return LeftOut(want.unit, seen.cause, seen.message)
    if want.serial and seen.serial and want.serial != seen.serial:
        reason = f"answers with serial {seen.serial}, the inventory says {want.serial}"
        return LeftOut(want.unit, Cause.WRONG_IDENTITY, reason)
    found = update_of(want.release, seen.version, supply)
    update, held_back = (None, found) if isinstance(found, str) else (found, None)
    unregistered = want.registration.lacking(seen)
    if update or _needs_config(want, seen) or seen.reboot_needed or unregistered:
        return _with_registration(_unit_plan(want, seen, update, held_back), want, seen, unregistered)
    return _of_component(want, seen, supply, held_back)


def _of_component(want: Desired, seen: Facts, supply: Supply, held_back: str | None) -> UnitPlan | LeftOut | None:
    """Say what the components of a unit need whose system, config and registration are as they should be."""
    found = component_update_of(want.components, seen.components, supply)
    if isinstance(found, Update):
        return _unit_plan(want, seen, found, held_back)
    reason = held_back or found
    return LeftOut(want.unit, None, reason) if reason else None


def _with_registration(planned: UnitPlan, want: Desired, seen: Facts, why: str | None) -> UnitPlan:
    """Add to a unit's plan that it is registered in the end, if there is a reason."""
    if why is None:
        return planned
    return replace(
        planned,
        actions=(*planned.actions, Action.REGISTER),
        reasons=(*planned.reasons, why),
        registration=want.registration.digest,
        renews=seen.registration == want.registration.digest,
    )


def _unit_plan(want: Desired, seen: Facts, update: Update | None, held_back: str | None) -> UnitPlan:
    files = differing_files(want, seen)
    actions, reasons = _actions(want, seen, files, update)
    return UnitPlan(
        unit=want.unit,
        site=want.site,
        kind=want.kind,
        gateway=want.gateway,
        actions=tuple(actions),
        reasons=(*reasons, *([held_back] if held_back else [])),
        config_digest=want.config_digest,
        facts_digest=seen.binding_digest,
        files=files,
        reboot=Action.REBOOT in actions or (update is not None and not update.component),
        confirm=any(path in want.confirms for path in files),
        release=update.release if update else "",
        bundle=update.bundle if update else "",
        bundle_bytes=update.bundle_bytes if update else 0,
        component=update.component if update else "",
    )


def differing_files(want: Desired, seen: Facts) -> tuple[str, ...]:
    """Return the paths whose content on the unit is not the desired one, sorted; removed files included."""
    changed = {path for path, digest in want.files.items() if seen.files.get(path) != digest}
    removed = set(seen.files) - set(want.files)
    return tuple(sorted(changed | removed | set(seen.config_changed)))


def _needs_config(want: Desired, seen: Facts) -> bool:
    return bool(seen.config_digest != want.config_digest or seen.config_changed or seen.unconfirmed)


def _actions(
    want: Desired, seen: Facts, files: tuple[str, ...], update: Update | None
) -> tuple[list[Action], list[str]]:
    """Return what a unit needs, each with its reason; an update brings the config along, and is a reboot itself."""
    actions: list[Action] = []
    reasons: list[str] = []
    if update is not None:
        actions.append(Action.UPDATE)
        reasons.append(update.reason)
    configures = _needs_config(want, seen)
    if configures:
        actions.append(Action.CONFIGURE)
        reasons.append(_why_configure(want, seen, files))
    if update is not None:
        return actions, reasons
    reboots = [path for path in files if path in want.reboots] if configures else []
    if reboots:
        actions.append(Action.REBOOT)
        reasons.append(f"{', '.join(reboots)} takes effect only after a reboot")
    elif seen.reboot_needed:
        actions.append(Action.REBOOT)
        reasons.append("an applied file waits for a reboot")
    return actions, reasons


def _why_configure(want: Desired, seen: Facts, files: tuple[str, ...]) -> str:
    if not seen.config_digest:
        return f"it has no config yet ({len(want.files)} files)"
    if seen.unconfirmed:
        return "its last config was never confirmed"
    if seen.config_digest == want.config_digest:
        return f"edited on the unit: {', '.join(seen.config_changed)}"
    return f"config differs in {', '.join(files)}" if files else "config differs in modes or services"


def _orphaned(observed: Mapping[str, Observation], declared: Iterable[str]) -> tuple[str, ...]:
    known = set(declared)
    return tuple(sorted(unit for unit in observed if unit not in known)) if known else ()


# --- staleness ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a plan is held against when it is applied."""

    state: str
    at: datetime
    site_digests: Mapping[str, str]
    config_digests: Mapping[str, str]
    """Of the units as they would be rendered now."""
    observed: Mapping[str, Observation]
    releases: Mapping[str, str] = field(default_factory=dict)
    """Version that each unit of the plan should get now: of the system, or of the component that the plan is about."""
    catalogue: Catalogue = field(default_factory=Catalogue)
    """What is signed now."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Why nothing may be done to units now: their machines are quarantined or retired."""


def refusal(plan: Plan, standing: Circumstances) -> str | None:
    """Return why the whole plan may not be applied any more, or None."""
    if plan.state != standing.state:
        return f"plan {plan.id} was made with another state ({plan.state}), this one is {standing.state}"
    if standing.at >= plan.expires:
        return f"plan {plan.id} expired at {plan.expires:%Y-%m-%d %H:%M} UTC"
    return None


def moved(plan: Plan, standing: Circumstances) -> Mapping[str, str]:
    """Return the units that are no longer as the plan saw them, each with what moved."""
    reasons = {unit.unit: _what_moved(plan, unit, standing) for unit in plan.units}
    return {unit: reason for unit, reason in reasons.items() if reason is not None}


def _what_moved(plan: Plan, unit: UnitPlan, standing: Circumstances) -> str | None:
    if unit.unit in standing.refused:
        return f"its machine is {standing.refused[unit.unit]}"
    if standing.site_digests.get(unit.site) != plan.sites[unit.site]:
        return f"site {unit.site} was changed in the inventory since the plan was made"
    if standing.config_digests.get(unit.unit) != unit.config_digest:
        return "its config renders differently since the plan was made (templates or fleet.yaml changed)"
    if unit.release and (other := _another_release(unit, standing)):
        return other
    seen = standing.observed.get(unit.unit)
    if seen is None:
        return "it was not observed"
    if isinstance(seen, Unobserved):
        return f"it cannot be observed: {seen.message}"
    if seen.binding_digest != unit.facts_digest:
        return "its slot, version, config, registration or host key changed since the plan was made"
    return None


def _another_release(unit: UnitPlan, standing: Circumstances) -> str | None:
    """Return how the release that a unit was to get is not what it would get now, or None."""
    wanted, signed = standing.releases.get(unit.unit), standing.catalogue.releases.get(unit.release)
    if wanted != unit.release:
        return f"release {wanted or 'none'} is wanted now, the plan has {unit.release}"
    if signed is None or (signed.sha256, signed.size_bytes) != (unit.bundle, unit.bundle_bytes):
        return f"release {unit.release} is not signed as it was when the plan was made"
    return None
