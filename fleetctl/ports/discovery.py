"""Looking at a site's network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fleetctl.core.discovery.ground import Ground
    from fleetctl.core.discovery.sighting import Survey


class Scout(Protocol):
    """Sees who is on the wire of a site, from its gateways or from this machine."""

    def survey(self, ground: Ground) -> Survey:
        """Look around and ask whoever answers who it is; what cannot be seen is a gap of the survey.

        Nobody is logged in to who does not prove a host key that is pinned for a unit of the site.
        """
        ...
