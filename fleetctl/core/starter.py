"""The files of a new fleet repository: they are valid as they are, and explain themselves."""

from __future__ import annotations

import json

from fleetctl.core.inventory.schema import schemas
from fleetctl.core.names import is_label

_FLEET = """\
# yaml-language-server: $schema=schema/fleet.schema.json
# What all sites of the fleet share. The sites are the files in 'sites/'.
api: fleetctl/v1
name: {name}

# A site, a dwelling or a unit has these values unless it says otherwise.
defaults:
  site: {{time_zone: Europe/Paris, ssh: {{user: root}}}}
  dwelling: {{setpoint_c: 20}}
  gateway: {{model: gateway-1, channel: gateway-stable}}
  radiator: {{model: radiator-1, channel: radiator-stable, heat: {{min_setpoint_c: 16, max_setpoint_c: 26}}}}

# Hardware as its maker describes it; 'compatible' is the string of the RAUC bundles that fit.
models:
  gateway-1: {{kind: gateway, compatible: example-gateway-1, power_w: 60}}
  radiator-1:
    kind: radiator
    compatible: example-radiator-1
    power_w: 650
    module_power_w: [200, 200, 200]
    heats_without_gateway: true

releases:
  gateway-1.0.0: {{compatible: example-gateway-1, bundle: releases/gateway-1.0.0.raucb}}
  radiator-1.0.0: {{compatible: example-radiator-1, bundle: releases/radiator-1.0.0.raucb}}

channels:
  gateway-stable: gateway-1.0.0
  radiator-stable: radiator-1.0.0

policies:
  default: {{max_in_progress: 4, max_failed: 1, retries: 1}}

# A secret is named here and kept elsewhere: in an environment variable, or in an encrypted file.
# secrets:
#   compute-token: {{backend: age, locator: secrets.age#compute-token, version: "1"}}
"""

_SITE = """\
# yaml-language-server: $schema=../schema/site.schema.json
# An example: replace it by a site of yours. The name of the file is the id of the site.
title: Example building
design_temperature_c: -5
subscribed_power_w: 9000
other_load_w: 3000
network: {cidr: 10.77.1.0/24, dns: [10.77.1.1], ntp: [10.77.1.1]}

gateways:
  gw-a: {building: a, address: 10.77.1.1, uplink_address: 10.76.1.1}

# heat_loss_w_k and capacity_kj_k decide how long a dwelling may be without heat. A flat of 150 m³ loses about 45 W/K
# (2012) to 210 W/K (1974-82); a medium building holds 165 kJ/K per m².
dwellings:
  A101: {building: a, floor: 1, area_m2: 60, heat_loss_w_k: 70, capacity_kj_k: 9900, rooms: {living: 28, bedroom: 14}}
  A102: {building: a, floor: 1, area_m2: 42, heat_loss_w_k: 50, capacity_kj_k: 6930, rooms: {living: 24, bedroom: 12}}

# Serial and MAC are on the label; they may be missing until the machine is delivered.
radiators:
  a101-1: {dwelling: A101, room: living, serial: EX-0001, mac: 02:00:5e:00:00:01, address: 10.77.1.11, port: sw1/1}
  a101-2: {dwelling: A101, room: living, serial: EX-0002, mac: 02:00:5e:00:00:02, address: 10.77.1.12, port: sw1/2}
  a101-3: {dwelling: A101, room: bedroom, serial: EX-0003, mac: 02:00:5e:00:00:03, address: 10.77.1.13, port: sw1/3}
  a102-1: {dwelling: A102, room: living, serial: EX-0004, mac: 02:00:5e:00:00:04, address: 10.77.1.14, port: sw1/4}
  a102-2: {dwelling: A102, room: bedroom, serial: EX-0005, mac: 02:00:5e:00:00:05, address: 10.77.1.15, port: sw1/5}
"""

_WORKFLOW = """\
name: fleet
on:
  pull_request:
  push: {{branches: [main]}}
permissions: {{contents: read}}
jobs:
  check:
    runs-on: ubuntu-latest
    env:
      FLEETCTL_STATE: ${{{{ secrets.FLEETCTL_STATE }}}}  # URL of the state; without it there is no plan
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {{python-version: "3.12"}}
      - run: pip install fleetctl=={version}
      - run: fleetctl validate --format github
      - name: plan
        if: env.FLEETCTL_STATE != ''
        run: fleetctl plan --no-refresh --format markdown >> "$GITHUB_STEP_SUMMARY"
"""

_README = """\
# {name}

The fleet as it should be: `fleet.yaml` holds what all sites share, `sites/` one file for each site.

    fleetctl validate     # check everything, offline
    fleetctl plan         # what would be done
    fleetctl apply        # do it

Folders `templates/` and `playbooks/`, if you make them, take the place of fleetctl's own files of the same names.
"""


def starter_files(name: str, *, version: str) -> dict[str, str]:
    """Return the files of a new fleet by their path.

    Args:
        name: name of the fleet; another one is used if it is not a host name label.
        version: version of fleetctl, which the CI workflow installs.
    """
    name = name if is_label(name) else "my-fleet"
    return {
        "fleet.yaml": _FLEET.format(name=name),
        "sites/example-site.yaml": _SITE,
        "README.md": _README.format(name=name),
        ".gitignore": ".fleetctl/\n",
        ".github/workflows/fleet.yml": _WORKFLOW.format(version=version),
        **{f"schema/{file}": text for file, text in schema_files().items()},
    }


def schema_files() -> dict[str, str]:
    """Return the JSON Schema files by their name."""
    return {f"{name}.schema.json": json.dumps(body, indent=2) + "\n" for name, body in schemas().items()}
