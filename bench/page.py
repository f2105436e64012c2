"""Writes the page of results: which machine, which day, each figure beside what it may be at most."""

from __future__ import annotations

import importlib
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import Figure, Line, table

_HEAD = """\
# Benchmarks

Measured by `make bench` on {day}, on {machine}.

CPU is that of a process with everything that it started; ratios are of CPU unless they say otherwise. The programs of
"Start-up" and of "Load, validate, render and plan" took turns and their figures are medians; the other sections say how
they were measured. Other work was going on on this machine: one run differs from the next by a tenth or more.
"""


def text(titles: Mapping[str, str], results: Mapping[str, Sequence[Line]]) -> str:
    """Return the page.

    Args:
        titles: of the sections, by the name of their benchmark.
        results: by the same names.
    """
    parts = [_HEAD.format(day=datetime.now(UTC).date(), machine=machine()), _summary(results)]
    return "\n".join([*parts, *_sections(titles, results)])


def machine() -> str:
    """Return this machine in words: processor, cores, memory, system."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (
        f"{os.cpu_count()} cores of {_processor()} with {memory_gb:.0f} GB, Linux {platform.release()}, "
        f"Python {platform.python_version()}"
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _summary(results: Mapping[str, Sequence[Line]]) -> str:
    promised = [line for of in results.values() for line in of if isinstance(line, Figure) and line.at_most is not None]
    missed = [line for line in promised if not line.is_held]
    said = f"{len(promised) - len(missed)} of {len(promised)} figures are held.\n"
    return said + "".join(map(_miss, missed)) + "\n"


def _miss(line: Figure) -> str:
    limit = f". {line.limit}" if line.limit else ""
    return f"\n- missed: {line.what}: {line.measured}, at most {line.target}{limit}"


def _sections(titles: Mapping[str, str], results: Mapping[str, Sequence[Line]]) -> Iterator[str]:
    for name, lines in results.items():
        about = importlib.import_module(f"bench.{name}").__doc__ or ""
        yield f"## {titles[name]}\n\n{about.strip()}\n\n{table(lines)}"
