"""Build an image: packages, root file system, bill of materials, bundle, disk, description, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleetctl.core.images.image import describe
from fleetctl.core.images.recipe import Recipe
from fleetctl.core.images.texts import Identity
from fleetctl.ports.images import Made, Workshop


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be built.

    Attributes:
        form: of the bundle, `verity` or `plain`.
        with_bill: write a bill of materials.
        with_disk: write a disk, and what images blank machines; an update alone needs neither.
    """

    identity: Identity
    form: str
    with_bill: bool = True
    with_disk: bool = True


@dataclass(frozen=True, slots=True)
class Built:
    """An image that was built: its description's path, its files by part."""

    path: Path
    files: dict[str, Made]


def build(order: Order, recipe: Recipe, workshop: Workshop, note: Callable[[str], None]) -> Built:
    """Build an image; `note` is told what is being made.

    Raises:
        InvalidInput: if what was recorded, or an overlay, cannot be used.
        CouldNot: if a program is missing or fails.
    """
    identity = order.identity
    note("packages")
    lock = workshop.lock(recipe)
    note(f"root file system of {len(lock.system)} packages")
    files = {"root": workshop.root(recipe, lock, identity)}
    if order.with_bill:
        note("bill of materials")
        files["bill"] = workshop.bill(lock, identity)
    note(f"bundle ({order.form})")
    files["bundle"] = workshop.bundle(lock, identity, order.form)
    if order.with_disk:
        note("disk, and what images blank machines")
        files["disk"] = workshop.disk(recipe, lock)
        files["kernel"], files["imager"] = workshop.starters()
    told = {part: _document(made) for part, made in files.items()}
    return Built(workshop.record(describe(identity, recipe.disk, told, lock.digest)), files)


def _document(made: Made) -> dict[str, Any]:
    return {"file": made.name, "size_bytes": made.size_bytes, "sha256": made.sha256}
