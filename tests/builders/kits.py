"""Kits as values: a manifest, its record, what came back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from fleetctl.core.commissioning.ledger import Draft, Entry, written
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.digest import digest
from fleetctl.core.kit.manifest import Manifest
from fleetctl.core.kit.record import Kit, exported, kit_of
from fleetctl.core.kit.results import Results
from fleetctl.core.kit.returned import Returned
from fleetctl.ports import State

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SITE, FLEET = "home", "les-sables"


def manifest(kit: str = "k-1", state: str = "state-in-memory", **changed: Any) -> Manifest:
    expires = NOON + timedelta(days=3)
    of = Manifest(kit, FLEET, SITE, state, (), "Ada", "ops", NOON, expires, "ssh-ed25519 S", f"ssh-ed25519 {kit}")
    return replace(of, **changed)


def record(of: Manifest) -> Kit:
    return kit_of(of, digest(of.content), ())


def out(state: State, of: Manifest) -> Kit:
    """Have a state remember that a kit left, with what it was given of the ledger."""
    known: dict[str, int] = {}
    for entry in state.ledger.entries():
        known[entry.writer] = known.get(entry.writer, 0) + 1
    kit = record(replace(of, known=known))
    state.kits.keep(kit, exported(kit))
    return kit


def said(unit: str, stage: Stage, outcome: Outcome = Outcome.DONE, minute: int = 0, **detail: Any) -> Draft:
    return Draft(SITE, f"{SITE}/{unit}", stage, outcome, "ada", NOON + timedelta(minutes=minute), detail)


def returned(
    of: Manifest, drafts: Sequence[Draft] = (), *, before: Mapping[str, bytes] | None = None, **rest: Any
) -> Returned:
    """Return a kit that came back, sealed, with these entries."""
    entries: tuple[Entry, ...] = tuple(written(of.kit, None, drafts))
    results = Results(of.kit, digest(of.content), NOON + timedelta(hours=8), entries, **rest)
    return Returned(of, digest(of.content), True, (), results, True, 0, before or {})
