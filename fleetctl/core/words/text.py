"""A text in every language, side by side where it is declared: a language that is missing does not pass the type check.

Texts are written with the keyboard's spaces and apostrophes; what typography wants instead is put in when a text is
said, before its values are, so that nothing a person typed is changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fleetctl.core.words.language import Language

NO_BREAK = "\u00a0"
NARROW = "\u202f"
"""The narrow no-break space: before `;!?`, inside guillemets, between thousands, before a unit."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text; `{names}` in it are filled in when it is said."""

    en: str
    fr: str

    def pattern(self, language: Language) -> str:
        """Return it in a language, typeset, with its names not filled in."""
        return typeset(self.en if language is Language.EN else self.fr, language)


@dataclass(frozen=True, slots=True)
class Counted:
    """A text that depends on a count, `{n}` in it: for one, and for any other number.

    French says the singular of everything below two (`0 unité`), English of one alone (`0 units`).
    """

    one: Text
    many: Text

    def of(self, n: float, language: Language) -> Text:
        """Return the text for a count."""
        is_one = abs(n) < 2 if language is Language.FR else n == 1
        return self.one if is_one else self.many


def typeset(text: str, language: Language) -> str:
    """Put in the spaces and apostrophes that typography wants in a language."""
    text = re.sub(r"(?<=\w)'(?=[\w{])", "’", text)
    if language is Language.EN:
        return text
    text = re.sub(r" (?=:(?!\S))", NO_BREAK, text)
    return re.sub(r" (?=[;!?»%])|(?<=«) ", NARROW, text)
