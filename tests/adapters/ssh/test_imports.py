"""What a process that probes does not hold."""

from __future__ import annotations

import subprocess
import sys


def test_probing_imports_neither_a_task_runner_nor_a_framework_for_tests() -> None:
    program = (
        "import sys, fleetctl.adapters.ssh.prober; print([n for n in ('invoke', 'unittest') if sys.modules.get(n)])"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"
