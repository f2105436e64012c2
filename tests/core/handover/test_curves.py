"""Curves as pictures: inside their box, their extremes kept, their band where it belongs."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.handover.curves import HEIGHT, WIDTH, picture
from fleetctl.core.handover.measured import Curve

values = st.floats(-50, 5000, allow_nan=False)


def points_of(line: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.e-]+)", line)]


@given(st.lists(values, min_size=2, max_size=400), st.tuples(values, values).map(sorted) | st.none())
def test_every_picture_stays_in_its_box(measured: list[float], band: list[float] | None) -> None:
    low, high = band or (None, None)
    drawn = picture(Curve("power", "W", tuple(enumerate(measured)), low, high))
    points = points_of(drawn.line)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert len(points) <= 152
    assert (drawn.band_y is None) == (band is None)
    if drawn.band_y:
        assert 0 <= drawn.band_y[0] <= drawn.band_y[1] <= HEIGHT


@given(st.lists(values, min_size=2, max_size=10), st.integers(0, 299))
def test_a_spike_is_never_thinned_away(some: list[float], place: int) -> None:
    measured = [some[at % len(some)] for at in range(400)]
    measured[place] = 9000.0
    drawn = picture(Curve("power", "W", tuple(enumerate(measured))))
    assert drawn.most == 9000.0
    top = min(y for _, y in points_of(drawn.line))
    assert top < 10


def test_a_power_is_never_drawn_below_nothing() -> None:
    drawn = picture(Curve("power", "W", ((0, 0.0), (60, 650.0)), 585.0, 715.0))
    assert drawn.bottom == 0.0
    assert drawn.top > 715
