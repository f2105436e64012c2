"""Texts of the commissioning screens."""

from __future__ import annotations

from fleetctl.core.words.text import Counted, Text

UNITS_LEFT = Counted(
    one=Text(en="{n} unit left", fr="{n} unité restante"),
    many=Text(en="{n} units left", fr="{n} unités restantes"),
)
