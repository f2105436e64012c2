"""The state that a kit starts with, and what its state holds when it comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import update

from fleetctl.adapters.store.engine import open_database
from fleetctl.adapters.store.schema import META
from fleetctl.adapters.store.state import SqlState, open_state
from fleetctl.core.commissioning.ledger import Entry
from fleetctl.core.facts import Facts, Observation
from fleetctl.core.imaging.desk import Answer, Given
from fleetctl.core.imaging.record import Imaging
from fleetctl.core.kit.results import Repinned, Results
from fleetctl.core.route import Pin, Way
from fleetctl.ports import State


@dataclass(frozen=True)
class Seed:
    """What a kit's state is given.

    Attributes:
        entries: the whole ledger: chains are checked from their first entry on.
        pins, ways, imaging, facts: of the units that the kit is for.
    """

    entries: tuple[Entry, ...]
    pins: Mapping[str, tuple[Pin, ...]]
    ways: Mapping[str, Way]
    imaging: tuple[Imaging, ...]
    facts: tuple[Observation, ...]


def seed_of(state: State, units: frozenset[str]) -> Seed:
    """Return what a kit for some units is given; ways without the paths of this machine's keys."""
    ways = {name: replace(way, identity_file="") for name, way in state.units.ways().items() if name in units}
    return Seed(
        entries=tuple(state.ledger.entries()),
        pins={name: pins for name, pins in state.units.pins(units).items() if pins},
        ways=ways,
        imaging=tuple(state.imaging.records(units).values()),
        facts=tuple(state.units.facts(units).values()),
    )


def plant(file: Path, kit: str, seed: Seed, actor: str, at: datetime) -> None:
    """Write a new state into a file: its identity is the kit's, so the kit is the writer of its ledger entries.

    Raises:
        CouldNot: if the file system refuses.
    """
    database = open_database(f"sqlite:///{file}")
    with database.write() as connection:
        connection.execute(update(META).values(uuid=kit))
    state = SqlState(database)
    try:
        state.ledger.merge(seed.entries)
        state.units.pin(seed.pins, actor=actor, at=at, why=f"known when kit {kit} was made")
        state.units.set_ways(seed.ways)
        state.units.save_facts(seed.facts)
        for record in seed.imaging:
            bring_imaging(state, record)
    finally:
        state.close()


def bring_imaging(state: State, record: Imaging) -> bool:
    """Keep a record of imaging if it is newer than the one that is there; returns whether it was."""
    taken = []

    def decide(before: Imaging | None) -> Answer:
        if before is not None and before.at >= record.at:
            return Given(before)
        taken.append(record)
        return Given(record, "imaging-merged", f"{record.unit}: {record.stage.value}, as a kit's state has it")

    state.imaging.change(record.unit, decide, record.at)
    return bool(taken)


def results_of(kit: str, manifest: str, first: Path, now: Path, inventory: Mapping[str, str], at: datetime) -> Results:
    """Return what was done with a kit.

    Args:
        kit: its id.
        manifest: SHA-256 of its manifest.
        first: file of the state that it began with.
        now: file of its state.
        inventory: edited files of its inventory.
        at: when it is sealed.
    """
    before, after = open_state(f"sqlite:///{first}"), open_state(f"sqlite:///{now}")
    try:
        return Results(
            kit=kit,
            manifest=manifest,
            sealed=at,
            entries=tuple(entry for entry in after.ledger.entries() if entry.writer == kit),
            pins=_repinned(before, after),
            imaging=_new_imaging(before, after),
            facts=_new_facts(before, after),
            inventory=inventory,
        )
    finally:
        before.close()
        after.close()


def _repinned(before: State, after: State) -> tuple[Repinned, ...]:
    first, now = before.units.pins(), after.units.pins()
    return tuple(Repinned(unit, first.get(unit, ()), pins) for unit, pins in now.items() if pins != first.get(unit, ()))


def _new_imaging(before: State, after: State) -> tuple[Imaging, ...]:
    first = before.imaging.records()
    return tuple(record for unit, record in after.imaging.records().items() if first.get(unit) != record)


def _new_facts(before: State, after: State) -> tuple[Facts, ...]:
    first = before.units.facts()
    return tuple(o for unit, o in after.units.facts().items() if isinstance(o, Facts) and first.get(unit) != o)
