"""Building an image: the steps in their order, and a description that holds what was made."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fleetctl.core.images.disk import Disk
from fleetctl.core.images.lock import Lock, Package
from fleetctl.core.images.recipe import Recipe
from fleetctl.core.images.texts import Identity
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.problems import CouldNot
from fleetctl.ports.images import Made, Workshop
from fleetctl.services.images import Order, build

KERNEL = Package("linux-image-6.1.0-1-amd64", "6.1.1-1", "amd64", 7, "a" * 64, "kernel")
LOCK = Lock("bookworm", "amd64", 1764000000, (KERNEL,))
RECIPE = Recipe(Kind.RADIATOR, "bookworm", "amd64", "linux-image-amd64", Disk(), (), (), (), (), (), ())
IDENTITY = Identity(Kind.RADIATOR, "qh-1", "heat-qh-1", "2026.12")


@dataclass
class Remembering:
    """A workshop that makes nothing, and remembers in which order it was asked; can be told to fail at a step."""

    fails_at: str = ""
    asked: list[str] = field(default_factory=list)
    description: bytes = b""

    def _step(self, name: str, size: int = 1) -> Made:
        self.asked.append(name)
        if name == self.fails_at:
            raise CouldNot(f"{name} failed")
        return Made(f"{name}.file", size, name[0] * 64)

    def lock(self, recipe: Recipe) -> Lock:
        self._step("lock")
        return LOCK

    def root(self, recipe: Recipe, lock: Lock, identity: Identity) -> Made:
        return self._step("root")

    def bill(self, lock: Lock, identity: Identity) -> Made:
        return self._step("bill")

    def bundle(self, lock: Lock, identity: Identity, form: str) -> Made:
        return self._step(f"bundle-{form}")

    def disk(self, recipe: Recipe, lock: Lock) -> Made:
        return self._step("disk", 9)

    def starters(self) -> tuple[Made, Made]:
        return self._step("kernel"), self._step("imager")

    def record(self, description: bytes) -> Path:
        self._step("record")
        self.description = description
        return Path("out/image.json")


def test_the_description_comes_last_and_names_what_was_made() -> None:
    workshop: Remembering = Remembering()
    port: Workshop = workshop
    built = build(Order(IDENTITY, "verity"), RECIPE, port, lambda _: None)
    assert workshop.asked == ["lock", "root", "bill", "bundle-verity", "disk", "kernel", "imager", "record"]
    document = json.loads(workshop.description)
    assert (document["version"], document["kind"], document["models"]) == ("2026.12", "radiator", ["qh-1"])
    assert document["disk"] == {"file": "disk.file", "size_bytes": 9, "sha256": "d" * 64}
    assert document["bundle_sha256"] == "b" * 64
    assert document["lock"] == LOCK.digest
    assert set(built.files) == {"root", "bill", "bundle", "disk", "kernel", "imager"}


def test_an_update_alone_needs_no_disk_and_no_bill() -> None:
    workshop = Remembering()
    build(Order(IDENTITY, "plain", with_bill=False, with_disk=False), RECIPE, workshop, lambda _: None)
    assert workshop.asked == ["lock", "root", "bundle-plain", "record"]


@pytest.mark.parametrize("step", ["lock", "root", "bill", "bundle-verity", "disk", "kernel"])
def test_a_step_that_fails_leaves_no_description(step: str) -> None:
    workshop = Remembering(fails_at=step)
    with pytest.raises(CouldNot, match=step):
        build(Order(IDENTITY, "verity"), RECIPE, workshop, lambda _: None)
    assert not workshop.description
