"""What `apply --allow-retire` does with units that the state knows and the inventory does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetctl.cli.frame import Frame
from fleetctl.core.problems import InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleetctl.core.inventory.fleet import Fleet
    from fleetctl.core.plan import Plan
    from fleetctl.ports import State


def retired_with(fleet: Fleet, plan: Plan, allowed: int | None, most_percent: float) -> Sequence[str]:
    """Return the orphaned units that a plan's application retires; none if nobody spoke of it.

    Raises:
        InvalidInput: if their number is another than the person expects, or too large.
    """
    from fleetctl.core.identity.retiring import refusal_of_number

    refused = refusal_of_number(plan.orphaned, allowed, len(fleet.by_name), most_percent)
    if refused is not None:
        hint = "only a plan of the whole fleet looks for orphans; see 'fleetctl plan'"
        raise InvalidInput([Problem("not-retired", refused, hint=hint)])
    return () if allowed is None else plan.orphaned


def retire_orphans(frame: Frame, fleet: Fleet, state: State, orphans: Sequence[str]) -> None:
    """Take orphaned units out of everybody's books: nobody knows the way to them any more, so none is wiped."""
    if not orphans:
        return
    from fleetctl.cli import compose, identities
    from fleetctl.services.orphans import retire_all

    platform_of = identities.platform_named(frame, fleet)
    for said in retire_all(state, orphans, platform_of, actor=frame.actor, at=compose.clock().now().utc):
        frame.notes().print(said)
