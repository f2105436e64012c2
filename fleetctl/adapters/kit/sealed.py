"""Results as a file: JSON, signed by the kit's key."""

from __future__ import annotations

import json
from typing import Any

from fleetctl.adapters.store.codec import Codec
from fleetctl.core.clock import from_text, to_text
from fleetctl.core.commissioning.ledger import entry_from_document
from fleetctl.core.digest import canonical
from fleetctl.core.facts import Facts
from fleetctl.core.imaging.record import Imaging
from fleetctl.core.kit.results import SCHEMA, Repinned, Results

PINS: Codec[Repinned] = Codec(Repinned)
IMAGING: Codec[Imaging] = Codec(Imaging)
FACTS: Codec[Facts] = Codec(Facts)


def to_content(results: Results) -> bytes:
    """Return results as bytes: the same results, the same bytes."""
    return canonical(
        {
            "schema": SCHEMA,
            "kit": results.kit,
            "manifest": results.manifest,
            "sealed": to_text(results.sealed),
            "entries": [entry.to_document() for entry in results.entries],
            "pins": [_plain(PINS, each) for each in results.pins],
            "imaging": [_plain(IMAGING, each) for each in results.imaging],
            "facts": [_plain(FACTS, each) for each in results.facts],
            "inventory": dict(results.inventory),
        }
    )


def from_content(content: bytes) -> Results:
    """Read what `to_content` wrote.

    Raises:
        ValueError: if it is something else.
    """
    try:
        row = json.loads(content)
        if row["schema"] != SCHEMA:
            raise ValueError(f"its schema is {row['schema']!r}")
        return Results(
            kit=str(row["kit"]),
            manifest=str(row["manifest"]),
            sealed=from_text(row["sealed"]),
            entries=tuple(map(entry_from_document, row["entries"])),
            pins=tuple(PINS.decode(json.dumps(each).encode()) for each in row["pins"]),
            imaging=tuple(IMAGING.decode(json.dumps(each).encode()) for each in row["imaging"]),
            facts=tuple(FACTS.decode(json.dumps(each).encode()) for each in row["facts"]),
            inventory={str(path): str(text) for path, text in row["inventory"].items()},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it lacks or misshapes {error}") from error


def _plain(codec: Codec[Any], value: Any) -> Any:
    return json.loads(codec.encode(value))
