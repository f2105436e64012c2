"""Reads QR codes as a scanner would: from pixels."""

from __future__ import annotations

import re
from collections.abc import Sequence

import zxingcpp

_STEP = re.compile(r"([Mmh])([-\d. ]+)")
SCALE = 4


def read_codes(rows: Sequence[bytes]) -> list[str]:
    """Return what codes say that are in a picture in shades of grey, a row of bytes each."""
    picture = memoryview(b"".join(rows)).cast("B", (len(rows), len(rows[0])))
    return [found.text for found in zxingcpp.read_barcodes(picture)]


def pixels(svg: str) -> list[bytes]:
    """Draw the one kind of SVG that segno writes: a path of horizontal strokes, one unit high, in a square view box."""
    size = int(re.findall(r'viewBox="0 0 (\d+) \d+"', svg)[0])
    grid = [bytearray(b"\xff" * size) for _ in range(size)]
    path = re.findall(r'd="(M[^"]*h[^"]*)"', svg)[-1]
    x = y = 0.0
    for kind, numbers in _STEP.findall(path):
        values = [float(number) for number in re.findall(r"-?[\d.]+", numbers)]
        if kind == "h":
            grid[int(y)][int(x) : int(x + values[0])] = bytes(int(values[0]))
            x += values[0]
        else:
            x, y = (values[0], values[1]) if kind == "M" else (x + values[0], y + values[1])
    return [bytes(pixel for pixel in row for _ in range(SCALE)) for row in grid for _ in range(SCALE)]
