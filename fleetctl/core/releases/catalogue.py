"""The releases that a fleet has signed: what each is, which channels it serves, and whether it was withdrawn.

`fleet.yaml` says what units should run; the catalogue says what they may run. Only signed metadata becomes a catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fleetctl.core.inventory.fleet import Kind


@dataclass(frozen=True, slots=True)
class Published:
    """A release as it was signed.

    Attributes:
        version: what units report once they run it.
        compatible: RAUC's compatible string.
        kind: of the units that it is made for.
        models: that it is made for, sorted.
        size_bytes: of the bundle.
        sha256: of the bundle, in hexadecimal.
        channels: that it was promoted to, sorted.
        withdrawn: why it may not be used any more; empty if it may.
        image_bytes: size of its largest image, for which a slot has to have room; 0 if it was signed without, and for
            a component.
        component: that it is for; empty for the system.
    """

    version: str
    compatible: str
    kind: Kind
    models: tuple[str, ...]
    size_bytes: int
    sha256: str
    channels: tuple[str, ...] = ()
    withdrawn: str = ""
    image_bytes: int = 0
    component: str = ""

    @property
    def file(self) -> str:
        """Return the name of the bundle's file."""
        return bundle_file(self.version)


def bundle_file(version: str) -> str:
    """Return the name that a release's bundle is kept under."""
    return f"{version}.raucb"


@dataclass(frozen=True)
class Catalogue:
    """Every release that was signed.

    Attributes:
        releases: by version.
        edition: number of the signed state that this one is, or stems from; None if from none. Whoever signs a
            successor of another state than the present one would undo what was signed in between.
    """

    releases: Mapping[str, Published] = field(default_factory=dict)
    edition: int | None = field(default=None, compare=False)

    @property
    def channels(self) -> Mapping[str, str]:
        """Map each channel to the version that was promoted to it."""
        return {channel: of.version for of in self.releases.values() for channel in of.channels}

    def unusable(self, version: str) -> str | None:
        """Return why a release may not be given to units, in words; None if it may."""
        published = self.releases.get(version)
        if published is None:
            return f"release '{version}' is not signed"
        return f"release '{version}' is withdrawn: {published.withdrawn}" if published.withdrawn else None

    def with_release(self, published: Published) -> Catalogue:
        """Return the catalogue with a release more, or with this one in the place of its version."""
        return replace(self, releases={**self.releases, published.version: published})

    def promoted(self, channel: str, version: str) -> Catalogue:
        """Return the catalogue in which a channel stands for a version, and for no other."""
        moved = {of.version: _promoted(of, channel, of.version == version) for of in self.releases.values()}
        return replace(self, releases=moved)

    def withdrawn(self, version: str, reason: str) -> Catalogue:
        """Return the catalogue in which a release may not be used any more; its channels stay, and are refused."""
        return self.with_release(replace(self.releases[version], withdrawn=reason))


def _promoted(published: Published, channel: str, here: bool) -> Published:
    others = {name for name in published.channels if name != channel}
    return replace(published, channels=tuple(sorted(others | {channel} if here else others)))
