"""Where the measured programs stand: beside the interpreter that runs the benchmarks."""

from __future__ import annotations

import sys
from pathlib import Path

HOME = Path(__file__).parent.parent
PYTHON = Path(sys.executable)
FLEETCTL = PYTHON.with_name("fleetctl")
ANSIBLE = PYTHON.with_name("ansible")
ANSIBLE_INVENTORY = PYTHON.with_name("ansible-inventory")
ANSIBLE_PLAYBOOK = PYTHON.with_name("ansible-playbook")
