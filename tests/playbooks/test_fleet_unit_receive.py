"""`fleet-unit receive`: a bundle comes in over SSH in as many pieces as it takes, and lines that hang stop nobody."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from tests.builders.cuts import cut_at
from tests.builders.unit_rauc import a_bundle, digest
from tests.builders.unit_root import PROGRAM, PYTHON, Document, UnitRoot


@pytest.fixture
def unit(tmp_path: Path) -> UnitRoot:
    made = UnitRoot.make(tmp_path / "gateway", kind="gateway")
    made.reboot()
    return made


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return a_bundle(tmp_path)


def about(bundle: Path) -> tuple[str, ...]:
    return ("--bundle", digest(bundle), "--size", str(bundle.stat().st_size))


def receive(unit: UnitRoot, bundle: Path, offset: int = 0, content: bytes = b"") -> Document:
    """Send some bytes, always as the same step."""
    return unit.effect("receive", *about(bundle), "--offset", str(offset), stdin=content, again=True)


def said(outcome: Document) -> tuple[str, int]:
    return outcome["ending"], outcome["received_bytes"]


def test_a_bundle_comes_in_pieces_and_is_one_when_it_is_whole(unit: UnitRoot, bundle: Path) -> None:
    content = bundle.read_bytes()
    assert said(receive(unit, bundle)) == ("ok", 0)
    assert said(receive(unit, bundle, 0, content[:1000])) == ("ok", 1000)
    assert said(receive(unit, bundle)) == ("ok", 1000)
    assert said(receive(unit, bundle, 1000, content[1000:])) == ("ok", len(content))
    assert unit.path(f"/data/fleet/bundles/{digest(bundle)}.raucb").read_bytes() == content
    assert said(receive(unit, bundle)) == ("ok", len(content))


def test_what_is_sent_twice_counts_once(unit: UnitRoot, bundle: Path) -> None:
    content = bundle.read_bytes()
    receive(unit, bundle, 0, content[:1000])
    assert receive(unit, bundle, 300, content[300:])["message"] == "complete"


def test_a_gap_is_refused_and_the_place_to_go_on_is_told(unit: UnitRoot, bundle: Path) -> None:
    content = bundle.read_bytes()
    receive(unit, bundle, 0, content[:1000])
    assert said(receive(unit, bundle, 2000, content[2000:])) == ("refused", 1000)


@pytest.mark.parametrize("change", [lambda c: c[:-1] + b"!", lambda c: c + b"!"], ids=["other", "longer"])
def test_something_else_is_thrown_away(unit: UnitRoot, bundle: Path, change: object) -> None:
    assert callable(change)
    assert said(receive(unit, bundle, 0, change(bundle.read_bytes()))) == ("failed", 0)
    assert receive(unit, bundle, 0, bundle.read_bytes())["message"] == "complete"


def test_no_room_is_told_before_anything_is_sent(unit: UnitRoot, bundle: Path) -> None:
    outcome = unit.effect("receive", "--bundle", "a" * 64, "--size", str(1 << 39), "--offset", "0")
    assert said(outcome) == ("refused", 0)
    assert "not enough disk" in outcome["message"]
    assert not list(unit.path("/data/fleet/bundles").glob("*"))


def test_a_controller_that_was_taken_over_is_refused(unit: UnitRoot, bundle: Path) -> None:
    unit.epoch = 5
    receive(unit, bundle)
    unit.epoch = 4
    assert "epoch 4" in receive(unit, bundle, 0, b"x")["message"]


def test_it_leaves_no_step_in_the_journal(unit: UnitRoot, bundle: Path) -> None:
    """What is carried to a gateway is for others; its own steps are judged by its journal's newest entry."""
    receive(unit, bundle, 0, bundle.read_bytes())
    assert unit.status()["journal"] is None


def test_a_line_that_hangs_does_not_stand_in_the_way(unit: UnitRoot, bundle: Path) -> None:
    content = bundle.read_bytes()
    words = ["receive", *unit.step_options(), *about(bundle), "--offset", "0"]
    with subprocess.Popen(
        [*PYTHON, str(PROGRAM), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=unit.environment()
    ) as hanging:
        assert hanging.stdin is not None
        hanging.stdin.write(content[:1000])
        hanging.stdin.flush()
        deadline = time.monotonic() + 20
        while said(receive(unit, bundle))[1] < 1000:
            assert time.monotonic() < deadline
        assert receive(unit, bundle, 1000, content[1000:])["message"] == "complete"
        assert json.loads(hanging.communicate()[0])["ending"] == "ok"


def test_a_whole_part_that_was_never_checked_is_checked_when_asked_for(unit: UnitRoot, bundle: Path) -> None:
    for number in range(1, 8):
        copy = unit.copy(f"cut{number}")
        words = ("receive", *copy.step_options(), *about(bundle), "--offset", "0")
        cut_at(copy, number, *words, stdin=bundle.read_bytes())
        there = said(receive(copy, bundle))[1]
        assert receive(copy, bundle, there, bundle.read_bytes()[there:])["ending"] == "ok"
        assert digest(copy.path(f"/data/fleet/bundles/{digest(bundle)}.raucb")) == digest(bundle)
