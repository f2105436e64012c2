"""Bundles, and the releases that were signed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fleetctl.core.releases.catalogue import Catalogue, Published
    from fleetctl.core.releases.offer import Bundle


class Bundles(Protocol):
    """Reads bundles, and checks who signed them."""

    def read(self, path: Path, now: datetime) -> Bundle:
        """Return a bundle with everything that is wrong with it.

        Raises:
            InvalidInput: if there is no such file.
            CouldNot: if it, or what it is checked with, cannot be read.
        """
        ...


class Releases(Protocol):
    """The fleet's signed releases. What cannot be verified is never returned."""

    @property
    def is_kept(self) -> bool:
        """Say whether this fleet has signed releases, or ever had some that this machine trusted."""
        ...

    @property
    def mark(self) -> str:
        """Return what changes whenever something else is published; cheap, nothing is verified."""
        ...

    def catalogue(self) -> Catalogue:
        """Return every release that was signed. Ones that expired are returned too: ask `freshness` before new work.

        Raises:
            InvalidInput: if what is signed is missing, not signed by whom it should be, damaged, or older than what
                this machine has seen before.
            CouldNot: if it cannot be read.
        """
        ...

    def freshness(self, now: datetime) -> str | None:
        """Return why no new work may begin: the metadata expired or cannot be verified. None if it may.

        A fleet without signed releases has nothing that expires: None.
        """
        ...

    def publish(self, catalogue: Catalogue, now: datetime) -> None:
        """Sign a catalogue in the place of the one before, fresh from `now` on.

        Raises:
            InvalidInput: if what stands cannot be verified.
            CouldNot: if this machine has not the keys, the catalogue stems from one that was replaced meanwhile, or it
                cannot be written.
        """
        ...

    def renew(self, now: datetime) -> None:
        """Sign again what is signed, as far as its life comes to an end; the catalogue stays.

        Raises:
            InvalidInput: if what stands cannot be verified.
            CouldNot: if this machine has not the keys for what is due, or it cannot be written.
        """
        ...

    def keep(self, bundle: Path, published: Published) -> None:
        """Copy a bundle to where releases are kept; one that is there is kept.

        Raises:
            CouldNot: if it cannot be copied, or is not what it was when it was checked.
        """
        ...

    def damage(self, published: Published) -> str | None:
        """Return why a release's kept bundle is not what was signed, in words; None if it is."""
        ...
