"""A fleet's folder on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

FLEET = """\
api: fleetctl/v1
name: example
defaults:
  site: {time_zone: Europe/Paris}
  radiator: {model: qh-1, channel: radiators, compute: {platform: slurm, controller: "c:6817", secret: token}}
  gateway: {model: gw-1, channel: gateways}
models:
  qh-1: {kind: radiator, compatible: heat-qh, power_w: 650, module_power_w: [200, 200]}
  gw-1: {kind: gateway, compatible: heat-gw, power_w: 60}
releases:
  qh-2026.11: {compatible: heat-qh}
  gw-2026.11: {compatible: heat-gw}
channels: {radiators: qh-2026.11, gateways: gw-2026.11}
secrets:
  token: {backend: env, locator: FLEET_TEST_TOKEN, version: 1}
"""
SITE = """\
title: A site
design_temperature_c: -5
subscribed_power_w: 20000
other_load_w: 1000
network: {cidr: 10.77.1.0/24, dns: [10.77.1.1]}
gateways:
  gw-a: {building: a, address: 10.77.1.1, uplink_address: 10.76.1.1, serial: QG-1, mac: 02:00:00:00:00:01}
dwellings:
  A101: {building: a, area_m2: 60, heat_loss_w_k: 50, capacity_kj_k: 9900, rooms: {living: 30, bedroom: 20}}
radiators:
  a101-1: {dwelling: A101, room: living, serial: QR-1, mac: 02:00:00:00:00:11, address: 10.77.1.11, port: sw1/11}
  a101-2: {dwelling: A101, room: bedroom, serial: QR-2, mac: 02:00:00:00:00:12, address: 10.77.1.12, port: sw1/12}
"""


@pytest.fixture
def fleet_folder(tmp_path: Path) -> Path:
    """Return a folder with a fleet of one site: a gateway and two radiators that use a secret."""
    folder = tmp_path / "fleet"
    (folder / "sites").mkdir(parents=True)
    (folder / "fleet.yaml").write_text(FLEET)
    (folder / "sites" / "les-sables.yaml").write_text(SITE)
    return folder
