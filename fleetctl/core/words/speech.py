"""Says texts, times and numbers in one language, by the clock of one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from fleetctl.core.words import numbers, times
from fleetctl.core.words.language import Language
from fleetctl.core.words.text import NARROW, NO_BREAK, Counted, Text

_PLAIN = str.maketrans({NARROW: " ", NO_BREAK: " "})
_AND: Mapping[Language, str] = {Language.EN: " and ", Language.FR: " et "}


@dataclass(frozen=True)
class Speech:
    """One language and one clock.

    Attributes:
        language: that everything is said in.
        zone: whose clock times are told by; a report shows those of its site.
        is_plain: whether spaces that must not break are ordinary ones, as a terminal's font may want.
    """

    language: Language
    zone: tzinfo = UTC
    is_plain: bool = False

    def say(self, text: Text, **values: object) -> str:
        """Say a text with its names filled in.

        Whole numbers get their thousands apart; anything else is put in as `str` gives it, so say quantities and times
        with the functions below first.

        Raises:
            KeyError: if a name of the text is not among the values.
        """
        said = {name: self._value(value) for name, value in values.items()}
        return self._spaced(text.pattern(self.language)).format_map(said)

    def count(self, text: Counted, n: int, **values: object) -> str:
        """Say a text for a count, which is its `{n}`."""
        return self.say(text.of(n, self.language), n=n, **values)

    def decimal(self, value: float, places: int = 1) -> str:
        """Say a number: `1.5`, `1,5`."""
        return self._spaced(numbers.decimal(value, places, self.language))

    def quantity(self, value: float, unit: str, places: int = 0) -> str:
        """Say a quantity: `1.5 kW`, `1,5 kW`."""
        return self._spaced(numbers.quantity(value, unit, places, self.language))

    def day(self, at: datetime) -> str:
        """Say a date: `23 November 2026`, `23 novembre 2026`."""
        return self._spaced(times.day(self._local(at), self.language))

    def clock(self, at: datetime) -> str:
        """Say a time of the day: `14:05`, `14 h 05`."""
        return self._spaced(times.clock(self._local(at), self.language))

    def moment(self, at: datetime) -> str:
        """Say a date and a time: `23 November 2026, 14:05`, `23 novembre 2026 à 14 h 05`."""
        between = " à " if self.language is Language.FR else ", "
        return f"{self.day(at)}{between}{self.clock(at)}"

    def short_moment(self, at: datetime) -> str:
        """Say a date and a time for a table: `23 Nov 2026, 14:05`, `23/11/2026 14 h 05`."""
        between = " " if self.language is Language.FR else ", "
        day = times.short_day(self._local(at), self.language)
        return f"{self._spaced(day)}{between}{self.clock(at)}"

    def duration(self, seconds: float) -> str:
        """Say how long something took: `3 min 05 s`."""
        return self._spaced(times.duration(seconds))

    def listed(self, items: Iterable[str]) -> str:
        """Say several things: `a, b and c`, `a, b et c`; nothing for none."""
        *most, last = list(items) or [""]
        return f"{', '.join(most)}{_AND[self.language]}{last}" if most else last

    def _value(self, value: object) -> object:
        return self.decimal(value, 0) if isinstance(value, int) and not isinstance(value, bool) else value

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone)

    def _spaced(self, text: str) -> str:
        return text.translate(_PLAIN) if self.is_plain else text
