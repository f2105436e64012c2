"""Refuses to change anything with a kit that expired. Part of `compose`; quick where there is no kit."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from fleetctl.cli.frame import Frame
from fleetctl.core.problems import CouldNot, InvalidInput


def refuse_ended(frame: Frame) -> None:
    """Refuse to change anything in a kit that expired; outside of kits nothing is refused.

    Raises:
        CouldNot: if the kit expired, or this machine's clock is wrong.
    """
    kit = _kit_of(frame)
    if kit is None:
        return
    from fleetctl.adapters.kit.folder import read_manifest
    from fleetctl.cli import compose

    ended = read_manifest(kit)[0].ended(compose.clock().now().utc)
    if ended is not None:
        hint = "'commission show' and 'commission kit seal' still work; have a new kit made to go on"
        raise CouldNot(ended, hint=hint)


def _kit_of(frame: Frame) -> Path | None:
    from fleetctl.adapters.kit.place import kit_around

    with suppress(InvalidInput):  # an order needs no inventory
        return kit_around(frame.folder)
    return None
