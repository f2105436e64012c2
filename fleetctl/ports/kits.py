"""Kits: what is remembered of those that left, and what writes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fleetctl.core.kit.manifest import Manifest
    from fleetctl.core.kit.record import Kit
    from fleetctl.core.kit.scope import Scope
    from fleetctl.core.rollout.state import Noted


class Kits(Protocol):
    """The kits of a state. None is ever forgotten."""

    def kits(self) -> Sequence[Kit]:
        """Return every kit, the newest last."""
        ...

    def keep(self, kit: Kit, note: Noted) -> None:
        """Add a kit, or replace what is known of it, and note it in the event log, in one transaction."""
        ...


@dataclass(frozen=True)
class Made:
    """A kit that was written.

    Attributes:
        manifest: as it was signed.
        digest: SHA-256 of its file.
        secrets: fingerprints of the SSH keys in it.
    """

    manifest: Manifest
    digest: str
    secrets: tuple[str, ...]


class KitWorkshop(Protocol):
    """Writes kits."""

    def make(self, manifest: Manifest, scope: Scope, remember: Callable[[Made], None]) -> None:
        """Write a kit; it is there only once `remember` has returned.

        Args:
            manifest: what is decided; the keys, what it knows of the ledger, and the files are filled in.
            scope: what it is for.
            remember: called with the kit before anybody can use it.

        Raises:
            InvalidInput: if something in the fleet's folder cannot go into a kit, or the folder is there already.
            CouldNot: if a file cannot be had or written.
        """
        ...
