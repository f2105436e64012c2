"""What is shown of a merge, and what is finished after one: stages that had to wait for the CA or the platform."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fleetctl.cli.frame import Frame, print_json
from fleetctl.core.problems import CouldNot, InvalidInput

if TYPE_CHECKING:
    from fleetctl.core.commissioning.standing import Standing
    from fleetctl.core.inventory.fleet import Fleet, Unit
    from fleetctl.ports import State
    from fleetctl.services.kit.merge import Merged

SCHEMA = "fleetctl/kit-merge/v1"


@dataclass(frozen=True)
class Waiting:
    """A stage of a unit that waits for what was not there in the building."""

    unit: str
    stage: str
    reason: str


def waiting(state: State, fleet: Fleet, site: str) -> list[Waiting]:
    """Return what waits at a site."""
    from fleetctl.core.commissioning.checklist import fold
    from fleetctl.core.commissioning.standing import State as Stands

    checklist = fold(fleet.sites[site], state.ledger.entries(site))
    standings: Iterator[tuple[str, Standing]] = (
        (name, unit.of(stage)) for name, unit in checklist.units.items() for stage in unit.stages
    )
    return [Waiting(name, of.stage.value, of.reason) for name, of in standings if of.state is Stands.PENDING]


def waiting_at(_frame: Frame, state: State, fleet: Fleet, site: str) -> list[Waiting]:
    """Return what waits at a site, and finish nothing."""
    return waiting(state, fleet, site)


def finished(frame: Frame, state: State, fleet: Fleet, site: str) -> list[Waiting]:
    """Finish the registrations that wait, as far as that is possible from here; return what still waits."""
    from fleetctl.core.commissioning.stages import Stage

    names = {each.unit for each in waiting(state, fleet, site) if each.stage == Stage.REGISTERED.value}
    units: list[Unit] = [unit for unit in fleet.sites[site].units.values() if unit.name in names]
    if units:
        try:
            _register(frame, state, fleet, units)
        except (CouldNot, InvalidInput) as reason:  # the merge itself is done
            frame.notes().print(f"registrations still wait: {reason}")
    return waiting(state, fleet, site)


def _register(frame: Frame, state: State, fleet: Fleet, units: list[Unit]) -> None:
    from fleetctl.cli import compose, register
    from fleetctl.core.identity.result import Registered, draft_of

    for result in register.registered(frame, state, fleet, units):
        frame.notes().print(f"{result.unit}: {result.standing.value}{': ' if result.text else ''}{result.text}")
        if result.standing not in (Registered.UNCHANGED, Registered.PENDING):
            state.ledger.append([draft_of(result, frame.actor, compose.clock().now().utc)])


def show(frame: Frame, merged: Merged, left: list[Waiting]) -> None:
    """Print what came of a merge: data to standard output, what somebody has to do to standard error."""
    if frame.is_json:
        print_json(document(merged, left))
    else:
        frame.console().print("\n".join(_lines(merged)))
    for dispute in merged.open:
        frame.notes().print(f"conflict: {dispute.subject}: {dispute.why}")
    if merged.open:
        frame.notes().print("nothing is lost: decide with --ours SUBJECT or --theirs SUBJECT and merge again")
    for text in merged.inventory.by_hand:
        frame.notes().print(f"by hand: {text}")
    for each in left:
        frame.notes().print(f"waits: {each.unit}: {each.stage}: {each.reason}")


def document(merged: Merged, left: list[Waiting]) -> dict[str, Any]:
    """Return a merge as plain data."""
    return {
        "schema": SCHEMA,
        "kit": merged.kit.id,
        "site": merged.kit.site,
        "engineer": merged.kit.engineer,
        "changed": merged.changed,
        "entries": [entry.to_document() for entry in merged.new],
        "pinned": list(merged.pinned),
        "imaged": list(merged.imaged),
        "observed": list(merged.observed),
        "inventory": list(merged.inventory.lines),
        "by_hand": list(merged.inventory.by_hand),
        "decided": [{"subject": each.subject, "why": each.why} for each in merged.decided],
        "conflicts": [{"subject": each.subject, "why": each.why} for each in merged.open],
        "waiting": [{"unit": each.unit, "stage": each.stage, "reason": each.reason} for each in left],
    }


def _lines(merged: Merged) -> Iterator[str]:
    kit = merged.kit
    if not merged.changed:
        yield f"kit {kit.id} of {kit.site} brought nothing new"
        return
    yield f"kit {kit.id} of {kit.site}, {kit.engineer}: {len(merged.new)} new entries of {kit.entries}"
    for entry in merged.new:
        draft = entry.draft
        yield f"  {draft.subject}: {draft.stage.value} {draft.outcome.value}, by {draft.actor}"
    yield from (f"  {unit}: host key pinned" for unit in merged.pinned)
    yield from (f"  {unit}: imaging record taken over" for unit in merged.imaged)
    yield from (f"  {unit}: facts taken over" for unit in merged.observed)
    yield from (f"  {line}" for line in merged.inventory.lines)
    yield from (f"  decided: {each.subject}: {each.why}" for each in merged.decided)
