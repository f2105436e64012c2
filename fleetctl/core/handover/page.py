"""The handover report as one HTML page: no script, nothing from elsewhere, to be printed on A4 in black and white.

The template comes in as a value and only lays out. The seal is put behind the page by whoever signs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, pass_context
from markupsafe import Markup

from fleetctl.core.commissioning.ledger import DWELLING, Entry
from fleetctl.core.handover import saying
from fleetctl.core.handover.curves import Picture, picture
from fleetctl.core.handover.report import NAME, Handover, UnitReport
from fleetctl.core.handover.seal import embedded
from fleetctl.core.words import handover as words
from fleetctl.core.words import stages as stage_words
from fleetctl.core.words.speech import Speech

MOST_RESPONSES = 3
"""So many sensors are told of for each proof of a room; the data have all."""
_MARKS = {"done": "✓", "confirmed": "✓", "failed": "✗", "void": "✗", "pending": "…", "skipped": "–", "open": "○"}
"""Beside the words, so that how a stage stands is seen without colours."""


def to_html(report: Handover, document: dict[str, Any], key: str, speech: Speech, template: str) -> str:
    """Return the page.

    Args:
        report: what it says.
        document: the report's data, which the page holds as well.
        key: fingerprint of the key that signs it.
        speech: that it is said in.
        template: Jinja2; what it is given stands in `_values`.
    """
    values = _values(report, speech) | {"key": key, "data": Markup(embedded(document))}  # noqa: S704 - made to stand there
    return _compiled(template).render(values)


@lru_cache(maxsize=1)
def _compiled(template: str) -> Template:
    """Compile the template, which takes longer than to fill it in."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    spoken: dict[str, Callable[..., str]] = {"said": Speech.say, "moment": Speech.moment, "short": Speech.short_moment}
    environment.filters.update({name: _by_speech(way) for name, way in spoken.items()})
    return environment.from_string(template)


def _by_speech(way: Callable[..., str]) -> Callable[..., str]:
    """Return a filter that says something by the speech that the template is filled in with."""
    return pass_context(lambda context, value, **names: way(context["speech"], value, **names))


def _values(report: Handover, speech: Speech) -> dict[str, Any]:
    return {
        "report": report,
        "speech": speech,
        "issue": report.issue,
        "language": speech.language.value,
        "w": words,
        "stages": stage_words.STAGES,
        "kinds": stage_words.KINDS,
        "marks": _MARKS,
        "count": speech.count,
        "area": lambda m2: speech.quantity(m2, "m²"),
        "verdict": partial(_verdict, speech=speech),
        "attention": lambda unit: list(saying.attention(unit, speech)),
        "reason_of": partial(saying.reason_of, speech=speech),
        "check_name": partial(saying.check_name, speech=speech),
        "arithmetic": partial(saying.arithmetic, speech=speech),
        "answer": partial(saying.answer, speech=speech),
        "responses": partial(saying.responses, most=MOST_RESPONSES, speech=speech),
        "pictures": _pictures,
        "curve_said": partial(saying.curve_said, speech=speech),
        "ends": partial(_ends, speech=speech),
        "place_of": _place_of,
        "person_of": _person_of,
        "engineers": speech.listed(_names(report.ledger)),
        "writers": _writers(report.ledger),
        "title": _title(report, speech),
    }


def _title(report: Handover, speech: Speech) -> str:
    dwelling = report.issue.dwelling
    scope = speech.say(words.DWELLING, dwelling=dwelling) if dwelling else speech.say(words.WHOLE_SITE)
    return f"{speech.say(words.TITLE)} {report.issue.number}, {report.title}, {scope}"


def _verdict(report: Handover, speech: Speech) -> str:
    """Say whether all that the report is of is accepted."""
    parts = [each.accepted for each in report.dwellings] + [unit.accepted for unit in report.units]
    if not all(parts):
        return speech.say(words.NOT_ACCEPTED)
    still_open = len(report.open_reserves)
    return speech.count(words.ACCEPTED_WITH, still_open) if still_open else speech.say(words.ACCEPTED)


def _pictures(unit: UnitReport) -> list[Picture]:
    return [picture(curve) for curve in unit.burn_in.curves]


def _ends(drawn: Picture, speech: Speech) -> tuple[str, str, str]:
    """Return what stands at the top, at the bottom and at the right end of a picture."""
    places = 0 if drawn.curve.unit == "W" else 1
    top, bottom = (speech.quantity(value, drawn.curve.unit, places) for value in (drawn.top, drawn.bottom))
    return top, bottom, speech.duration(drawn.seconds)


def _place_of(subject: str) -> str:
    """Return what people call a subject of the ledger within its site."""
    return subject.partition("/")[2].removeprefix(DWELLING) or subject


def _person_of(entry: Entry) -> str:
    return str(entry.draft.detail.get(NAME) or entry.draft.actor)


def _names(entries: Iterable[Entry]) -> Sequence[str]:
    """Return the names that were typed, in the order in which they first appear."""
    typed = (str(entry.draft.detail.get(NAME, "")) for entry in entries)
    return list(dict.fromkeys(filter(None, typed)))


def _writers(entries: Iterable[Entry]) -> Sequence[Entry]:
    """Return the last entry of each writer that a report rests on."""
    last = {entry.writer: entry for entry in sorted(entries, key=lambda each: each.number)}
    return sorted(last.values(), key=lambda entry: entry.writer)
