"""`fleet-unit receive`: a bundle comes in over SSH in as many pieces as it takes, and lines that hang stop nobody."""

from __future__ import annotations

import json
import struct
import subprocess
import time
from pathlib import Path

import pytest

from tests.builders.cuts import cut_at
from tests.builders.unit_rauc import a_bundle, digest
from tests.builders.unit_root import PROGRAM, PYTHON, Document, UnitRoot

FRAME = struct.Struct(">BQQ")


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
        deadline = time.monotonic() + 60
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


def copied(start: int, size: int, number: int = 1) -> bytes:
    return FRAME.pack(number, start, size)


def new(content: bytes) -> bytes:
    return FRAME.pack(0, 0, len(content)) + content


@pytest.fixture
def successor(unit: UnitRoot, bundle: Path) -> Path:
    """Return a bundle that is like one which the unit has."""
    receive(unit, bundle, 0, bundle.read_bytes())
    made = bundle.with_name("successor.raucb")
    content = bundle.read_bytes()
    made.write_bytes(b"another head" + content[100:900] + b"in the midst" + content[900:])
    return made


def difference_of(bundle: Path) -> bytes:
    size = bundle.stat().st_size
    return new(b"another head") + copied(100, 800) + new(b"in the midst") + copied(900, size - 900)


def receive_difference(unit: UnitRoot, wanted: Path, bases: str, content: bytes, offset: int = 0) -> Document:
    words = (*about(wanted), "--offset", str(offset), "--bases", bases)
    return unit.effect("receive", *words, stdin=content, again=True)


def test_a_bundle_comes_as_the_difference_to_one_that_is_here(unit: UnitRoot, bundle: Path, successor: Path) -> None:
    asked = receive(unit, successor)
    assert asked["bases"] == [digest(bundle)]
    outcome = receive_difference(unit, successor, digest(bundle), difference_of(bundle))
    assert (outcome["message"], *said(outcome)) == ("complete", "ok", successor.stat().st_size)
    kept = unit.path(f"/data/fleet/bundles/{digest(successor)}.raucb")
    assert kept.read_bytes() == successor.read_bytes()
    assert receive(unit, successor)["bases"] == [digest(successor), digest(bundle)]


def test_a_difference_that_is_cut_anywhere_goes_on(unit: UnitRoot, bundle: Path, successor: Path) -> None:
    content, whole = difference_of(bundle), successor.read_bytes()
    for cut in (5, 17, 20, 29, 40, 46, 60):
        copy = unit.copy(f"cut{cut}")
        there = said(receive_difference(copy, successor, digest(bundle), content[:cut]))[1]
        assert said(receive(copy, successor)) == ("ok", there)
        assert receive(copy, successor, there, whole[there:])["message"] == "complete"


def test_a_difference_goes_on_in_the_midst_of_a_run(unit: UnitRoot, bundle: Path, successor: Path) -> None:
    whole, size = successor.read_bytes(), bundle.stat().st_size
    receive(unit, successor, 0, whole[:500])
    rest = copied(588, 312) + new(b"in the midst") + copied(900, size - 900)
    assert receive_difference(unit, successor, digest(bundle), rest, 500)["message"] == "complete"


def test_a_bundle_is_put_together_from_several(unit: UnitRoot, bundle: Path, successor: Path) -> None:
    receive(unit, successor, 0, successor.read_bytes())
    third = bundle.with_name("third.raucb")
    third.write_bytes(successor.read_bytes()[:50] + bundle.read_bytes()[:70])
    bases = f"{digest(bundle)},{digest(successor)}"
    assert receive_difference(unit, third, bases, copied(0, 50, 2) + copied(0, 70, 1))["message"] == "complete"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (copied(0, 10, 2), "names bundle 2 of 1"),
        (copied(1 << 40, 10), "behind the end"),
        (copied(1, 1 << 40), "more of it than"),
    ],
)
def test_a_difference_that_makes_no_sense_is_not_taken(
    unit: UnitRoot, bundle: Path, successor: Path, content: bytes, why: str
) -> None:
    outcome = receive_difference(unit, successor, digest(bundle), content)
    assert outcome["ending"] in ("refused", "failed")
    assert why in outcome["message"]
    assert receive(unit, successor, 0, successor.read_bytes())["message"] == "complete"


def test_a_difference_to_what_is_not_here_is_refused(unit: UnitRoot, bundle: Path, successor: Path) -> None:
    unit.path(f"/data/fleet/bundles/{digest(bundle)}.raucb").unlink()
    outcome = receive_difference(unit, successor, digest(bundle), difference_of(bundle))
    assert said(outcome) == ("refused", 0)
    assert "is not here" in outcome["message"]


def test_a_base_that_is_damaged_makes_no_bundle(unit: UnitRoot, bundle: Path, successor: Path) -> None:
    base = unit.path(f"/data/fleet/bundles/{digest(bundle)}.raucb")
    base.write_bytes(base.read_bytes()[:-1] + b"!")
    outcome = receive_difference(unit, successor, digest(bundle), difference_of(bundle))
    assert said(outcome) == ("failed", 0)
    assert not unit.path(f"/data/fleet/bundles/{digest(successor)}.raucb").exists()


@pytest.mark.parametrize("bases", ["../../etc/passwd", "a" * 63, "A" * 64])
def test_a_base_is_named_by_its_digest_alone(unit: UnitRoot, successor: Path, bases: str) -> None:
    outcome = receive_difference(unit, successor, bases, b"")
    assert outcome["ending"] == "refused"
    assert "--bases" in outcome["message"]
