"""A rollout's report as one HTML file without scripts and without anything from elsewhere.

The template comes in as a value. What stands where is computed in `report`; the template only lays out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from functools import partial

from jinja2 import Environment, StrictUndefined

from fleetctl.core.report.charts import chart
from fleetctl.core.report.decisions import Decisions
from fleetctl.core.report.gantt import by_wave
from fleetctl.core.report.timeline import SHOWN
from fleetctl.core.rollout.state import Noted
from fleetctl.core.rollout_report import RolloutReport

MOST_CHARTS = 12
"""So many spaces are drawn, those with the largest heat debt; the table has all of them."""
MOST_CARDS = 40
"""So many units that need somebody are shown at once, the others on demand."""
MOST_NOTES = 500
"""So many entries of one sort of decision, and of the log, are on the page; the JSON form has all of them."""


def to_html(report: RolloutReport, template: str) -> str:
    """Fill the template in; every value is escaped.

    Args:
        report: the rollout.
        template: Jinja2; what it is given stands in `_values`.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    clock, day = (partial(_local, report.zone, form) for form in ("%H:%M:%S", "%a %d %b %Y, %H:%M:%S"))
    environment.filters.update(duration=duration, words=_words, clock=clock, day=day)
    return environment.from_string(template).render(_values(report))


def _values(report: RolloutReport) -> dict[str, object]:
    used = {span.what for unit in report.units for span in unit.spans}
    drawn = [space for space in report.spaces if space.points][:MOST_CHARTS]
    return {
        "report": report,
        "waves": list(by_wave(report)),
        "legend": [what for what in SHOWN if what in used],
        "charts": [chart(space, report.zone) for space in drawn],
        "cards": MOST_CARDS,
        "decisions": [_shortened(each) for each in report.decisions],
        "log": _last(report.log),
        "zone_name": str(report.zone),
    }


def _shortened(each: Decisions) -> tuple[str, int, Sequence[Noted]]:
    """Return a sort of decision, how many there are, and the entries that are shown."""
    return each.title, len(each.notes), _last(each.notes)


def _last(notes: Sequence[Noted]) -> Sequence[Noted]:
    return notes[-MOST_NOTES:]


def duration(seconds: float) -> str:
    """Format a duration for people: `42 s`, `3 min 05 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _local(zone: tzinfo, form: str, at: datetime) -> str:
    """Format a time as the clock of a zone shows it."""
    return at.astimezone(zone).strftime(form)
