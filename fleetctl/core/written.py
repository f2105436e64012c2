"""Numbers that remember how they were written.

In a text file `020000000001` is a number, but where a serial or a MAC is declared it is text, and `1.10` is not `1.1`.
The reader keeps the text beside the value, and `as_text` gives it back where text is wanted.
"""

from __future__ import annotations

from typing import Any


class WrittenInt(int):
    """A whole number with its text."""

    text: str

    def __new__(cls, value: int, text: str) -> WrittenInt:
        """Make the number and keep its text."""
        number = super().__new__(cls, value)
        number.text = text
        return number


class WrittenFloat(float):
    """A number with its text."""

    text: str

    def __new__(cls, value: float, text: str) -> WrittenFloat:
        """Make the number and keep its text."""
        number = super().__new__(cls, value)
        number.text = text
        return number


def as_text(value: Any) -> Any:
    """Return the text of a number that was read from a file, anything else as it is."""
    return value.text if isinstance(value, WrittenInt | WrittenFloat) else value
