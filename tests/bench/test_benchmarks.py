"""Every benchmark can be started; the cheap ones are run in small."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from bench import page
from bench.figures import Figure, Line, NotMeasured
from bench.run import TITLES


@pytest.mark.parametrize("name", TITLES)
def test_every_benchmark_says_what_it_measures_and_has_lines(name: str) -> None:
    module = importlib.import_module(f"bench.{name}")
    assert callable(module.lines)
    assert len(module.__doc__ or "") > 40


@pytest.mark.parametrize("name", ["startup", "importing", "scheduler", "makespan"])
def test_a_small_run_yields_figures(name: str, tmp_path: Path) -> None:
    lines = list(importlib.import_module(f"bench.{name}").lines(tmp_path, quick=True))
    assert lines
    assert all(isinstance(line, Figure) and line.value > 0 for line in lines)


def test_the_page_counts_what_is_held_and_names_what_is_missed() -> None:
    results: dict[str, list[Line]] = {name: [NotMeasured(name, "not run")] for name in TITLES}
    results["startup"] = [Figure("start", 0.5, "times", 0.4), Figure("else", 0.1, "times", 0.4)]
    text = page.text(TITLES, results)
    assert "1 of 2 figures are held" in text
    assert "missed: start: 0.500 times, at most 0.400 times" in text
