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
    Authority,
    BurnIn,
    ComputeSettings,
    Dwelling,
    Fleet,
    ForecastSource,
    HeatSettings,
    Kind,
    Loop,
    Model,
    PlatformRef,
    Release,
    Room,
    SecretRef,
    Sensor,
    Site,
    SiteNetwork,
    Ssh,
    Unit,
    Webhook,
    Zone,
)
from fleetctl.core.policy import AtMost, Drain, Freeze, Guard, Policy, Staging, Wave, Window
from fleetctl.core.problems import Problem, Severity

_FIELDS = tuple(f.name for f in fields(Unit))
_COMMON = slice(_FIELDS.index("ssh"), _FIELDS.index("dial") + 1)
"""Fields that many units share; a row has an index into the table of them, then the fields before, then those after."""


@dataclass(frozen=True, slots=True)
class CheckedSite:
    """A site after checking.

    Attributes:
        site: None if it could not be resolved; such a site is not kept.
        problems: what is to be said of it; only warnings if it is kept.
        claims: what its units claim in the whole fleet, see `invariants.claims_of`.
    """

    site: Site | None
    problems: tuple[Problem, ...]
    claims: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CheckedFleet:
    """What all sites share, after checking.

    Attributes:
        fleet: the fleet without sites; None if `fleet.yaml` cannot be used, and then it is not kept.
        problems: what is to be said of it; only warnings if it is kept.
    """

    fleet: Fleet | None
    problems: tuple[Problem, ...]


def site_to_bytes(checked: CheckedSite) -> bytes:
    """Encode a checked site.

    Raises:
        ValueError: if it could not be resolved.
    """
    if checked.site is None:
        raise ValueError("there is no site to keep")
    common: dict[Any, int] = {}
    rows = [_row(unit, common) for unit in checked.site.units.values()]
    return orjson.dumps(
        {
            "site": replace(checked.site, units={}),
            "common": [[ssh, heat, compute, dict(labels), dial] for ssh, heat, compute, labels, dial in common],
            "units": rows,
            "problems": checked.problems,
            "claims": checked.claims,
        }
    )


def site_from_bytes(content: bytes) -> CheckedSite:
    """Decode a checked site.

    Raises:
        ValueError, KeyError, TypeError: if `content` is not what `site_to_bytes` wrote.
    """
    stored = orjson.loads(content)
    site = stored["site"]["id"]
    common = [_common(*values) for values in stored["common"]]
    kinds = {kind.value: kind for kind in Kind}
    after = _COMMON.start  # a row has the index in the place of the site
    units = {
        row[1]: Unit(site, row[1], kinds[row[2]], *row[3:after], *common[row[0]], *row[after:])
        for row in stored["units"]
    }
    return CheckedSite(_site(stored["site"], units), _problems(stored["problems"]), stored["claims"])


def fleet_to_bytes(checked: CheckedFleet) -> bytes:
    """Encode what all sites share.

    Raises:
        ValueError: if `fleet.yaml` could not be used.
    """
    if checked.fleet is None:
        raise ValueError("there is no fleet to keep")
    return orjson.dumps({"fleet": replace(checked.fleet, sites={}), "problems": checked.problems})


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
        policies={id: _policy(policy) for id, policy in values["policies"].items()},
        secrets={id: SecretRef(**ref) for id, ref in values["secrets"].items()},
        platforms={
            id: PlatformRef(**platform | {"command": tuple(platform["command"])})
            for id, platform in values["platforms"].items()
        },
        webhooks={id: Webhook(**hook | {"events": tuple(hook["events"])}) for id, hook in values["webhooks"].items()},
        authority=Authority(**values["authority"]) if values["authority"] else None,
        digest=values["digest"],
    )
    return CheckedFleet(fleet, _problems(stored["problems"]))


def _row(unit: Unit, common: dict[Any, int]) -> list[Any]:
    values = [getattr(unit, name) for name in _FIELDS]
    ssh, heat, compute, labels, dial = values[_COMMON]
    key = (ssh, heat, compute, tuple(sorted(labels.items())), dial)
    return [common.setdefault(key, len(common)), *values[1 : _COMMON.start], *values[_COMMON.stop :]]


def _common(ssh: Any, heat: Any, compute: Any, labels: Any, dial: Any) -> tuple[Any, ...]:
    return Ssh(**ssh), HeatSettings(**heat), ComputeSettings(**compute), labels, tuple(dial)


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
            "forecast": ForecastSource(**values["forecast"]) if values["forecast"] else None,
        }
    )


def _network(values: dict[str, Any]) -> SiteNetwork:
    return SiteNetwork(**values | {"dns": tuple(values["dns"]), "ntp": tuple(values["ntp"])})


def _dwelling(values: dict[str, Any]) -> Dwelling:
    return Dwelling(**values | {"rooms": tuple(Room(**room) for room in values["rooms"])})


def _model(values: dict[str, Any]) -> Model:
    burn_in = BurnIn(**values["burn_in"])
    return Model(**values | {"kind": Kind(values["kind"]), "modules": tuple(values["modules"]), "burn_in": burn_in})


def _policy(values: dict[str, Any]) -> Policy:
    return Policy(
        **values
        | {
            "waves": tuple(Wave(**wave) for wave in values["waves"]),
            "windows": tuple(Window(**window | {"days": tuple(window["days"])}) for window in values["windows"]),
            "freeze": tuple(Freeze(**freeze) for freeze in values["freeze"]),
            "max_unavailable": AtMost(**values["max_unavailable"]),
            "drain": Drain(**values["drain"]),
            "staging": Staging(**values["staging"]),
            "guard": Guard(**values["guard"]),
        }
    )


def _problems(rows: Sequence[dict[str, Any]]) -> tuple[Problem, ...]:
    return tuple(Problem(**row | {"severity": Severity(row["severity"])}) for row in rows)
