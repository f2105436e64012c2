"""What a root file system brings of our own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import fleetctl
from fleetctl.adapters.images.root import agent
from fleetctl.adapters.images.trees import write_folder
from fleetctl.core.images.tree import laid_over


def test_the_stand_in_of_a_heat_agent_brings_every_module_that_it_imports(tmp_path: Path) -> None:
    modules = tmp_path / "lab"
    write_folder(laid_over({}, agent(Path(fleetctl.__file__).parent), 0), modules)
    begin = f"import sys; sys.path.insert(0, {str(modules)!r}); import fleetctl.lab.unit.alone"
    ran = subprocess.run(["/usr/bin/python3", "-IS", "-c", begin], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
