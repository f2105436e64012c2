"""Make a kit: decide what it is for, have it made, remember that it left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fleetctl.core.inventory.fleet import Fleet
from fleetctl.core.kit.manifest import Manifest
from fleetctl.core.kit.record import Kit, exported, kit_of
from fleetctl.core.kit.scope import scope_of
from fleetctl.ports import State
from fleetctl.ports.kits import KitWorkshop, Made


@dataclass(frozen=True)
class Order:
    """What somebody asks for.

    Attributes:
        engineer: whom it is for.
        life: how long it may be used.
        version: of fleetctl.
        pythons: that it has to run on.
    """

    site: str
    dwellings: tuple[str, ...]
    engineer: str
    life: timedelta
    version: str
    pythons: tuple[str, ...]


def export(state: State, fleet: Fleet, order: Order, workshop: KitWorkshop, kit: str, actor: str, now: datetime) -> Kit:
    """Make a kit; returns what is remembered of it.

    Raises:
        InvalidInput, CouldNot: as `scope_of` and `KitWorkshop.make`.
    """
    scope = scope_of(fleet, order.site, order.dwellings)
    manifest = Manifest(
        kit=kit,
        fleet=fleet.name,
        site=order.site,
        state=state.uuid,
        dwellings=scope.dwellings,
        engineer=order.engineer,
        actor=actor,
        made=now,
        expires=now + order.life,
        signer="",
        key="",
        version=order.version,
        pythons=order.pythons,
    )
    kept: list[Kit] = []

    def remember(made: Made) -> None:
        record = kit_of(made.manifest, made.digest, made.secrets)
        state.kits.keep(record, exported(record))
        kept.append(record)

    workshop.make(manifest, scope, remember)
    return kept[0]
