"""What a dwelling asks for, and how many units a policy lets be down at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta

from fleetctl.core.heat.question import Question
from fleetctl.core.heat.verdict import Verdict, verdict
from fleetctl.core.inventory.fleet import Dwelling
from fleetctl.core.windows import in_quiet_hours


def wishes(question: Question, dwelling: Dwelling) -> Iterator[Verdict]:
    """Yield what a dwelling says of itself: no work at all, or none in its quiet hours."""
    if dwelling.never:
        yield verdict("never", dwelling.id, False, "no voluntary work is wanted here")
    if dwelling.quiet_hours:
        ends = question.now_utc + timedelta(seconds=question.worst_s)
        quiet = any(in_quiet_hours(dwelling.quiet_hours, at, question.zone) for at in (question.now_utc, ends))
        local = f"{question.now_utc.astimezone(question.zone):%H:%M} to {ends.astimezone(question.zone):%H:%M}"
        yield verdict("quiet", dwelling.id, not quiet, f"work from {local}, quiet hours {dwelling.quiet_hours}")


def at_most(question: Question) -> Iterator[Verdict]:
    """Yield whether the unit fits into the policy's `max_unavailable`, of all that the site can tell.

    The whole fleet is more than one site knows, so that count is the rollout's.
    """
    limits, heater = question.policy.max_unavailable, question.premises.heaters.get(question.unit)
    yield from _within(question, question.premises.site, limits.site, question.down)
    if heater is None:
        return
    heaters = question.premises.heaters.values()
    same = {
        heater.gateway: (limits.gateway, [each.unit for each in heaters if each.gateway == heater.gateway]),
        heater.dwelling: (limits.dwelling, question.premises.heaters_of.get(heater.dwelling, ())),
        heater.loop: (limits.loop, [each.unit for each in heaters if each.loop == heater.loop]),
    }
    for about, (limit, units) in same.items():
        if about:
            yield from _within(question, about, limit, question.down.intersection(units))


def _within(question: Question, about: str, limit: int | None, down: Collection[str]) -> Iterator[Verdict]:
    if limit is not None:
        count = len(set(down) - {question.unit}) + 1
        arithmetic = f"{count} unit{'s' * (count != 1)} would be down, limit {limit}"
        yield verdict("max_unavailable", about, count <= limit, arithmetic)
