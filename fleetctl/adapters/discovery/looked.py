"""Reads the document that `fleet-unit look` prints (`fleetctl/unit-look/v1`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleetctl.adapters.discovery.bridges import read_bridge
from fleetctl.adapters.discovery.leases import read_leases
from fleetctl.adapters.discovery.lldp import read_lldp
from fleetctl.adapters.discovery.neighbours import read_neighbours
from fleetctl.adapters.discovery.parsing import Parsed, json_of, mac_of, text_of
from fleetctl.core.discovery.sighting import Sighting, safe_text

SCHEMA = "fleetctl/unit-look/v1"


@dataclass(frozen=True, slots=True)
class Looked:
    """What one machine is, and what it sees.

    Attributes:
        serial, model: empty if it says none.
        macs: of its network ports, sorted.
        leases, neighbours, heard: what it sees.
        gaps: what it could not see, by `leases`, `neighbours`, `lldp` and `bridge`, in words.
        bridged: whom its bridge has heard, if the site's network is one.
    """

    serial: str
    model: str
    macs: tuple[str, ...]
    leases: tuple[Sighting, ...]
    neighbours: tuple[Sighting, ...]
    heard: tuple[Sighting, ...]
    gaps: Mapping[str, str]
    bridged: tuple[Sighting, ...] = ()


def read_look(text: bytes, *, by: str) -> Looked:
    """Return what a machine told.

    Args:
        text: the document.
        by: the machine's name.

    Raises:
        ValueError: if it is something else.
    """
    document = json_of(text.decode(errors="replace"))
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ValueError(f"expected a document of schema {SCHEMA}")
    release, links = _mapping(document.get("release")), _mapping(document.get("links"))
    stale = bool(_gap(document, "neighbours"))
    leases = read_leases(_text(document, "leases"), by=by, now_s=_number(document.get("now_s")))
    neighbours = read_neighbours(_text(document, "neighbours") or "[]", by=by, stale=stale)
    heard = read_lldp(_text(document, "lldp") or '{"lldp": {}}', by=by, links=links)
    macs = tuple(sorted({mac for each in links.values() if (mac := mac_of(each)) is not None}))
    bridged = read_bridge(_text(document, "bridge") or "[]", by=by, own=macs)
    parsed = {"leases": leases, "neighbours": neighbours, "lldp": heard, "bridge": bridged}
    return Looked(
        serial=safe_text(text_of(release.get("serial"))),
        model=safe_text(text_of(release.get("model"))),
        macs=macs,
        leases=leases.found,
        neighbours=neighbours.found,
        heard=heard.found,
        gaps={name: gap for name, of in parsed.items() if (gap := _gaps(document, name, of))},
        bridged=bridged.found,
    )


def _gaps(document: Mapping[str, Any], name: str, parsed: Parsed[Sighting]) -> str:
    return "; ".join(filter(None, (_gap(document, name), *parsed.flaws)))


def _gap(document: Mapping[str, Any], name: str) -> str:
    return safe_text(text_of(_mapping(document.get(name)).get("gap")), 200)


def _text(document: Mapping[str, Any], name: str) -> str:
    return text_of(_mapping(document.get(name)).get("text"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
