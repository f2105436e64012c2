"""What the shell may complete: names of units, selectors, ids of rollouts.

The shell waits at each press of a key, and there is nowhere to report an error to, so whatever cannot be had is left
out. Units come from the checked copy of the inventory and rollouts from the state: no network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from fleetctl.cli.frame import Frame

if TYPE_CHECKING:
    from fleetctl.core.inventory.fleet import Unit
    from fleetctl.ports import State

T = TypeVar("T")

_MOST = 200


def complete_units(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete the name of a unit."""
    return _starting(incomplete, (unit.name for unit in _units(_frame(ctx))))


def complete_selectors(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete the name of a unit, the key of a selector, or a value after `key=`."""
    from fleetctl.core.selectors import KEYS

    units, key = _units(_frame(ctx)), incomplete.partition("=")[0]
    if "=" in incomplete and key in KEYS:
        values = dict.fromkeys(value for unit in units for value in KEYS[key](unit) if value)
        return _starting(incomplete, (f"{key}={value}" for value in values))
    return _starting(incomplete, [*(f"{key}=" for key in KEYS), *(unit.name for unit in units)])


def complete_scopes(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete what an order is about: everything, a site, or a unit once its site stands."""
    units = _units(_frame(ctx))
    sites = dict.fromkeys(unit.site for unit in units)
    return _starting(incomplete, (unit.name for unit in units) if "/" in incomplete else ["*", *sites])


def complete_sites(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete the id of a site."""
    return _starting(incomplete, dict.fromkeys(unit.site for unit in _units(_frame(ctx))))


def complete_rules(incomplete: str) -> list[str]:
    """Complete a rule that can be overridden."""
    from fleetctl.core.rollout.holds import RULES

    return _starting(incomplete, RULES)


def complete_holds(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete the number of a hold that stands."""
    return _starting(incomplete, _of_state(_frame(ctx), lambda state: [str(hold.id) for hold in state.orders.holds()]))


def complete_overrides(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete the number of an override."""
    found = _of_state(_frame(ctx), lambda state: [str(override.id) for override in state.orders.overrides()])
    return _starting(incomplete, found)


def complete_waves(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete the name of a wave of any rollout that has not ended."""
    return _starting(incomplete, dict.fromkeys(_waves(_frame(ctx))))


def complete_rollouts(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete the id of a rollout."""
    return _starting(incomplete, ["last", *_rollouts(_frame(ctx))])


def _frame(ctx: typer.Context) -> Frame:
    """Return the global options as far as they stand before the cursor; no command has run yet to keep them."""
    options = ctx.find_root().params
    inventory, state = options.get("inventory"), options.get("state")
    return Frame(Path(inventory) if inventory else None, state)


def _starting(incomplete: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word.startswith(incomplete)][:_MOST]


def _units(frame: Frame) -> list[Unit]:
    from fleetctl.cli import compose
    from fleetctl.core.problems import CouldNot, InvalidInput

    try:
        return list(compose.fleet(frame).units())
    except (CouldNot, InvalidInput):
        return []


def _rollouts(frame: Frame) -> list[str]:
    return _of_state(frame, lambda state: [row.id for row in state.journal.rollouts()])


def _waves(frame: Frame) -> list[str]:
    return _of_state(frame, lambda state: [w.name for r in state.journal.rollouts(active=True) for w in r.waves])


def _of_state(frame: Frame, ask: Callable[[State], list[T]]) -> list[T]:
    from fleetctl.cli import compose
    from fleetctl.core.problems import CouldNot, InvalidInput

    try:
        with compose.state(frame) as state:
            return ask(state)
    except (CouldNot, InvalidInput):
        return []
