"""A fleet with releases on disk, signed by keys that are made on the spot; the attacker controls what is published."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from fleetctl.adapters.tuf.ceremony import Ceremony
from fleetctl.adapters.tuf.folder import MetadataFolder
from fleetctl.adapters.tuf.keys import KeyFolder
from fleetctl.adapters.tuf.repository import TufReleases
from fleetctl.core.releases.catalogue import Published


@dataclass
class TufWorld:
    """Machines that share one published folder; each has keys and trust of its own."""

    folder: Path
    _copies: list[Path] = field(default_factory=list)

    @property
    def published(self) -> Path:
        return self.folder / "fleet" / "releases"

    @property
    def metadata(self) -> Path:
        return self.published / "metadata"

    @property
    def releases(self) -> TufReleases:
        return self.machine("signer")

    def machine(self, name: str, keys: str = "") -> TufReleases:
        """Return the releases as one machine has them."""
        trust = MetadataFolder(self.folder / name / "trust", mode=0o600)
        return TufReleases(self.published, trust, KeyFolder(self.folder / (keys or name) / "keys"))

    def ceremony(self, name: str = "signer") -> Ceremony:
        return Ceremony(self.machine(name))

    def begin(self, now: datetime) -> None:
        self.ceremony().begin([], 1, 1, now)

    def copy(self) -> None:
        copy = self.folder / f"copy-{len(self._copies)}"
        shutil.copytree(self.metadata, copy)
        self._copies.append(copy)

    def put_back(self) -> None:
        shutil.rmtree(self.metadata)
        shutil.copytree(self._copies.pop(), self.metadata)

    def forge(self) -> None:
        """Publish metadata signed by another ceremony's keys."""
        attacker = TufWorld(self.folder / "attacker")
        attacker.begin(datetime.now().astimezone())
        for file in attacker.metadata.iterdir():
            if "root" not in file.name:
                shutil.copy(file, self.metadata)

    def remove(self) -> None:
        shutil.rmtree(self.metadata)

    def lose_keys(self) -> None:
        shutil.rmtree(self.releases.keys.path)

    def damage(self, published: Published, content: bytes) -> None:
        (self.published / published.file).write_bytes(content)
