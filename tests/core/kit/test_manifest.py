"""What a kit is: signed content, what does not fit, until when it may be used."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fleetctl.core.kit.manifest import Held, life_of, manifest_of
from tests.builders.kits import NOON, manifest

FILES = {"fleet/fleet.yaml": Held(3, "a" * 64), "launch.py": Held(5, "b" * 64)}


def test_a_manifest_is_the_same_after_a_file() -> None:
    of = manifest(files=FILES, dwellings=("A1",), known={"s": 4}, pythons=("3.11",), version="1")
    assert manifest_of(of.content) == of
    assert manifest_of(of.content).content == of.content


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"schema": "fleetctl/kit/v9"}', b'{"schema": "fleetctl/kit/v1"}']
)
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        manifest_of(content)


@pytest.mark.parametrize(
    ("found", "flaw"),
    [
        (FILES, []),
        ({**FILES, "launch.py": Held(5, "c" * 64)}, ["launch.py is not what was signed"]),
        ({**FILES, "launch.py": Held(6, "b" * 64)}, ["launch.py is not what was signed"]),
        ({"launch.py": FILES["launch.py"]}, ["fleet/fleet.yaml is missing"]),
        ({**FILES, "fleet/sites/b.yaml": Held(0, "")}, ["fleet/sites/b.yaml was added"]),
    ],
)
def test_whatever_is_not_as_it_was_signed_is_named(found: dict[str, Held], flaw: list[str]) -> None:
    assert list(manifest(files=FILES).flaws(found)) == flaw


def test_a_kit_ends_at_its_time_and_not_before() -> None:
    of = manifest()
    assert of.ended(of.expires - timedelta(seconds=1)) is None
    assert "expired" in (of.ended(of.expires) or "")


def test_a_clock_that_was_set_back_does_not_prolong_a_kit() -> None:
    assert "clock" in (manifest().ended(NOON - timedelta(days=1)) or "")
    assert manifest().ended(NOON - timedelta(minutes=5)) is None


@pytest.mark.parametrize(("text", "hours"), [("3d", 72), ("36h", 36), ("90m", 1.5), ("30d", 720)])
def test_a_life_is_read(text: str, hours: float) -> None:
    assert life_of(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "d", "3", "0d", "-1d", "3w", "31d", "1.5d", "³d"])
def test_a_life_that_is_none_or_too_long_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"length of time|at most"):
        life_of(text)
