"""What a rollout of a plan would meet if it began now: its waves, and where the heat guard would hold it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetctl.cli.frame import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetctl.core.inventory.fleet import Fleet, Unit
    from fleetctl.core.plan import Plan
    from fleetctl.core.policy import Policy
    from fleetctl.ports import State

SHOWN = 5
"""Refusals that are printed; `fleetctl heat check` prints them all."""


def foresee(frame: Frame, fleet: Fleet, state: State, plan: Plan, policy: Policy) -> None:
    """Say on standard error what a rollout of the plan would meet now.

    Raises:
        InvalidInput: if a site's forecast file cannot be used.
    """
    from fleetctl.cli import compose
    from fleetctl.services.forecasts import check_forecasts

    units = [fleet.by_name[each.unit] for each in plan.units if each.unit in fleet.by_name]
    check_forecasts(compose.forecasts(frame), [fleet.sites[site] for site in plan.sites if site in fleet.sites])
    lines = [*_waves(fleet, units, policy), *_heat(frame, fleet, state, units, policy)]
    if lines and not frame.is_json:
        frame.notes().print("\n".join(lines))


def _waves(fleet: Fleet, units: list[Unit], policy: Policy) -> Iterator[str]:
    from fleetctl.core.rollout.waves import assign, placed

    waves = assign(placed(fleet, [unit.name for unit in units]), policy)
    if len(waves) > 1:
        yield from (f"wave {wave.rule.name}: {len(wave.units)} units ({wave.arithmetic})" for wave in waves)


def _heat(frame: Frame, fleet: Fleet, state: State, units: list[Unit], policy: Policy) -> Iterator[str]:
    from zoneinfo import ZoneInfo

    from fleetctl.cli import compose
    from fleetctl.core.heat.check import counts
    from fleetctl.services.heat import Occasion, check

    occasion = Occasion(policy, compose.clock().now().utc, compose.forecasts(frame), ZoneInfo)
    found = check(fleet, units, state, occasion)
    refused = [each.refusal for each in found if each.refusal]
    if found:
        yield f"heat guard now, policy {policy.name}: {counts(found)}"
    yield from (f"  {text}" for text in refused[:SHOWN])
    if len(refused) > SHOWN:
        yield f"  and {len(refused) - SHOWN} more: 'fleetctl heat check' shows them all"
