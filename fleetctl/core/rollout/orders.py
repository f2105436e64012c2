"""What a person writes to hold, override or approve, and what is wrong with it.

A reader adds what it cannot accept to a list of problems, so that a person is told everything at once.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

from fleetctl.core.names import did_you_mean, is_label, nearest
from fleetctl.core.problems import Problem, refuse
from fleetctl.core.rollout.holds import EVERYWHERE, HOT_WATER, OVERRIDE_AT_MOST, RULES, WINDOW, covers
from fleetctl.core.rollout.state import Rollout

_FORM = "write '*', SITE or SITE/UNIT"
_LENGTH = re.compile(r"(?:(?P<days>\d{1,6})d)?(?:(?P<hours>\d{1,6})h)?(?:(?P<minutes>\d{1,6})(?:m|min))?")


@dataclass(frozen=True, slots=True)
class HoldOrder:
    """A hold that may be given."""

    scope: str
    reason: str


@dataclass(frozen=True, slots=True)
class OverrideOrder:
    """An override that may be given."""

    rule: str
    scope: str
    reason: str
    length: timedelta


def hold_order(scope: str, reason: str, units: Collection[str] | None) -> HoldOrder:
    """Read a hold.

    Args:
        scope: `*`, `SITE` or `SITE/UNIT`.
        reason: in the person's words.
        units: names of all units; None if nobody knows them, then only the form of the scope is checked.

    Raises:
        InvalidInput: with everything that is wrong.
    """
    problems: list[Problem] = []
    order = HoldOrder(_scope(scope, units, problems), _reason(reason, problems))
    refuse(problems)
    return order


def override_order(rule: str, scope: str, reason: str, length: str, units: Collection[str] | None) -> OverrideOrder:
    """Read an override.

    Args:
        rule: one of `RULES`, in capitals or not.
        scope: `*`, `SITE` or `SITE/UNIT`.
        reason: in the person's words.
        length: days, hours and minutes such as `4h`, `90min` or `1h30m`; a day at most.
        units: names of all units; None if nobody knows them, then only the form of the scope is checked.

    Raises:
        InvalidInput: with everything that is wrong.
    """
    problems: list[Problem] = []
    order = OverrideOrder(
        _rule(rule, problems), _scope(scope, units, problems), _reason(reason, problems), _length(length, problems)
    )
    refuse(problems)
    return order


def concerned(rollouts: Iterable[Rollout], order: OverrideOrder) -> tuple[Rollout, ...]:
    """Return the rollouts that work on a site of an override's scope."""
    site = order.scope.partition("/")[0]
    return tuple(rollout for rollout in rollouts if site == EVERYWHERE or site in rollout.sites)


def needs_another(rollout: Rollout, actor: str) -> bool:
    """Say whether a rollout takes neither approval nor override from somebody: the policy wants a second person."""
    return rollout.actor == actor and rollout.policy.separate_approver


def approvable(rollout: Rollout, wave: str, reason: str, actor: str) -> str:
    """Return the name of the wave that a person may approve; empty if the rollout has no named waves.

    Args:
        rollout: the rollout.
        wave: name of the wave; empty for the one that waits.
        reason: in the person's words.
        actor: who wants to approve.

    Raises:
        InvalidInput: if no such wave waits, or the policy wants another person.
    """
    problems: list[Problem] = []
    _reason(reason, problems)
    waiting = waiting_wave(rollout)
    if waiting is None:
        message = f"no wave of rollout {rollout.id} waits for an approval: it is {rollout.status.value}"
        hint = f"'fleetctl rollout show {rollout.id}' says where it stands"
        problems.append(Problem("nothing-waits", message, hint=hint))
    elif wave not in {"", waiting}:
        problems.append(_other_wave(rollout, wave, waiting))
    elif needs_another(rollout, actor):
        message = f"{actor} started rollout {rollout.id}; its policy wants somebody else to approve it"
        hint = "ask a second person; 'separate_approver: false' in the policy lets one person do both"
        problems.append(Problem("own-approval", message, hint=hint))
    refuse(problems)
    return waiting or ""


def waiting_wave(rollout: Rollout) -> str | None:
    """Return the name of the wave that waits for a person; None if none does."""
    if not rollout.awaiting or rollout.status.is_end:
        return None
    return rollout.waves[rollout.wave].name if rollout.wave < len(rollout.waves) else ""


def _other_wave(rollout: Rollout, wave: str, waiting: str) -> Problem:
    names = [known.name for known in rollout.waves]
    hint = f"the wave that waits is '{waiting}'"
    if wave in names:
        return Problem("nothing-waits", f"wave '{wave}' of rollout {rollout.id} does not wait", hint=hint)
    return Problem("unknown-wave", f"rollout {rollout.id} has no wave '{wave}'", hint=hint)


def _scope(text: str, units: Collection[str] | None, problems: list[Problem]) -> str:
    site, slash, unit = text.partition("/")
    if text != EVERYWHERE and not (is_label(site) and (is_label(unit) or not slash)):
        problems.append(Problem("bad-scope", f"'{text}' is not a scope", hint=_FORM))
    elif units is not None and text != EVERYWHERE and not any(covers(text, name) for name in units):
        what = "unit" if slash else "site"
        problems.append(Problem(f"unknown-{what}", f"there is no {what} '{text}'", hint=_meant(text, units)))
    return text


def _meant(text: str, units: Collection[str]) -> str:
    """Return what an unknown scope probably stood for: a unit without its site, or one of another site, comes first."""
    id = text.rpartition("/")[2]
    sites = sorted({name.partition("/")[0] for name in units})
    if text.partition("/")[0] not in sites:
        elsewhere = next((name for name in sorted(units) if name.partition("/")[2] == id), None)
        return f"did you mean '{elsewhere}'?" if elsewhere else did_you_mean(text.partition("/")[0], sites)
    return did_you_mean(text, units)


def _rule(text: str, problems: list[Problem]) -> str:
    known = {rule.lower(): rule for rule in RULES}
    plain = text.strip().lower()
    if plain == HOT_WATER.lower():
        message = f"{HOT_WATER} keeps hot water safe, and cannot be overridden by anybody"
        problems.append(Problem("never-overridden", message, hint="'fleetctl rollout why' says what it waits for"))
    elif plain not in known:
        hint = f"did you mean '{WINDOW}'?" if nearest(plain, [WINDOW]) else "known: " + ", ".join(RULES)
        problems.append(Problem("unknown-rule", f"there is no rule '{text}'", hint=hint))
    return known.get(plain, "")


def _length(text: str, problems: list[Problem]) -> timedelta:
    found = _LENGTH.fullmatch(text.strip())
    length = timedelta(**{unit: int(n) for unit, n in found.groupdict().items() if n}) if found else timedelta(0)
    if not length:
        hint = "write one such as 4h, 90min or 1h30m"
        problems.append(Problem("bad-duration", f"'{text}' is not a length of time", hint=hint))
    elif length > OVERRIDE_AT_MOST:
        message = f"'{text}' is longer than the 24 h that an override may last"
        problems.append(Problem("too-long", message, hint="give it anew tomorrow, if it is needed then"))
    return length


def _reason(text: str, problems: list[Problem]) -> str:
    plain = text.strip()
    if not plain:
        hint = "say why: others will read it where they see that a unit waits, or does not"
        problems.append(Problem("no-reason", "the reason is empty", hint=hint))
    return plain
