"""Runs the benchmarks and writes their page: `python -m bench.run [--quick] [NAME ...]`.

Each benchmark runs in a process of its own: a program that is measured inherits the memory of the one that starts it,
and one that fails takes no other with it. Results are kept in `.cache/bench/`, so that one benchmark can be run again
without the others.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench import page
from bench.figures import Line, NotMeasured, from_document, to_document
from bench.measure import adopt_orphans
from bench.programs import HOME, PYTHON

TITLES: Mapping[str, str] = {
    "startup": "Start-up",
    "fleet_scale": "Load, validate, render and plan",
    "importing": "Import",
    "scheduler": "Scheduler",
    "makespan": "Scheduling quality",
    "simulating": "Simulation",
    "probe": "Probe",
    "configure": "Configure",
    "lossy": "Configure over a bad line",
    "staging": "Staging and updating",
    "differences": "Releases as differences",
    "commission": "Commissioning",
}
KEPT = HOME / ".cache" / "bench"
PAGE = HOME / "docs" / "benchmarks.md"


def main() -> int:
    """Run what was asked for; return 1 if a benchmark could not be run."""
    options = _options()
    if options.one:
        return measure(options.one, Path(options.into), quick=options.quick)
    kept = KEPT / "quick" if options.quick else KEPT
    kept.mkdir(parents=True, exist_ok=True)
    broken = [name for name in options.names or TITLES if not _in_a_process(name, kept, quick=options.quick)]
    target = kept / "benchmarks.md" if options.quick else PAGE
    target.write_text(page.text(TITLES, {name: _results(kept, name) for name in TITLES}))
    sys.stderr.write(f"written to {target}\n")
    return int(bool(broken))


def measure(name: str, into: Path, *, quick: bool) -> int:
    """Run one benchmark in this process and write its results."""
    adopt_orphans()
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="fleetctl-bench-") as folder:
        for line in importlib.import_module(f"bench.{name}").lines(Path(folder), quick=quick):
            sys.stderr.write(f"{name}: {line}\n")
            lines.append(line)
    into.write_text(json.dumps([to_document(line) for line in lines], indent=1))
    return 0


def _in_a_process(name: str, kept: Path, *, quick: bool) -> bool:
    result = kept / f"{name}.json"
    result.unlink(missing_ok=True)
    argv = [str(PYTHON), "-m", "bench.run", "--one", name, "--into", str(result), *(["--quick"] if quick else [])]
    # Whatever the caller's settings: without bytecode, every start would compile what it imports.
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(KEPT / "bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.run(argv, cwd=HOME, env=environment).returncode == 0


def _results(kept: Path, name: str) -> Sequence[Line]:
    result = kept / f"{name}.json"
    if not result.exists():
        return [NotMeasured(TITLES[name], "this benchmark was not run, or broke")]
    return [from_document(document) for document in json.loads(result.read_text())]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(TITLES))
    parser.add_argument("--quick", action="store_true", help="small sizes, single runs: shows that it works")
    parser.add_argument("--one", choices=list(TITLES), help=argparse.SUPPRESS)
    parser.add_argument("--into", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
