"""Where the unit is that a program runs on. Nothing else: what each probe starts imports this and little more."""

from __future__ import annotations

import os
from pathlib import Path


def root() -> Path:
    """Return the root of this unit: `/`, or the folder that stands for it where there are no namespaces."""
    return Path(os.environ.get("FLEET_ROOT") or "/")
