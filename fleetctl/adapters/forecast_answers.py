"""Asks services for weather forecasts, and keeps what they answer beside the state.

An answer serves for an hour, and while its service fails for six; a host that failed is left alone for a while, so that
a controller does not wait for it at each site.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import build_opener

from fleetctl import __version__
from fleetctl.adapters.whole_file import write_whole
from fleetctl.core.clock import Now, from_text, to_text
from fleetctl.core.heat.forecast import Forecast
from fleetctl.core.heat.forecast_formats import read
from fleetctl.core.problems import CouldNot, InvalidInput

TIMEOUT_S = 5.0
"""Longest wait for a service: the controller waits with it."""
FRESH = timedelta(hours=1)
"""Age from which an answer is asked for again."""
KEPT = timedelta(hours=6)
"""Age up to which an answer serves while the service fails."""
AGAIN_S = 300.0
"""Time for which a host that failed is left alone, whatever else is declared from it."""
_MOST_BYTES = 8_000_000


@dataclass(frozen=True)
class Answer:
    """What an address answered, and when."""

    at: datetime
    forecast: Forecast


@dataclass
class Answers:
    """Forecasts by their address.

    Attributes:
        folder: where answers are kept; made when the first one comes.
    """

    folder: Path
    timeout_s: float = TIMEOUT_S
    _known: dict[str, Answer] = field(default_factory=dict)
    _again_s: dict[str, float] = field(default_factory=dict)

    def get(self, url: str, now: Now) -> Forecast:
        """Return what an address answers, or answered not long ago.

        Raises:
            CouldNot: if there is no answer, or none that can be used. It names the host alone: an address may hold a
                key.
        """
        known = self._known.get(url) or self._kept(url)
        if known is not None and now.utc - known.at < FRESH:
            self._known[url] = known
            return known.forecast
        try:
            self._known[url] = self._asked(url, now)
        except CouldNot:
            if known is None or now.utc - known.at >= KEPT:
                raise
            self._known[url] = known
        return self._known[url].forecast

    def _asked(self, url: str, now: Now) -> Answer:
        host = urlsplit(url).hostname or ""
        if now.monotonic_s < self._again_s.get(host, 0.0):
            raise CouldNot(f"{host} failed a short while ago")
        try:
            text = self._fetched(url)
            answer = Answer(now.utc, read(text, file=host, year=now.utc.year))
        except (OSError, HTTPException) as error:
            self._again_s[host] = now.monotonic_s + AGAIN_S
            raise CouldNot(f"{host} does not answer: {error}") from error
        except InvalidInput as error:
            self._again_s[host] = now.monotonic_s + AGAIN_S
            raise CouldNot(f"what {host} answers cannot be used: {error.problems[0].message}") from error
        self._keep(url, text, now.utc)
        return answer

    def _fetched(self, url: str) -> str:
        opener = build_opener()
        opener.addheaders = [("user-agent", f"fleetctl/{__version__}")]
        with opener.open(url, timeout=self.timeout_s) as answer:
            content: bytes = answer.read(_MOST_BYTES)
        return content.decode(errors="replace")

    def _keep(self, url: str, text: str, now_utc: datetime) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self._place(url), json.dumps({"at": to_text(now_utc), "text": text}).encode())
        except (OSError, CouldNot):
            return  # a full disk is no reason to do without the forecast that has just come

    def _kept(self, url: str) -> Answer | None:
        try:
            kept = json.loads(self._place(url).read_bytes())
            at = from_text(kept["at"])
            return Answer(at, read(kept["text"], file=urlsplit(url).hostname or "", year=at.year))
        except (OSError, ValueError, KeyError, TypeError, InvalidInput):
            return None

    def _place(self, url: str) -> Path:
        return self.folder / f"{hashlib.sha256(url.encode()).hexdigest()[:24]}.json"
