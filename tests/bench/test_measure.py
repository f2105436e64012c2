"""What the benchmarks measure with: a figure that is wrong in silence would be worse than none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.figures import Figure, NotMeasured, from_document, number, table, to_document
from bench.measure import Command, RunFailed, Usage, in_turn, median, once, stretch

BURN = "import time; end = time.process_time() + {}\nwhile time.process_time() < end: pass"


def python(code: str) -> Command:
    return Command([sys.executable, "-c", code])


def test_the_cpu_of_children_counts() -> None:
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN.format(0.2)!r}])"
    assert once(python(child)).cpu_s >= 0.2


def test_memory_is_the_largest_process_of_a_run() -> None:
    assert once(python("x = bytearray(300_000_000)")).rss_mb > 300


def test_what_a_run_leaves_behind_is_ended_and_counted() -> None:
    leftover = BURN.format(0.3) + "\nprint('burnt', flush=True)\ntime.sleep(60)"
    start = (
        "import subprocess, sys\n"
        f"left = subprocess.Popen([sys.executable, '-c', {leftover!r}], stdout=subprocess.PIPE)\n"
        "left.stdout.readline()"
    )
    code = (
        "import sys; from bench.measure import Command, adopt_orphans, once; adopt_orphans(); "
        f"used = once(Command([sys.executable, '-c', {start!r}])); "
        "assert used.cpu_s >= 0.3 and used.wall_s < 50, used"
    )
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=True)


def test_a_run_that_fails_is_no_figure() -> None:
    with pytest.raises(RunFailed, match="out of wood"):
        once(python("raise SystemExit('out of wood')"))


def test_what_comes_before_a_run_is_done_for_each() -> None:
    done: list[str] = []
    one = Command(["true"], before=lambda: done.append("one"))
    other = Command(["true"], before=lambda: done.append("other"))
    in_turn([one, other], 2)
    assert done == ["one", "other", "one", "other"]


def test_the_median_of_each_quantity() -> None:
    assert median([Usage(1, 30, 5), Usage(2, 10, 6), Usage(3, 20, 4)]) == Usage(2, 20, 5)


def test_a_stretch_of_this_process() -> None:
    with stretch() as taken:
        sum(range(2_000_000))
    assert taken.cpu_s > 0
    assert taken.wall_s > 0


def test_a_missed_figure_says_so() -> None:
    rows = table([Figure("a", 2.0, "ms", 1.0), Figure("b", 0.5, "ms", 1.0), Figure("c", 3.0, "MB")]).splitlines()[2:]
    assert [("missed" in row, "held" in row) for row in rows] == [(True, False), (False, True), (False, False)]


def test_lines_come_back_from_their_documents() -> None:
    for line in (Figure("a", 2.0, "ms", 1.0, "how"), NotMeasured("b", "why")):
        assert from_document(to_document(line)) == line


@pytest.mark.parametrize(
    ("value", "shown"), [(12345.6, "12,346"), (99.4, "99.4"), (1.5, "1.50"), (0.0251, "0.025"), (0.0, "0.000")]
)
def test_numbers_have_three_digits_that_count(value: float, shown: str) -> None:
    assert number(value) == shown
