"""What comes back from a building: what a kit's engineer did, sealed with the kit's own key.

Results are cumulative: a later seal holds what an earlier one held, so merging the last one is enough and merging both
does no harm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fleetctl.core.commissioning.ledger import Entry, chain_flaw
from fleetctl.core.facts import Facts
from fleetctl.core.imaging.record import Imaging
from fleetctl.core.kit.manifest import Manifest
from fleetctl.core.route import Pin

SCHEMA = "fleetctl/kit-results/v1"
NAMESPACE = "fleetctl-kit-results"
FILE = "results.json"
SIGNATURE = "results.json.sig"


@dataclass(frozen=True, slots=True)
class Repinned:
    """The host keys of a unit, as the kit was given them and as they are now."""

    unit: str
    before: tuple[Pin, ...]
    after: tuple[Pin, ...]


@dataclass(frozen=True)
class Results:
    """What was done.

    Attributes:
        kit: its id.
        manifest: SHA-256 of the kit's manifest.
        sealed: when.
        entries: of the kit's own ledger, all of them.
        pins: units whose host keys changed.
        imaging: records of units that were imaged, or asked to be.
        facts: what was observed of units since.
        inventory: files of the inventory that were edited, by path: their text.
    """

    kit: str
    manifest: str
    sealed: datetime
    entries: tuple[Entry, ...] = ()
    pins: tuple[Repinned, ...] = ()
    imaging: tuple[Imaging, ...] = ()
    facts: tuple[Facts, ...] = ()
    inventory: Mapping[str, str] = field(default_factory=dict)

    def flaws(self, manifest: Manifest, digest: str) -> Iterator[str]:
        """Yield in words why these are not results of a kit that can be taken in.

        Args:
            manifest: of the kit.
            digest: SHA-256 of the manifest's file.
        """
        if (self.kit, self.manifest) != (manifest.kit, digest):
            yield f"the results are of kit {self.kit}, not of {manifest.kit}"
        foreign = next((entry for entry in self.entries if entry.writer != manifest.kit), None)
        if foreign is not None:
            yield f"{foreign.name} was not written by the kit"
        broken = chain_flaw(self.entries)
        if broken is not None:
            yield broken
        late = next((entry for entry in self.entries if entry.draft.at >= manifest.expires), None)
        if late is not None:
            yield f"{late.name} was written after the kit expired on {manifest.expires:%Y-%m-%d %H:%M} UTC"
        other = next((entry for entry in self.entries if entry.draft.site != manifest.site), None)
        if other is not None:
            yield f"{other.name} is not about {manifest.site}"
        told = {each.unit for part in (self.pins, self.imaging, self.facts) for each in part}
        yield from (f"{unit} is not of {manifest.site}" for unit in sorted(told) if not _is_of(manifest.site, unit))


def _is_of(site: str, unit: str) -> bool:
    return unit.partition("/")[0] == site
