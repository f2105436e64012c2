"""From a policy as it is written to the value that a rollout freezes. It refuses nothing."""

from __future__ import annotations

from collections.abc import Iterable

from fleetctl.core.inventory.declared import policy as declared
from fleetctl.core.inventory.merge import written
from fleetctl.core.policy import AtMost, Drain, Freeze, Guard, Policy, Staging, Wave, Window
from fleetctl.core.windows import DAYS, minute_of


def resolve_policy(name: str, said: declared.Policy) -> Policy:
    """Return the policy with every default, spans of days written out, times as minutes after midnight."""
    nested = {
        "waves": tuple(_wave(wave) for wave in said.waves),
        "windows": tuple(_window(window) for window in said.windows),
        "freeze": tuple(Freeze(freeze.first, freeze.last, freeze.reason) for freeze in said.freeze),
        "max_unavailable": AtMost(**dict(written(said.max_unavailable))),
        "drain": Drain(**dict(written(said.drain))),
        "staging": Staging(**dict(written(said.staging))),
        "guard": Guard(**dict(written(said.guard))),
    }
    return Policy(name, **dict(written(said)) | nested)


def _wave(said: declared.Wave) -> Wave:
    return Wave(said.name, said.units or 0, said.percent or 0.0, said.select or "", said.soak_s, said.approve)


def _window(said: declared.Window) -> Window:
    return Window(tuple(_days(said.days)), minute_of(said.opens), minute_of(said.closes))


def _days(spans: Iterable[str]) -> list[str]:
    """Write out `mon-wed`; `fri-mon` goes on over the weekend."""
    named: set[str] = set()
    for span in spans:
        first, _, last = span.partition("-")
        start = DAYS.index(first)
        length = (DAYS.index(last or first) - start) % len(DAYS) + 1
        named.update(DAYS[(start + n) % len(DAYS)] for n in range(length))
    return sorted(named, key=DAYS.index)
