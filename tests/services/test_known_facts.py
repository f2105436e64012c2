"""What a controller believes of what was observed, when the clocks do not agree."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from fleetctl.core.clock import Now
from fleetctl.core.facts import Observation
from fleetctl.services.known_facts import KnownFacts
from tests.builders.rollouts import facts
from tests.builders.world import START


def remembered(minutes: float) -> KnownFacts:
    """Return facts whose state remembers one observation of s/r1, made so many minutes after START."""

    def read(site: str) -> Mapping[str, Observation]:
        return {"s/r1": facts(minutes=minutes)} if site == "s" else {}

    return KnownFacts(read)


def at(minutes: float, monotonic_s: float) -> Now:
    return Now(START + timedelta(minutes=minutes), monotonic_s, "boot")


def test_what_the_state_remembers_is_known() -> None:
    known = remembered(-5)
    known.tell_time(at(0, 100.0))
    assert "s/r1" in known


def test_an_observation_of_a_clock_that_was_ahead_is_not_believed() -> None:
    """Before the power cut the wall clock was three hours ahead; by it the observation would stay fresh for hours."""
    known = remembered(180)
    known.tell_time(at(0, 100.0))
    assert "s/r1" not in known


def test_after_the_clocks_have_parted_nothing_older_is_believed_of_any_site() -> None:
    known = remembered(-5)
    known.tell_time(at(0, 100.0))
    assert known.tell_time(at(-60, 101.0))
    assert "s/r1" not in known, "the site was never looked at before the clock was set back"
    known.add([facts(minutes=-60)])
    assert "s/r1" in known
