"""The labels that tell what a unit is: one set for metrics, for service discovery and for people who query either."""

from __future__ import annotations

import re

from fleetctl.core.inventory.fleet import Unit

OWN_PREFIX = "label_"
"""Before the labels that people give to units, so that none hides one of ours."""

_NOT_A_NAME = re.compile(r"[^a-zA-Z0-9_]")


def unit_labels(unit: Unit) -> dict[str, str]:
    """Return the labels of a unit, names fit for Prometheus, without those that are empty."""
    labels = {
        "unit": unit.name,
        "site": unit.site,
        "kind": unit.kind.value,
        "model": unit.model,
        "building": unit.building,
        "dwelling": unit.dwelling,
        "room": unit.room,
        "loop": unit.loop,
        "gateway": unit.gateway,
        "channel": unit.channel,
    }
    for name in sorted(unit.labels):
        labels[OWN_PREFIX + _NOT_A_NAME.sub("_", name)] = unit.labels[name]
    return {name: value for name, value in labels.items() if value}


def exposition(labels: dict[str, str]) -> str:
    """Format labels as in Prometheus's text format: `{unit="a/b",kind="radiator"}`, values escaped."""
    pairs = (f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return "{" + ",".join(pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
