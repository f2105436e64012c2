"""Numbers as people of a language write them. Where a space may not break a line, it is a narrow no-break space."""

from __future__ import annotations

from fleetctl.core.words.language import Language
from fleetctl.core.words.text import NARROW

MINUS = "−"


def decimal(value: float, places: int, language: Language) -> str:
    """Write a number with a fixed count of decimals: `1,234.5`, `1 234,5`."""
    text = f"{value:,.{places}f}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")  # what rounds to zero has no sign
    if language is Language.FR:
        text = text.translate({ord(","): NARROW, ord("."): ","})
    return text.replace("-", MINUS)


def quantity(value: float, unit: str, places: int, language: Language) -> str:
    """Write a quantity with its unit: `1.5 kW`, `1,5 kW`; a percentage is close to its number in English."""
    between = "" if unit == "%" and language is Language.EN else NARROW
    return f"{decimal(value, places, language)}{between}{unit}"
