"""The form in which a checked site, or what all sites share, is kept in the cache: JSON, small and quick to read back.

Units are rows, and what units of a kind have in common is written once. The form is private to one version of fleetctl
(the cache's key holds the version), so it has no migrations. It judges nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import orjson

from fleetctl.core.inventory.fleet import (
    ComputeSettings,
    Dwelling,
    Fleet,
    HeatSettings,
    Kind,
    Loop,
    Model,
    Policy,
    Release,
    Room,
    SecretRef,
    Sensor,
    Site,
    SiteNetwork,
    Ssh,
    Unit,
    Zone,
)
from fleetctl.core.problems import Problem, Severity

_COMMON = ("ssh", "heat", "compute", "labels", "dial")
_OWN = tuple(f.name for f in fields(Unit) if f.name not in (*_COMMON, "site", "kind"))


@dataclass(frozen=True, slots=True)
class CheckedSite:
    """A site without errors, and its warnings."""

    site: Site
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class CheckedFleet:
    """What all sites share, without errors, and its warnings."""

    fleet: Fleet
    warnings: tuple[Problem, ...]


def site_to_bytes(checked: CheckedSite) -> bytes:
    """Encode a checked site."""
    common: dict[Any, int] = {}
    rows = [_row(unit, common) for unit in checked.site.units.values()]
    return orjson.dumps(
        {
            "site": replace(checked.site, units={}),
            "common": [dict(zip(_COMMON, (*key[:3], dict(key[3]), key[4]), strict=True)) for key in common],
            "units": rows,
            "warnings": checked.warnings,
        }
    )


def site_from_bytes(content: bytes) -> CheckedSite:
    """Decode a checked site.

    Raises:
        ValueError, KeyError, TypeError: if `content` is not what `site_to_bytes` wrote.
    """
    stored = orjson.loads(content)
    id = stored["site"]["id"]
    common = [_common(values) for values in stored["common"]]
    kinds = {kind.value: kind for kind in Kind}
    units = (
        Unit(site=id, kind=kinds[kind], **dict(zip(_OWN, own, strict=True)), **common[index])
        for kind, index, *own in stored["units"]
    )
    return CheckedSite(_site(stored["site"], {unit.id: unit for unit in units}), _problems(stored["warnings"]))


def fleet_to_bytes(checked: CheckedFleet) -> bytes:
    """Encode what all sites share."""
    return orjson.dumps({"fleet": replace(checked.fleet, sites={}), "warnings": checked.warnings})


def fleet_from_bytes(content: bytes) -> CheckedFleet:
    """Decode what all sites share.

    Raises:
        ValueError, KeyError, TypeError: if `content` is not what `fleet_to_bytes` wrote.
    """
    stored = orjson.loads(content)
    values = stored["fleet"]
    fleet = Fleet(
        name=values["name"],
        models={id: _model(model) for id, model in values["models"].items()},
        releases={id: Release(**release) for id, release in values["releases"].items()},
        channels=values["channels"],
        policies={id: Policy(**policy) for id, policy in values["policies"].items()},
        secrets={id: SecretRef(**ref) for id, ref in values["secrets"].items()},
        digest=values["digest"],
    )
    return CheckedFleet(fleet, _problems(stored["warnings"]))


def _row(unit: Unit, common: dict[Any, int]) -> list[Any]:
    key = (unit.ssh, unit.heat, unit.compute, tuple(sorted(unit.labels.items())), unit.dial)
    return [unit.kind, common.setdefault(key, len(common)), *(getattr(unit, name) for name in _OWN)]


def _common(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ssh": Ssh(**values["ssh"]),
        "heat": HeatSettings(**values["heat"]),
        "compute": ComputeSettings(**values["compute"]),
        "labels": values["labels"],
        "dial": tuple(values["dial"]),
    }


def _site(values: dict[str, Any], units: Mapping[str, Unit]) -> Site:
    return Site(
        **values
        | {
            "network": _network(values["network"]),
            "dwellings": {id: _dwelling(dwelling) for id, dwelling in values["dwellings"].items()},
            "zones": {id: Zone(**zone | {"rooms": tuple(zone["rooms"])}) for id, zone in values["zones"].items()},
            "loops": {id: Loop(**loop) for id, loop in values["loops"].items()},
            "sensors": {id: Sensor(**sensor) for id, sensor in values["sensors"].items()},
            "units": units,
        }
    )


def _network(values: dict[str, Any]) -> SiteNetwork:
    return SiteNetwork(**values | {"dns": tuple(values["dns"]), "ntp": tuple(values["ntp"])})


def _dwelling(values: dict[str, Any]) -> Dwelling:
    return Dwelling(**values | {"rooms": tuple(Room(**room) for room in values["rooms"])})


def _model(values: dict[str, Any]) -> Model:
    return Model(**values | {"kind": Kind(values["kind"]), "modules": tuple(values["modules"])})


def _problems(rows: Sequence[dict[str, Any]]) -> tuple[Problem, ...]:
    return tuple(Problem(**row | {"severity": Severity(row["severity"])}) for row in rows)
