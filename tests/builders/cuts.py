"""Cut `fleet-unit` at every call that changes the disk, one after the other.

The program runs under a shim that kills the process right before the n-th such call, for every n there is.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from tests.builders.unit_root import PROGRAM, PYTHON, UnitRoot

SHIM = """
import os, runpy, sys
deadly, calls = int(sys.argv[1]), 0
def dying(real):
    def call(*arguments, **options):
        global calls
        calls += 1
        if calls == deadly:
            os.kill(os.getpid(), 9)
        return real(*arguments, **options)
    return call
for name in ("fsync", "rename", "symlink", "unlink", "link", "pwrite", "ftruncate", "posix_spawnp"):
    setattr(os, name, dying(getattr(os, name)))
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def cut_at(unit: UnitRoot, number: int, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a command line that dies right before the n-th call."""
    return unit.run(*words, stdin=stdin, program=(*PYTHON, "-c", SHIM, str(number), str(PROGRAM)))


def every_cut(start: UnitRoot, check: Callable[[UnitRoot], None], *command: str, stdin: bytes = b"") -> int:
    """Cut a step at each call in turn, check what is left, and return how many cuts there were."""

    def cut(number: int) -> bool:
        unit = start.copy(f"cut{number}")
        unit.step += 1
        done = cut_at(unit, number, command[0], *unit.step_options(), *command[1:], stdin=stdin)
        was_cut = done.returncode != 0
        assert was_cut or json.loads(done.stdout)["ending"] == "ok", done.stdout
        assert not was_cut or done.stdout == b"", "what was cut says nothing"
        check(unit)
        return was_cut

    return _until_whole(cut)


def every_cut_of_work(start: UnitRoot, check: Callable[[UnitRoot], None], *words: str) -> int:
    """Cut work that the program gives to itself at each call in turn, check what is left, and return how many."""

    def cut(number: int) -> bool:
        unit = start.copy(f"cut{number}")
        was_cut = cut_at(unit, number, *words).returncode != 0
        check(unit)
        return was_cut

    return _until_whole(cut)


def _until_whole(cut: Callable[[int], bool]) -> int:
    def cuts(pool: ThreadPoolExecutor) -> Iterator[int]:
        for first in count(1, 8):
            results = list(pool.map(cut, range(first, first + 8)))
            yield sum(results)
            if not all(results):
                return

    with ThreadPoolExecutor(max_workers=4) as pool:
        return sum(cuts(pool))
