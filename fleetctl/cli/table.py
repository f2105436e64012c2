"""Tables on standard output: rich in a terminal, plain aligned columns in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from fleetctl.cli.frame import Frame


def print_table(frame: Frame, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows of text under their column names."""
    if sys.stdout.isatty():
        _print_rich(frame, columns, list(rows))
    else:
        _print_plain([columns, *rows])


def _print_rich(frame: Frame, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    # A name cut short in a narrow terminal could not be copied into the next command.
    table.columns[0].min_width = max((len(row[0]) for row in rows), default=0)
    for row in rows:
        table.add_row(*row)
    frame.console().print(table)


def _print_plain(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")
