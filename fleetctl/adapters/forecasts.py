"""Weather forecasts from the files and addresses that sites declare. Fills `Forecasts`.

A forecast is never a condition: whatever goes wrong here while rollouts run ends in "no forecast", for which the heat
guard takes the site's design temperature, and in one line for people. Before a rollout `check` refuses a bad file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fleetctl.adapters.forecast_answers import Answers
from fleetctl.core.heat.forecast import Forecast
from fleetctl.core.heat.forecast_formats import read
from fleetctl.core.inventory.fleet import Site
from fleetctl.core.problems import CouldNot, InvalidInput, Problem
from fleetctl.ports import Clock


@dataclass
class DeclaredForecasts:
    """Forecasts by what sites declare.

    Attributes:
        folder: the fleet's folder; files are relative to it.
        answers: of the addresses.
        clock: tells how old an answer is.
        note: is told, once for each reason, why a site has no forecast.
    """

    folder: Path
    answers: Answers
    clock: Clock
    note: Callable[[str], None]
    _files: dict[Path, tuple[tuple[int, int, int], Forecast]] = field(default_factory=dict)
    _noted: dict[str, str] = field(default_factory=dict)

    def of(self, site: Site) -> Forecast | None:
        """Return the forecast of a site; None if there is none that can be used, and then the note says why."""
        source = site.forecast
        if source is None:
            return None
        try:
            found = self._from_file(source.file) if source.file else self.answers.get(source.url, self.clock.now())
            if found.times[-1] < self.clock.now().utc:
                raise CouldNot(f"{found.source} ended at {found.times[-1]:%Y-%m-%d %H:%M}Z")
        except (CouldNot, InvalidInput) as error:
            self._say(site.id, f"{site.id}: no forecast, the design temperature is taken: {error}")
            return None
        self._noted.pop(site.id, None)
        return found

    def check(self, site: Site) -> None:
        """Read the forecast file of a site, if it declares one.

        Raises:
            InvalidInput: with everything that is wrong with it.
        """
        if site.forecast is not None and site.forecast.file:
            self._from_file(site.forecast.file)

    def _say(self, site: str, text: str) -> None:
        if self._noted.get(site) != text:
            self._noted[site] = text
            self.note(text)

    def _from_file(self, name: str) -> Forecast:
        path, year = self.folder / name, self.clock.now().utc.year
        try:
            status = path.stat()
            mark = (status.st_mtime_ns, status.st_size, year)
            if path not in self._files or self._files[path][0] != mark:
                text = path.read_text(encoding="utf-8", errors="replace")
                self._files[path] = (mark, read(text, file=str(path), year=year))
        except OSError as error:
            message = f"the forecast cannot be read: {error.strerror}"
            hint = "a forecast's file is relative to the fleet's folder"
            raise InvalidInput([Problem("forecast-missing", message, str(path), hint=hint)]) from error
        return self._files[path][1]
