"""Adopting a machine by the fingerprint that a person read off it; and probing into the state's memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from fleetctl.core.problems import CouldNot, InvalidInput
from fleetctl.core.route import Hop, Pin, Route
from fleetctl.ports import Target
from fleetctl.services.adopt import adopt
from fleetctl.services.probe import probe
from tests.builders.memory_state import MemoryState
from tests.builders.world import START, FakeProber, FakeUnit, FakeWorld

ED = Pin("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIESUe4acCqz8k8Whu+SvmKnORFC/5BFRL8wp0cKRMPSw")
RSA = Pin("ssh-rsa", "AAAAB3NzaC1yc2E=")
ROUTE = Route((), (Hop("site/r1", "r1.site", "10.77.1.11", 22, "root"),))


@dataclass
class FakeShell:
    """A unit that offers these keys."""

    keys: Sequence[Pin]

    def offered_keys(self, _: Route) -> Sequence[Pin]:
        return self.keys

    def execute(self, route: Route, argv: Sequence[str], stdin: bytes = b"") -> tuple[int, bytes, bytes]:
        raise AssertionError("nothing is run on a machine that is not trusted")


@pytest.mark.parametrize("pin", [ED, RSA])
def test_the_key_with_the_fingerprint_is_pinned_and_no_other(pin: Pin) -> None:
    state = MemoryState()
    assert adopt(FakeShell((ED, RSA)), state.units, ROUTE, pin.fingerprint, actor="kim", at=START) == pin
    assert state.units.pins(["site/r1"])["site/r1"] == (pin,)


def test_another_machine_is_not_adopted() -> None:
    state = MemoryState()
    with pytest.raises(CouldNot, match="none of them is") as refusal:
        adopt(FakeShell((RSA,)), state.units, ROUTE, ED.fingerprint, actor="kim", at=START)
    assert RSA.fingerprint in str(refusal.value)
    assert not state.units.pins(["site/r1"]).get("site/r1")


@pytest.mark.parametrize("fingerprint", ["", "MD5:aa:bb", "SHA256:", "SHA256:" + "x" * 42, f" {ED.fingerprint}"])
def test_what_is_no_fingerprint_is_refused_before_anything_is_asked(fingerprint: str) -> None:
    with pytest.raises(InvalidInput):
        adopt(FakeShell(()), MemoryState().units, ROUTE, fingerprint, actor="kim", at=START)


def test_every_answer_of_a_probe_is_stored_before_it_is_told() -> None:
    world = FakeWorld([FakeUnit(f"site/r{n}") for n in range(3)])
    state, asked = MemoryState(), [Target(f"site/r{n}", ROUTE) for n in range(3)]
    done = []
    for probed in probe(FakeProber(world), state.units, asked):
        assert state.units.facts()[probed.observation.unit] == probed.observation
        done.append((probed.done, probed.total))
    assert done == [(1, 3), (2, 3), (3, 3)]
