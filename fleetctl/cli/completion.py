"""What the shell may complete: names of units, selectors, ids of rollouts.

The shell waits at each press of a key, and there is nowhere to report an error to, so whatever cannot be had is left
out. Units come from the checked copy of the inventory and rollouts from the state: no network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from fleetctl.cli.frame import Frame

if TYPE_CHECKING:
    from fleetctl.core.inventory.fleet import Unit

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


def _rollouts(frame: Frame) -> Iterator[str]:
    from fleetctl.cli import compose
    from fleetctl.core.problems import CouldNot, InvalidInput

    try:
        with compose.state(frame) as state:
            yield from [row.id for row in state.journal.rollouts()]
    except (CouldNot, InvalidInput):
        return
