"""Windows and freezes of a policy: they open, they do not overlap, and the work fits into them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from fleetctl.core.heat.premises import ROLLBACK_S, Times
from fleetctl.core.inventory.flaws import Flaw, site_path
from fleetctl.core.inventory.fleet import Fleet, Kind, Model, Site
from fleetctl.core.inventory.invariants.context import Context
from fleetctl.core.inventory.invariants.policies import path_of
from fleetctl.core.policy import Freeze, Policy, Window
from fleetctl.core.problems import Severity
from fleetctl.core.windows import hours_of, longest_opening_min, minutes_of_week

YEAR_DAYS = 366


def open_at_all(fleet: Fleet) -> Iterator[Flaw]:
    """A window closes later than it opens, and no two share a minute."""
    for policy in fleet.policies.values():
        taken: dict[int, int] = {}
        for index, window in enumerate(policy.windows):
            path = path_of(policy, "windows", index)
            minutes = list(minutes_of_week(window))
            if not minutes:
                message = f"window {_hours(window)} of policy '{policy.name}' never opens: it closes when it opens"
                yield Flaw((*path, "closes"), "never-opens", message, "a whole day is 00:00 to 24:00")
            shared = Counter(taken[minute] for minute in minutes if minute in taken)
            for other, count in shared.items():
                message = (
                    f"windows {_hours(policy.windows[other])} and {_hours(window)} of policy '{policy.name}' "
                    f"share {count} min a week"
                )
                yield Flaw(path, "overlapping-windows", message, "join them, or let one end where the other starts")
            taken.update(dict.fromkeys(minutes, index))


def freezes(fleet: Fleet) -> Iterator[Flaw]:
    """A freeze ends on or after its first day, no two share a day, and together they leave work a day in a year."""
    for policy in fleet.policies.values():
        sound = []
        for index, freeze in enumerate(policy.freeze):
            if freeze.first > freeze.last:
                message = f"freeze of policy '{policy.name}' ends {freeze.last}, before it starts {freeze.first}"
                path = path_of(policy, "freeze", index, "last")
                yield Flaw(path, "freeze-order", message, "exchange 'first' and 'last'")
            else:
                sound.append((freeze, index))
        yield from _overlaps(policy, sorted(sound, key=lambda pair: pair[0].first))


def _overlaps(policy: Policy, sound: list[tuple[Freeze, int]]) -> Iterator[Flaw]:
    since: date | None = None  # first day of the days without a break that the freezes so far end with
    until = date.min
    for freeze, index in sound:
        first, last = date.fromisoformat(freeze.first), date.fromisoformat(freeze.last)
        path = path_of(policy, "freeze", index)
        if since is not None and first <= until:
            days = (min(until, last) - first).days + 1
            message = f"freezes of policy '{policy.name}' share {days} days from {first}"
            yield Flaw(path, "overlapping-freezes", message, "join them, or let one end where the other starts")
        if since is None or first > until + timedelta(days=1):
            since = first
        until = max(until, last)
        if (until - since).days + 1 >= YEAR_DAYS:
            message = (
                f"policy '{policy.name}' is frozen from {since} to {until}, {(until - since).days + 1} days without "
                "a break: no window opens for a year"
            )
            yield Flaw(path, "never-opens", message, "stop a rollout with 'fleetctl hold add', not with a freeze")
            return


def fit_models(fleet: Fleet) -> Iterator[Flaw]:
    """The worst case of a unit fits into the longest window: an error if no model's does, else a warning."""
    heaters = [model for model in fleet.models.values() if model.kind is not Kind.GATEWAY]
    for policy in fleet.policies.values():
        longest_min = longest_opening_min(policy.windows)
        too_long = [model for model in heaters if worst_s(model) > longest_min * 60 > 0]
        never = len(too_long) == len(heaters)
        for model in too_long:
            message = f"windows of policy '{policy.name}' open for {longest_min} min at most, {worst_case(model)}"
            hint = "it can never admit a unit; open for longer" if never else f"it can never admit a '{model.id}'"
            severity = Severity.ERROR if never else Severity.WARNING
            yield Flaw(path_of(policy, "windows"), "window-too-short", message, hint, severity)


def outside_quiet_hours(site: Site, context: Context) -> Iterator[Flaw]:
    """A policy's windows leave a dwelling some time outside its quiet hours; a warning, for it may be for others."""
    quickest = _quickest(site, context)
    for id, model in quickest.items():
        quiet_hours = site.dwellings[id].quiet_hours
        for policy in context.fleet.policies.values():
            free_min = longest_opening_min(policy.windows, quiet_hours)
            if free_min * 60 < worst_s(model) <= longest_opening_min(policy.windows) * 60:
                message = (
                    f"policy '{policy.name}' leaves '{id}' {free_min} min outside its quiet hours {quiet_hours}, "
                    + worst_case(model)
                )
                path = site_path(site.id, "dwellings", id, "quiet_hours")
                hint = "nothing could ever be updated here"
                yield Flaw(path, "window-in-quiet-hours", message, hint, Severity.WARNING)


def _quickest(site: Site, context: Context) -> dict[str, Model]:
    """Return the model with the shortest worst case of each dwelling that has quiet hours."""
    found: dict[str, Model] = {}
    for unit in site.units.values():
        dwelling, model = site.dwellings.get(unit.dwelling), context.model(unit)
        if dwelling is not None and dwelling.quiet_hours and model is not None:
            best = found.setdefault(dwelling.id, model)
            found[dwelling.id] = min(best, model, key=worst_s)
    return found


def worst_s(model: Model) -> float:
    """Return the longest time that a unit of a model is without heat, in s: what has to fit into a window."""
    return Times(model.reboot_p99_s, model.verify_s).worst_s


def worst_case(model: Model) -> str:
    """Return the same with its parts, in words."""
    parts = (model.reboot_p99_s, model.verify_s, ROLLBACK_S, model.reboot_p99_s)
    return (
        f"'{model.id}' needs {' + '.join(f'{part:g}' for part in parts)} = {sum(parts):g} s "
        "(reboot, proof of heat, rollback, reboot)"
    )


def _hours(window: Window) -> str:
    return hours_of(window.opens_min, window.closes_min)
