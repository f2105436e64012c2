"""Fleet folders as text, in memory: a good one, edits that break it, and what is said of it.

An edit may hold marks `▸`: they are taken out, and where they stood is where a problem is expected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fleetctl.adapters import yaml_reader
from fleetctl.adapters.site_cache import NoCache
from fleetctl.core.document import Document, SourceFile
from fleetctl.core.problems import Problem
from fleetctl.ports import SiteCache
from fleetctl.services.load import Examined, examine

MARK = "▸"

FLEET = """\
api: fleetctl/v1
name: test-fleet
defaults:
  site: {time_zone: Europe/Paris}
  radiator: {model: qh, channel: stable}
  gateway: {model: gw}
models:
  qh: {kind: radiator, compatible: heat-qh, power_w: 650, module_power_w: [200, 200]}
  qb: {kind: boiler, compatible: heat-qb, power_w: 2000, water_max_c: 60}
  gw: {kind: gateway, compatible: heat-gw, power_w: 60}
releases:
  qh-1: {compatible: heat-qh}
  gw-1: {compatible: heat-gw}
channels:
  stable: qh-1
policies:
  default: {max_in_progress: 4}
secrets:
  munge: {backend: env, locator: MUNGE_KEY, version: 1}
notify:
  on-call: {url: https://alerts.example.net/fleet, secret: munge, events: [halted, failed]}
"""

SITE = """\
title: A test site
design_temperature_c: -5
subscribed_power_w: 20000
other_load_w: 1000
network: {cidr: 10.77.1.0/24, dns: [10.77.1.1]}
gateways:
  gw-a: {building: a, address: 10.77.1.1, uplink_address: 10.76.1.1, serial: QG-1, mac: 02:00:00:00:00:01}
  gw-p: {building: plant, address: 10.77.1.2, uplink_address: 10.76.1.2}
dwellings:
  A101:
    building: a
    area_m2: 60
    heat_loss_w_k: 50
    capacity_kj_k: 9900
    rooms: {living: 30, bedroom: 20}
  A102: {building: a, area_m2: 30, heat_loss_w_k: 25, capacity_kj_k: 4950, rooms: {living: 25}}
zones:
  day: {dwelling: A101, rooms: [living], heat_loss_w_k: 30, capacity_kj_k: 5000, neighbours_w_k: {night: 20}}
  night: {dwelling: A101, rooms: [bedroom], heat_loss_w_k: 20, capacity_kj_k: 4000}
loops:
  dhw: {volume_l: 1000, demand_w: 9000, backup_w: 20000, disinfection: daily-60, disinfection_at: 03:00}
sensors:
  t-a101: {measures: temperature, dwelling: A101, room: living}
  t-dhw: {measures: water_out_temperature, loop: dhw}
boilers:
  boiler-1: {model: qb, building: plant, loop: dhw, address: 10.77.1.3, serial: QB-1, mac: 02:00:00:00:00:03}
radiators:
  a101-1: {dwelling: A101, room: living, serial: QR-1, mac: 02:00:00:00:00:11, address: 10.77.1.11, port: sw1/11}
  a101-2: {dwelling: A101, room: bedroom, serial: QR-2, mac: 02:00:00:00:00:12, address: 10.77.1.12, port: sw1/12}
  a102-1: {dwelling: A102, room: living, serial: QR-3, mac: 02:00:00:00:00:13, address: 10.77.1.13, port: sw1/13}
"""

ZONES = frozenset({"Europe/Paris", "Europe/Rome"})


@dataclass
class TextFiles:
    """Fills the `FleetFiles` port from texts; `parsed` lists the files that were read as YAML."""

    texts: Mapping[str, str]
    parsed: list[str] = field(default_factory=list)

    def fleet(self) -> SourceFile:
        return self._source("fleet.yaml")

    def sites(self) -> Mapping[str, tuple[SourceFile, ...]]:
        sites: dict[str, tuple[SourceFile, ...]] = {}
        for name in sorted(set(self.texts) - {"fleet.yaml"}):
            id = name.removeprefix("sites/").removesuffix(".yaml").partition("/")[0]
            sites[id] = (*sites.get(id, ()), self._source(name))
        return sites

    def parse(self, file: SourceFile) -> Document:
        self.parsed.append(file.path)
        return yaml_reader.read(file)

    def time_zones(self) -> frozenset[str]:
        return ZONES

    def _source(self, name: str) -> SourceFile:
        return SourceFile(name, self.texts[name].encode(), name)


def a_folder(*edits: tuple[str, str], **others: str) -> dict[str, str]:
    """Return the good folder with edits: each replaces a text, which stands in one of its files exactly once.

    Args:
        edits: what is there, and what comes in its place.
        others: further sites, by their id with `_` for `-`.
    """
    texts = {"fleet.yaml": FLEET, "sites/here.yaml": SITE}
    texts |= {f"sites/{id.replace('_', '-')}.yaml": text for id, text in others.items()}
    for old, new in edits:
        (name,) = (name for name, text in texts.items() if text.count(old) == 1)
        texts[name] = texts[name].replace(old, new)
    return texts


def document(text: str) -> Document:
    """Read one text as a file."""
    return yaml_reader.read(SourceFile("f.yaml", text.encode()))


def said_of(texts: Mapping[str, str], cache: SiteCache | None = None) -> tuple[Problem, ...]:
    """Return the problems of a folder."""
    return examined(texts, cache).problems


def examined(texts: Mapping[str, str], cache: SiteCache | None = None) -> Examined:
    """Examine a folder."""
    return examine(TextFiles(texts), cache or NoCache())


def unmarked(texts: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the texts without marks, and the places of the marks as `file:line:column`."""
    places = [place for name, text in texts.items() for place in _marks(name, text)]
    return {name: text.replace(MARK, "") for name, text in texts.items()}, sorted(places)


def _marks(name: str, text: str) -> Iterable[str]:
    for number, line in enumerate(text.splitlines(), start=1):
        parts = line.split(MARK)
        column = 1
        for part in parts[:-1]:
            column += len(part)
            yield f"{name}:{number}:{column}"
