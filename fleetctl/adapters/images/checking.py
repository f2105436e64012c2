"""Looks whether an image's files are what was built."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fleetctl.adapters.bundles.layout import sha256
from fleetctl.core.images import image
from fleetctl.core.problems import InvalidInput, Problem


def damages(folder: Path) -> Iterator[Problem]:
    """Yield what is missing or damaged in an image's folder.

    Raises:
        InvalidInput: if it holds no image, or one whose build did not end.
    """
    description = folder / image.FILE
    if not description.is_file():
        raise InvalidInput([Problem("no-image", f"{folder} has no {image.FILE}", hint="its build did not end")])
    for name, (size, digest) in sorted(image.files_of(description.read_bytes(), str(description)).items()):
        path = folder / name
        if not path.is_file():
            yield Problem("missing-file", f"{name} is missing", str(path), hint="build the image again")
        elif path.stat().st_size != size or sha256(path) != digest:
            yield Problem("damaged-file", f"{name} is not what was built", str(path), hint="build the image again")
