"""What is declared, and what is kept of it: files, templates, forecasts, a cache for each site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fleetctl.core.document import Document, SourceFile
    from fleetctl.core.heat.forecast import Forecast
    from fleetctl.core.inventory.fleet import Site
    from fleetctl.core.templates import Templates


class FleetFiles(Protocol):
    """Reads the files of a fleet's folder."""

    def fleet(self) -> SourceFile:
        """Return `fleet.yaml`.

        Raises:
            CouldNot: if it cannot be read.
        """
        ...

    def sites(self) -> Mapping[str, tuple[SourceFile, ...]]:
        """Return the files of every site by the site's id, both sorted.

        Raises:
            CouldNot: if one cannot be read.
        """
        ...

    def parse(self, file: SourceFile) -> Document:
        """Read a file's data; what is wrong with the text is in the document's problems."""
        ...

    def time_zones(self) -> frozenset[str]:
        """Return the names of the time zones that this machine knows; empty if it knows none."""
        ...


class Forecasts(Protocol):
    """Tells the weather to come."""

    def of(self, site: Site) -> Forecast | None:
        """Return the forecast of a site; None if nothing is known: the design temperature is reckoned with."""
        ...

    def check(self, site: Site) -> None:
        """Read the forecast file that a site declares, if it declares one.

        Raises:
            InvalidInput: with everything that is wrong with it.
        """
        ...


class SiteCache(Protocol):
    """Keeps what was computed for a site, so that it is computed once.

    For each site and purpose it holds one blob, with the key (a digest of all that the blob was computed from) that it
    answers to. Losing any of it costs time and nothing else.
    """

    def get(self, site: str, purpose: str, key: str) -> bytes | None:
        """Return the blob for `key`, or None if there is none, or it is damaged."""
        ...

    def put(self, site: str, purpose: str, key: str, blob: bytes) -> None:
        """Keep a blob in the place of the one before; a failure to write is not an error."""
        ...


class TemplateFiles(Protocol):
    """The templates of a fleet: those that ship with fleetctl, or the fleet's own in their place."""

    @property
    def digest(self) -> str:
        """Return the digest of every template and of the manifest; cheap, nothing is compiled."""
        ...

    def read(self) -> Templates:
        """Return the templates, held against their manifest.

        Raises:
            InvalidInput: if the manifest is wrong.
        """
        ...
