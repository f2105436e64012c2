"""Makes system images, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fleetctl.core.images.lock import Lock
    from fleetctl.core.images.recipe import Recipe
    from fleetctl.core.images.texts import Identity


@dataclass(frozen=True, slots=True)
class Made:
    """A file of an image.

    Attributes:
        name: in the image's folder.
        sha256: in hexadecimal.
    """

    name: str
    size_bytes: int
    sha256: str


class Workshop(Protocol):
    """Makes the files of one image in one folder. Every step raises `CouldNot` if what it needs is missing or fails."""

    def lock(self, recipe: Recipe) -> Lock:
        """Return the packages to use: those that were recorded, or the newest ones, recorded from now on.

        All of them are in this machine's cache then, and are what the lock says.

        Raises:
            InvalidInput: if what was recorded is damaged, or has not what the recipe names.
        """
        ...

    def root(self, recipe: Recipe, lock: Lock, identity: Identity) -> Made:
        """Make the root file system: the same bytes each time.

        Raises:
            InvalidInput: if an overlay puts something where it cannot be.
        """
        ...

    def bill(self, lock: Lock, identity: Identity) -> Made:
        """Write the bill of materials of the root that was made."""
        ...

    def bundle(self, lock: Lock, identity: Identity, form: str) -> Made:
        """Pack the root that was made as a bundle of a form, and sign it."""
        ...

    def disk(self, recipe: Recipe, lock: Lock) -> Made:
        """Lay the root that was made, boot loader and data partition onto a whole disk."""
        ...

    def starters(self) -> tuple[Made, Made]:
        """Put down what a blank machine starts with: the kernel, and the imager's programs."""
        ...

    def record(self, description: bytes) -> Path:
        """Write the image's description, last of all, and its lock; return the description's path."""
        ...
