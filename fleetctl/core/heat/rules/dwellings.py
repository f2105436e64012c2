"""What a dwelling asks for, and how many units a policy lets be down at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from fleetctl.core.heat.question import Question
from fleetctl.core.heat.verdict import Verdict, verdict
from fleetctl.core.inventory.fleet import Dwelling
from fleetctl.core.windows import quiet_between


def wishes(question: Question, dwelling: Dwelling) -> Iterator[Verdict]:
    """Yield what a dwelling says of itself: no work at all, or none in its quiet hours."""
    if dwelling.never:
        yield verdict("never", dwelling.id, False, "no voluntary work is wanted here")
    if dwelling.quiet_hours:
        ends = question.now_utc + timedelta(seconds=question.worst_s)
        quiet = quiet_between(dwelling.quiet_hours, question.now_utc, ends, question.zone)
        local = f"{question.now_utc.astimezone(question.zone):%H:%M} to {ends.astimezone(question.zone):%H:%M}"
        yield verdict("quiet", dwelling.id, not quiet, f"work from {local}, quiet hours {dwelling.quiet_hours}")


def at_most(question: Question) -> Iterator[Verdict]:
    """Yield whether the unit fits into the policy's `max_unavailable`, of all that the site can tell.

    The whole fleet is more than one site knows, so that count is the rollout's.
    """
    limits, premises = question.policy.max_unavailable, question.premises
    yield from _within(question, premises.site, limits.site, question.down)
    heater = premises.heaters.get(question.unit)
    if heater is None:
        return
    others = premises.heaters.values()
    yield from _within(
        question, heater.gateway, limits.gateway, (h.unit for h in others if h.gateway == heater.gateway)
    )
    yield from _within(question, heater.dwelling, limits.dwelling, premises.heaters_of.get(heater.dwelling, ()))
    yield from _within(question, heater.loop, limits.loop, (h.unit for h in others if h.loop == heater.loop))


def _within(question: Question, about: str, limit: int | None, units: Iterable[str]) -> Iterator[Verdict]:
    if about and limit is not None:
        count = len(question.down.intersection(units) - {question.unit}) + 1
        arithmetic = f"{count} unit{'s' * (count != 1)} would be down, limit {limit}"
        yield verdict("max_unavailable", about, count <= limit, arithmetic)
