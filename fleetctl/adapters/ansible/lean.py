"""`ansible-playbook`, started for less: the program of every run (`python -m fleetctl.adapters.ansible.lean ...`).

Most of what a batch costs is Ansible's start and a fork for each host. Both get cheaper by what a run of one task never
needs; what Ansible does is not changed.
"""

from __future__ import annotations

import gc
import sys
from types import ModuleType
from typing import cast


def main() -> int:
    """Run Ansible's own program with this process's arguments."""
    # What the start makes lives to the end of a short run, and so does what a worker makes for its one task. Collecting
    # it took a tenth of the time, and in a worker it also copies memory that is shared with the parent until then.
    gc.disable()
    # Ansible imports it only to know whether it is there; our connections are OpenSSH's.
    cast("dict[str, ModuleType | None]", sys.modules)["paramiko"] = None
    from ansible.cli.playbook import main as ansible_playbook

    return int(ansible_playbook() or 0)


if __name__ == "__main__":
    sys.exit(main())
