"""What a rule of the heat guard says, and how figures are written in it."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule's answer.

    Attributes:
        rule: `G1` to `G12`, or `never`, `quiet`, `max_unavailable` for what a policy or a dwelling adds.
        holds: the rule does not stand in the way.
        text: the rule, its object, the arithmetic with units and the limit:
            `G1 A101: 95 min to 18 °C at -7 °C, 2 x 14 min needed`.
    """

    rule: str
    holds: bool
    text: str


def verdict(rule: str, about: str, holds: bool, arithmetic: str) -> Verdict:
    """Return a verdict whose text starts with the rule and its object."""
    return Verdict(rule, holds, f"{rule} {about}: {arithmetic}")


def span(seconds: float) -> str:
    """Write a span of time for people: `unlimited time`, `45 s`, `95 min`, `27 h`."""
    if math.isinf(seconds):
        return "unlimited time"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 36_000 else f"{seconds / 3600:.0f} h"


def celsius(value_c: float) -> str:
    """Write a temperature: `18 °C`, `-6.5 °C`."""
    return f"{round(value_c, 1) + 0.0:g} °C"


def watts(value_w: float) -> str:
    """Write a power, to the watt: `650 W`."""
    return f"{value_w:.0f} W"
