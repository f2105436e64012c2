"""A unit is asked to show itself; what it answers is believed for what it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from fleetctl.core.problems import CouldNot
from fleetctl.core.route import Hop, Pin, Route
from fleetctl.services.identify import SCHEMA, identify

ROUTE = Route((), (Hop("site/r1", "r1.site", "10.77.1.11", 22, "root"),))
TOLD = {"schema": SCHEMA, "for_s": 60, "by": "board:blue:identify", "refusal": "", "release": {"serial": "QR-1"}}


@dataclass
class FakeShell:
    """A unit that answers so."""

    out: bytes
    err: bytes = b""
    code: int = 0
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def execute(self, _: Route, argv: Sequence[str], stdin: bytes = b"") -> tuple[int, bytes, bytes]:
        self.asked.append(tuple(argv))
        return self.code, self.out, self.err

    def offered_keys(self, _: Route) -> Sequence[Pin]:
        raise AssertionError("nobody asks for keys")


def test_it_says_what_blinks_and_which_machine_that_is() -> None:
    shell = FakeShell(json.dumps(TOLD).encode())
    shown = identify(shell, ROUTE, 60)
    assert shell.asked == [("fleet-unit", "blink", "--for", "60")]
    assert (shown.unit, shown.seconds, shown.by, shown.serial) == ("site/r1", 60, "board:blue:identify", "QR-1")


def test_what_a_unit_says_cannot_speak_to_the_terminal() -> None:
    told = TOLD | {"by": "\x1b[2Jlamp", "release": {"serial": "\x07" * 500}}
    shown = identify(FakeShell(json.dumps(told).encode()), ROUTE, 60)
    assert shown.by.isprintable()
    assert shown.serial.isprintable()
    assert len(shown.serial) <= 64


@pytest.mark.parametrize(
    ("shell", "message"),
    [
        (FakeShell(json.dumps(TOLD | {"refusal": "it has no light"}).encode()), "site/r1: it has no light"),
        (FakeShell(b"", b"usage: fleet-unit status\n", 2), "cannot be asked to blink: usage: fleet-unit status"),
        (FakeShell(b"", b"", 127), "ended with code 127"),
        (FakeShell(b"[" * 100_000), "cannot be asked"),
        (FakeShell(b'{"schema": "fleetctl/unit-status/v1"}'), "cannot be asked"),
    ],
)
def test_who_cannot_blink_says_why(shell: FakeShell, message: str) -> None:
    with pytest.raises(CouldNot) as refused:
        identify(shell, ROUTE, 60)
    assert message in str(refused.value)
    assert refused.value.hint
