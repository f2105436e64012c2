"""What every keeper of signed releases owes: only what was signed is believed, and never less than was seen before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest

from fleetctl.core.digest import digest
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.problems import CouldNot, InvalidInput
from fleetctl.core.releases.catalogue import Catalogue, Published
from fleetctl.ports import Releases
from tests.builders.memory_releases import MemoryReleases, MemoryWorld
from tests.builders.tuf_world import TufWorld

World: TypeAlias = MemoryWorld | TufWorld
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CONTENT = b"a bundle"
A = Published("2026.11", "heat-qh", Kind.RADIATOR, ("qh-1",), len(CONTENT), digest(CONTENT), ("stable",))
B = Published("2026.12", "heat-qh", Kind.RADIATOR, ("qh-1", "qh-2"), 9, "b" * 64, withdrawn="fans stand still")


@pytest.fixture(params=["memory", "tuf"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return MemoryWorld() if request.param == "memory" else TufWorld(tmp_path)


@pytest.fixture
def signed(world: World) -> World:
    """A fleet with one release."""
    world.begin(NOW)
    world.releases.publish(Catalogue({A.version: A}), NOW)
    return world


def codes(releases: Releases) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        releases.catalogue()
    return [problem.code for problem in refused.value.problems]


def test_a_fleet_without_signed_releases_has_nothing_that_expires(world: World) -> None:
    assert not world.releases.is_kept
    assert world.releases.freshness(NOW) is None


def test_what_was_published_is_what_is_read(signed: World) -> None:
    signed.releases.publish(signed.releases.catalogue().with_release(B), NOW)
    assert signed.releases.is_kept
    assert signed.releases.catalogue() == Catalogue({A.version: A, B.version: B})


def test_the_mark_changes_with_whatever_is_published_and_with_nothing_else(signed: World) -> None:
    before = signed.releases.mark
    signed.releases.catalogue()
    assert signed.releases.mark == before
    signed.releases.publish(signed.releases.catalogue().with_release(B), NOW)
    assert signed.releases.mark != before


def test_expired_metadata_blocks_new_work_and_is_still_read_for_a_rollback(signed: World) -> None:
    week = NOW + timedelta(days=7)
    assert signed.releases.freshness(week - timedelta(seconds=1)) is None
    reason = signed.releases.freshness(week)
    assert reason is not None
    assert "expired (timestamp" in reason
    assert signed.releases.catalogue().releases[A.version] == A


def test_metadata_are_fresh_again_once_they_are_signed_again(signed: World) -> None:
    later = NOW + timedelta(days=200)
    assert signed.releases.freshness(later)
    before = signed.releases.catalogue()
    signed.releases.renew(later)
    assert signed.releases.freshness(later + timedelta(days=6)) is None
    assert signed.releases.catalogue() == before


def test_a_root_that_ended_needs_its_holders(signed: World) -> None:
    reason = signed.releases.freshness(NOW + timedelta(days=366))
    assert reason is not None
    assert "keys rotate root" in reason


def test_rolled_back_metadata_are_refused(signed: World) -> None:
    signed.copy()
    signed.releases.publish(signed.releases.catalogue().with_release(B), NOW)
    signed.put_back()
    assert codes(signed.releases) == ["rolled-back-metadata"]
    reason = signed.releases.freshness(NOW)
    assert reason is not None
    assert "rolled back" in reason


def test_metadata_signed_by_a_stranger_are_refused(signed: World) -> None:
    signed.forge()
    assert codes(signed.releases) == ["wrongly-signed-metadata"]
    assert signed.releases.freshness(NOW) is not None


def test_metadata_that_were_taken_away_block_new_work(signed: World) -> None:
    signed.remove()
    assert signed.releases.is_kept, "this machine remembers"
    assert codes(signed.releases) == ["missing-metadata"]
    assert signed.releases.freshness(NOW) is not None


def test_nothing_is_published_on_top_of_what_cannot_be_believed(signed: World) -> None:
    signed.forge()
    with pytest.raises(InvalidInput):
        signed.releases.publish(Catalogue(), NOW)


def test_a_machine_without_keys_reads_and_does_not_sign(signed: World) -> None:
    signed.lose_keys()
    assert signed.releases.catalogue().releases
    with pytest.raises(CouldNot, match="no key for 'targets'"):
        signed.releases.publish(Catalogue(), NOW)


def test_what_was_signed_in_the_meantime_is_never_undone(signed: World) -> None:
    read = signed.releases.catalogue()
    signed.releases.publish(read.withdrawn(A.version, "fans stand still"), NOW)
    with pytest.raises(CouldNot, match="somebody else signed"):
        signed.releases.publish(read.with_release(B), NOW)
    assert signed.releases.catalogue().releases[A.version].withdrawn


def test_a_kept_bundle_is_held_against_what_was_signed(signed: World, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundle.write_bytes(CONTENT)
    assert signed.releases.damage(A) == "it is missing"
    signed.releases.keep(bundle, A)
    signed.releases.keep(bundle, A)
    assert signed.releases.damage(A) is None
    signed.damage(A, CONTENT[:-1])
    assert "cut off" in (signed.releases.damage(A) or "")
    signed.damage(A, CONTENT.upper())
    assert "SHA-256" in (signed.releases.damage(A) or "")


def test_a_bundle_that_changed_since_its_check_is_not_kept(signed: World, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundle.write_bytes(CONTENT.upper())
    with pytest.raises(CouldNot, match="changed while it was copied"):
        signed.releases.keep(bundle, A)
    assert signed.releases.damage(A) == "it is missing"


def test_both_are_what_services_ask_for() -> None:
    kept: list[Releases] = [MemoryReleases(), TufWorld(Path("/nowhere")).releases]
    assert [releases.is_kept for releases in kept] == [False, False]
