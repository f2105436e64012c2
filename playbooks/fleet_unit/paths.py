"""Where things are on a unit; `FLEET_ROOT` prefixes every path."""

from __future__ import annotations

import os

ROOT = os.environ.get("FLEET_ROOT", "").rstrip("/")
STATE = ROOT + "/data/fleet"
TREES = STATE + "/config"
SLOTS = STATE + "/slots"
JOURNAL = STATE + "/journal"
CHANGE = STATE + "/change"
SPARE = STATE + "/spare"
REBOOT_NEEDED = STATE + "/reboot-needed"
ACTIVE = ROOT + "/run/fleet/config"
HOOKS = ROOT + "/usr/lib/fleet/hooks"
HEAT = ROOT + "/run/heat/state.json"
