"""Python modules of an image, compiled: each probe of a unit is cheaper for it.

The compiled file is never held against its source again (the slot is one signed whole), and nothing on the unit writes
one: a file that a power cut tears would stop the program for good.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from fleetctl.adapters.images.programs import run
from fleetctl.core.images.tree import Node, Tree, file

VERSION = (3, 11)
"""Of the suite that images are made of; where this machine has no such Python, modules go uncompiled."""
_TAG = "cpython-311"
_COMPILE = """
import py_compile, sys
form = py_compile.PycInvalidationMode.UNCHECKED_HASH
for line in sys.stdin.read().splitlines():
    source, target, shown = line.split("\\t")
    py_compile.compile(source, target, shown, doraise=True, invalidation_mode=form)
"""


def compiled(modules: Tree, home: str) -> dict[str, Node]:
    """Return the compiled files of modules, by their path beside them; none if this machine lacks that Python.

    Args:
        modules: Python files.
        home: where they will be on the unit.

    Raises:
        CouldNot: if a module is none.
    """
    python = _python()
    if python is None:
        return {}
    with tempfile.TemporaryDirectory(prefix="fleetctl-compiled-") as scratch:
        places = {path: Path(scratch) / f"{number}.pyc" for number, path in enumerate(sorted(modules))}
        lines = (f"{modules[path].content!s}\t{place}\t{home}/{path}" for path, place in places.items())
        run([python, "-I", "-c", _COMPILE], given="\n".join(lines).encode())
        return {_beside(path): file(place.read_bytes()) for path, place in places.items()}


def _python() -> str | None:
    if sys.version_info[:2] == VERSION:
        return sys.executable
    return shutil.which("python{}.{}".format(*VERSION))


def _beside(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{folder}/__pycache__/{name.removesuffix('.py')}.{_TAG}.pyc"
