"""Where things are on a unit; `FLEET_ROOT` prefixes every path."""

from __future__ import annotations

import os

ROOT = os.environ.get("FLEET_ROOT", "").rstrip("/")
STATE = ROOT + "/data/fleet"
TREES = STATE + "/config"
SLOTS = STATE + "/slots"
JOURNAL = STATE + "/journal"
CHANGE = STATE + "/change"
KEPT = STATE + "/kept."
"""The last change of a slot that was kept, by the slot's name."""
BUNDLES = STATE + "/bundles"
STAGED = STATE + "/staged"
"""The bundle that was asked for last."""
INSTALLED = STATE + "/installed"
"""The slot that was written last, and what became of it."""
INSTALLING = STATE + "/installing"
"""Locked by the process that writes a slot."""
PERCENT = ROOT + "/run/fleet/install-percent"
RECEIVING = ROOT + "/run/fleet/receiving"
DRAIN = STATE + "/drain.json"
SPARE = STATE + "/spare"
REBOOT_NEEDED = STATE + "/reboot-needed"
ACTIVE = ROOT + "/run/fleet/config"
HOOKS = ROOT + "/usr/lib/fleet/hooks"
COMPONENTS = ROOT + "/usr/lib/fleet/components"
COMPONENTS_TOLD = ROOT + "/run/fleet/components.json"
HEAT = ROOT + "/run/heat/state.json"
HEAT_REQUEST = ROOT + "/run/heat/request.json"
COMPUTE = ROOT + "/run/fleet/compute.json"
CANCEL_JOBS = ROOT + "/run/fleet/cancel-jobs.json"
