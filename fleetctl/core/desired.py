"""Desired state: what a plan needs to know of a unit's config, without the files' text.

A `Summary` is small enough to be kept for every unit of a large fleet; `pack` and `unpack` are its stored form, one
document a site.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from fleetctl.core.config import Config
from fleetctl.core.inventory.fleet import Model, Unit
from fleetctl.core.plan import Desired


@dataclass(frozen=True, slots=True)
class Summary:
    """A config in digests.

    Attributes:
        digest: of the whole config.
        files: digest of each file, by path.
        reboots: paths whose change takes effect only after a reboot.
        confirms: paths whose change is commit-confirmed.
    """

    digest: str
    files: Mapping[str, str]
    reboots: frozenset[str] = frozenset()
    confirms: frozenset[str] = frozenset()


def summary(config: Config) -> Summary:
    """Return a config in digests."""
    return Summary(
        config.digest,
        config.file_digests,
        frozenset(file.path for file in config.files if file.reboot),
        frozenset(file.path for file in config.files if file.confirm),
    )


def desired(unit: Unit, of: Summary, model: Model | None = None) -> Desired:
    """Return what a unit should be; of which releases its components are, its model says."""
    return Desired(
        unit=unit.name,
        site=unit.site,
        kind=unit.kind,
        gateway=unit.gateway,
        release=unit.release,
        config_digest=of.digest,
        serial=unit.serial,
        files=of.files,
        reboots=of.reboots,
        confirms=of.confirms,
        components=model.components if model else {},
    )


def pack(summaries: Mapping[str, Summary]) -> bytes:
    """Encode the summaries of a site's units, by the unit's id.

    Units of a kind have the same paths and many files in common: each set of paths and each digest is written once.
    """
    shapes: dict[tuple[tuple[str, ...], ...], int] = {}
    digests: dict[str, int] = {}
    units = {}
    for id, of in summaries.items():
        shape = (tuple(of.files), tuple(sorted(of.reboots)), tuple(sorted(of.confirms)))
        files = [digests.setdefault(digest, len(digests)) for digest in of.files.values()]
        units[id] = [shapes.setdefault(shape, len(shapes)), of.digest, files]
    return orjson.dumps({"shapes": list(shapes), "digests": list(digests), "units": units})


def unpack(content: bytes) -> dict[str, Summary]:
    """Decode what `pack` encoded.

    Raises:
        ValueError: if it is something else.
    """
    try:
        document = orjson.loads(content)
        shapes = [(paths, frozenset(reboots), frozenset(confirms)) for paths, reboots, confirms in document["shapes"]]
        return dict(_unpacked(document["units"], shapes, document["digests"]))
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f"not a site's summaries: {error}") from error


def _unpacked(units: Mapping[str, Any], shapes: list[Any], digests: list[str]) -> Iterator[tuple[str, Summary]]:
    for id, (shape, digest, files) in units.items():
        paths, reboots, confirms = shapes[shape]
        of_files = {path: digests[index] for path, index in zip(paths, files, strict=True)}
        yield id, Summary(digest, of_files, reboots, confirms)
