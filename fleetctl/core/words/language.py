"""Which language a person reads: the one asked for, or that of the environment."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Those of POSIX, the first that is set decides (POSIX.1-2017, 8.2)."""


class Language(StrEnum):
    """A language that every text is written in."""

    EN = "en"
    FR = "fr"


def chosen(wanted: Language | None, environment: Mapping[str, str]) -> Language:
    """Return the language asked for; else that of the environment; English if that is another one, or none."""
    if wanted is not None:
        return wanted
    locale = next((environment[name] for name in _VARIABLES if environment.get(name)), "")
    code = locale.partition(".")[0].partition("_")[0].lower()
    return next((each for each in Language if each.value == code), Language.EN)
