"""What imaging over the network needs to remember, to serve, and to be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fleetctl.core.imaging.claim import Claim
    from fleetctl.core.imaging.desk import Answer
    from fleetctl.core.imaging.image import Image
    from fleetctl.core.imaging.record import Imaging, Stranger


class Imagings(Protocol):
    """What is remembered of imaging. Any process may ask for a unit to be imaged while another one serves."""

    def records(self, units: Iterable[str] | None = None) -> Mapping[str, Imaging]:
        """Return the records of all units or of those named; a unit that nobody asked for has none."""
        ...

    def change(self, unit: str, decide: Callable[[Imaging | None], Answer], at: datetime) -> Answer:
        """Decide on a unit's record and keep what was decided, in one transaction.

        The answer's record replaces the one before, its event goes to the event log, and its host key is pinned.
        """
        ...

    def strangers(self) -> Sequence[Stranger]:
        """Return the machines that were refused, the newest last."""
        ...

    def saw(self, stranger: Stranger) -> None:
        """Keep that a machine was refused; one that was refused before keeps when that was first."""
        ...

    def forget(self, before: datetime) -> None:
        """Forget the machines that did not come since."""
        ...


class Images(Protocol):
    """The disk images that can be served."""

    def images(self) -> Sequence[Image]:
        """Return every image, cut into chunks.

        Raises:
            InvalidInput: if one is damaged, or is none.
            CouldNot: if one cannot be read or packed.
        """
        ...

    def chunk(self, sha256: str) -> Path | None:
        """Return the file of a chunk; None if no image has it."""
        ...

    def kernel(self, version: str) -> Path | None:
        """Return the file of the kernel that writes an image; None if there is no such image."""
        ...

    def imager(self, version: str) -> Path | None:
        """Return the file of the initial RAM disk that writes an image; None if there is no such image."""
        ...


class Desk(Protocol):
    """What machines ask an imaging server; each answer is said to the machine as it is."""

    def script(self, claim: Claim, server: str, address: str) -> str:
        """Return the script for iPXE: boot the imager, boot from the disk, or wait."""
        ...

    def manifest(self, claim: Claim, address: str) -> bytes | str:
        """Return a signed manifest, or why there is none."""
        ...

    def enrol(self, claim: Claim, token: str, key: str) -> str | None:
        """Hear a machine's host key; returns why not, or None."""
        ...

    def finish(self, claim: Claim, token: str) -> str | None:
        """Hear that a machine's disk boots; returns why not, or None."""
        ...

    def tell(self, claim: Claim, note: str) -> None:
        """Hear how far an imager is."""
        ...
