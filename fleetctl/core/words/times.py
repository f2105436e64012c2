"""Dates, times of the day and durations as people of a language write them.

Names of months are our own: those of the machine depend on which locales it has.
"""

from __future__ import annotations

from datetime import date, datetime

from fleetctl.core.words.language import Language
from fleetctl.core.words.text import NARROW, NO_BREAK

_MONTHS = {
    Language.EN: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    Language.FR: [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
}
_MINUTE_S = 60
_HOUR_S = 3600


def day(at: date, language: Language) -> str:
    """Write a date: `23 November 2026`, `23 novembre 2026`, `1er décembre 2026`."""
    number = "1er" if at.day == 1 and language is Language.FR else str(at.day)
    return f"{number}{NO_BREAK}{_MONTHS[language][at.month - 1]} {at.year}"


def short_day(at: date, language: Language) -> str:
    """Write a date for a table: `23 Nov 2026`, `23/11/2026`."""
    if language is Language.FR:
        return f"{at:%d/%m/%Y}"
    return f"{at.day}{NO_BREAK}{_MONTHS[language][at.month - 1][:3]}{NO_BREAK}{at.year}"


def clock(at: datetime, language: Language) -> str:
    """Write a time of the day: `14:05`, `14 h 05`."""
    return f"{at.hour}{NARROW}h{NARROW}{at.minute:02}" if language is Language.FR else f"{at:%H:%M}"


def duration(seconds: float) -> str:
    """Write how long something took, alike in all languages: `42 s`, `3 min 05 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{whole}{NARROW}s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S}{NARROW}min {whole % _MINUTE_S:02}{NARROW}s"
    return f"{whole // _HOUR_S}{NARROW}h {whole % _HOUR_S // _MINUTE_S:02}{NARROW}min"
