"""Run a sitting: hear lines as they come, tick in between, and say when it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fleetctl.core.commissioning.stages import Stage
from fleetctl.core.commissioning.talk.sayings import Code, Saying, saying
from fleetctl.core.commissioning.talk.scene import Heard
from fleetctl.ports.instruments import Lines
from fleetctl.services.commissioning.sitting import Sitting

TICK_S = 0.25
"""How long a line is waited for between two ticks."""


def run(sitting: Sitting, lines: Lines, stopped: Callable[[], bool], patience_s: float) -> Iterator[Heard]:
    """Yield what is said, until the person leaves or, with nobody there, nothing goes on by itself any more.

    Args:
        sitting: to be run.
        lines: what the person says; one that has ended means that nobody is there.
        stopped: says whether a stop was asked for from outside.
        patience_s: so long may nothing go on before units that do not answer are given up.
    """
    yield Heard((), (_begun(sitting),))
    while True:
        sitting.alone = lines.ended
        said = sitting.tick()
        if said:
            yield Heard((), tuple(said))
        if (last := _last(sitting, lines, stopped, patience_s)) is not None:
            yield from _leave(sitting, last)
            return
        line = lines.read(TICK_S)
        heard = sitting.hear(line) if line is not None else Heard()
        yield heard
        if heard.leaves:
            yield from _leave(sitting, saying(Code.LEFT))
            return


def _last(sitting: Sitting, lines: Lines, stopped: Callable[[], bool], patience_s: float) -> Saying | None:
    """Return the last word if it is over; None while it goes on."""
    if stopped():
        return saying(Code.LEFT)
    if not lines.ended:
        return None
    if sitting.is_over:
        return saying(Code.ENDED)
    if sitting.is_idle or sitting.quiet_s > patience_s:
        return saying(Code.STUCK, n=len(sitting.left))
    return None


def _leave(sitting: Sitting, last: Saying) -> Iterator[Heard]:
    """Let a rollout that is under way come to a safe point, take in what was found meanwhile, and say the last word."""
    sitting.leaving = True
    while Stage.CONFIGURED in sitting.setting.rounds.busy:
        yield Heard((), tuple(sitting.tick()))
        sitting.setting.clock.wait(TICK_S)
    yield Heard((), (*sitting.tick(), last))


def _begun(sitting: Sitting) -> Saying:
    units = sitting.names
    accepted = sum(sitting.checklist.units[name].accepted for name in units)
    return saying(Code.BEGUN, site=sitting.setting.site.id, accepted=accepted, total=len(units))
