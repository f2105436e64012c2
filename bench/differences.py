"""Differences: what of a release goes over a site's line when the gateway has the release before.

Real images of a radiator, as `fleetctl image build` makes them, signed bundles in RAUC's verity form: one, the same
with a file of ours changed, and one with a package more, which moves nearly every file of the root file system. Bytes
are all that the lab's gateway receives over its uplink while the controller brings the bundle, SSH and questions
included.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, Line, NotMeasured, number
from bench.lab import lab, write_sample
from bench.measure import Command, once
from bench.programs import FLEETCTL, HOME
from bench.staged import Building, Bundle, building

OWN_AT_MOST, PACKAGE_AT_MOST = 0.05, 0.25
MB = 1_000_000
NEEDED = ("mmdebstrap", "mke2fs", "mksquashfs", "rauc")
MORE = "stress-ng"
"""A package that radiators have: the image without it is the release before."""
EPOCH = "1764000000"
ROOM = "cd /data/fleet; umount bundles; mkdir -p bundles; mount -t tmpfs -o size=400m bundles bundles"
"""Makes an empty place for bundles at the lab's gateway, whose disk is too small for real ones."""


def lines(folder: Path, *, quick: bool) -> Iterator[Line]:
    """Yield what part of a bundle is sent; `quick` leaves out the release with a package more."""
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        yield NotMeasured("differences", f"{', '.join(missing)} not installed: 'scripts/setup vm'")
        return
    works = Works(folder)
    first = works.release("1", packages=quick)
    pairs = [("a file of ours changed", works.release("2", packages=quick, says="changed\n" * 700), OWN_AT_MOST)]
    if not quick:
        pairs.append((f"a package more ({MORE})", works.release("3", packages=True), PACKAGE_AT_MOST))
    with lab(folder / "building", 2, sites=1) as fleet, building(fleet) as of:
        for what, release, at_most in pairs:
            yield _sent(of, what, first, release, at_most)


def _sent(of: Building, what: str, first: Bundle, release: Bundle, at_most: float) -> Line:
    of.run(ROOM)
    in_full = _received(of, first, ())
    sent, size = _received(of, release, (first,)), release.file.stat().st_size
    saved = f"{number((size - sent) / MB)} MB of {number(size / MB)} MB saved"
    detail = f"{saved}; {number(sent / MB)} MB came; the release before came in full, as {number(in_full / MB)} MB"
    return Figure(f"{what}, bytes over the uplink / the bundle's", sent / size, "times", at_most, detail)


def _received(of: Building, bundle: Bundle, others: Sequence[Bundle]) -> int:
    before = of.received_bytes()
    of.copy(bundle, *others)
    return of.received_bytes() - before


@dataclass(frozen=True)
class Works:
    """Builds releases; packages are kept in the user's cache.

    Attributes:
        folder: for images and keys.
    """

    folder: Path

    def release(self, version: str, *, packages: bool, says: str = "first\n") -> Bundle:
        """Build a release.

        Args:
            version: of the system.
            packages: with all packages that radiators have, or with one less.
            says: text of a file of ours.
        """
        fleet, out = self._recipes(packages), self.folder / version
        overlay = self.folder / f"overlay-{version}"
        (overlay / "usr/lib/fleet").mkdir(parents=True)
        (overlay / "usr/lib/fleet/says").write_text(says)
        keys = self._keys()
        words: list[str | Path] = [FLEETCTL, "-i", fleet, "image", "build", "radiator", "--version", version]
        words += ["--out", out, "--lock", fleet / "packages.lock", "--overlay", overlay, "--no-bill", "--no-disk"]
        words += ["--cert", keys / "builder.pem", "--key", keys / "builder.key", "--keyring", keys / "authority.pem"]
        words += ["--model", "qh-1"]
        once(Command(words, environment={"SOURCE_DATE_EPOCH": EPOCH}))
        return Bundle(out / f"{version}.raucb")

    def _keys(self) -> Path:
        keys = self.folder / "keys"
        if not keys.exists():
            once(Command([FLEETCTL, "image", "keys", keys]))
        return keys

    def _recipes(self, packages: bool) -> Path:
        """Return a fleet's folder with recipes of its own."""
        fleet = self.folder / ("more" if packages else "fewer")
        if not fleet.exists():
            write_sample(fleet, 2, sites=1)
            shutil.copytree(HOME / "images", fleet / "images")
            recipes = fleet / "images/recipes.yaml"
            text = recipes.read_text()
            assert f"{MORE}, " in text, "choose another package that radiators have"
            recipes.write_text(text if packages else text.replace(f"{MORE}, ", ""))
        return fleet
