"""Adding, promoting, withdrawing and verifying releases against a repository that can misbehave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fleetctl.core.clock import Now
from fleetctl.core.digest import digest
from fleetctl.core.inventory.fleet import Fleet, Kind, Model, Unit
from fleetctl.core.problems import InvalidInput, Problem
from fleetctl.core.releases.desired import Gift
from fleetctl.core.releases.freshness import Signed
from fleetctl.core.releases.manifest import Manifest
from fleetctl.core.releases.offer import Bundle
from fleetctl.core.releases.wanted import Supply
from fleetctl.services import releases
from fleetctl.services import standing_releases as standing
from fleetctl.services.releases import Depot
from tests.builders.memory_releases import MemoryReleases, MemoryWorld

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=8)
FLEET = Fleet("test", {"qh-1": Model("qh-1", Kind.RADIATOR, "heat-qh", 650.0)})
UNIT = Unit("s", "a", Kind.RADIATOR, "qh-1", release="1", serial="", mac="", address="", building="")
GIFT = Gift(UNIT, "1")


class Bundles:
    """Reads files that hold their version; `problems` is what the signature check finds."""

    def __init__(self) -> None:
        self.problems: tuple[Problem, ...] = ()

    def read(self, path: Path, now: datetime) -> Bundle:
        content = path.read_bytes()
        manifest = Manifest("heat-qh", content.decode())
        return Bundle(str(path), len(content), digest(content), manifest, problems=self.problems)


@pytest.fixture
def world() -> MemoryWorld:
    world = MemoryWorld()
    world.begin(NOW)
    return world


@pytest.fixture
def depot(world: MemoryWorld) -> Depot:
    return Depot(FLEET, world.releases, Bundles())


@pytest.fixture
def bundle(tmp_path: Path) -> Callable[[str], Path]:
    def build(version: str) -> Path:
        path = tmp_path / version
        path.write_text(version)
        return path

    return build


def codes(call: Callable[[], object]) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        call()
    return [problem.code for problem in refused.value.problems]


def test_a_release_is_kept_signed_and_promoted(depot: Depot, bundle: Callable[[str], Path]) -> None:
    added = releases.add(depot, bundle("1"), NOW)
    assert (added.version, added.kind, added.channels) == ("1", Kind.RADIATOR, ())
    assert releases.promote(depot, "stable", "1", NOW).channels == ("stable",)
    assert depot.releases.catalogue().channels == {"stable": "1"}
    assert depot.releases.damage(added) is None


def test_adding_the_same_again_signs_nothing(depot: Depot, world: MemoryWorld, bundle: Callable[[str], Path]) -> None:
    releases.add(depot, bundle("1"), NOW)
    releases.promote(depot, "stable", "1", NOW)
    before = world.releases.published
    assert releases.add(depot, bundle("1"), NOW).channels == ("stable",)
    assert world.releases.published is before


def test_what_is_wrong_with_bundle_and_metadata_is_said_at_once(depot: Depot, bundle: Callable[[str], Path]) -> None:
    wrong = Bundles()
    wrong.problems = (Problem("unsigned-bundle", "it is not signed"),)
    found = codes(lambda: releases.add(replace(depot, bundles=wrong), bundle("1"), LATER, model="qx"))
    assert sorted(found) == ["expired-metadata", "unknown-model", "unsigned-bundle"]


def test_nothing_is_kept_of_a_bundle_that_is_refused(
    depot: Depot, world: MemoryWorld, bundle: Callable[[str], Path]
) -> None:
    assert codes(lambda: releases.add(depot, bundle("1"), NOW, version="2")) == ["wrong-version"]
    assert world.releases.kept == {}


def test_forged_metadata_stop_everything_that_is_new(
    depot: Depot, world: MemoryWorld, bundle: Callable[[str], Path]
) -> None:
    world.forge()
    refused = ["wrongly-signed-metadata"]
    assert codes(lambda: releases.add(depot, bundle("1"), NOW)) == refused
    assert codes(lambda: releases.promote(depot, "stable", "1", NOW)) == refused
    assert codes(lambda: releases.withdraw(depot.releases, "1", "why", NOW)) == refused
    assert codes(lambda: depot.releases.renew(NOW)) == refused
    assert [problem.code for problem in standing.standing_problems(FLEET, [GIFT], depot.releases, NOW)] == refused


def test_expired_metadata_stop_a_promotion_and_never_a_withdrawal(depot: Depot, bundle: Callable[[str], Path]) -> None:
    releases.add(depot, bundle("1"), NOW)
    assert codes(lambda: releases.promote(depot, "stable", "1", LATER)) == ["expired-metadata"]
    gone = releases.withdraw(depot.releases, "1", " fans stand still ", LATER)
    assert gone.withdrawn == "fans stand still"
    assert depot.releases.freshness(LATER) is None


def test_a_withdrawal_names_a_release_and_a_reason(depot: Depot) -> None:
    assert codes(lambda: releases.withdraw(depot.releases, "9", " ", NOW)) == ["no-reason", "unknown-release"]


def test_a_damaged_bundle_is_not_promoted(depot: Depot, world: MemoryWorld, bundle: Callable[[str], Path]) -> None:
    added = releases.add(depot, bundle("1"), NOW)
    world.damage(added, b"")
    assert codes(lambda: releases.promote(depot, "stable", "1", NOW)) == ["damaged-bundle"]
    assert [problem.code for problem in releases.verify(depot, NOW).problems] == ["damaged-bundle"]
    releases.add(depot, bundle("1"), NOW)
    assert releases.verify(depot, NOW).is_good


def test_verification_says_when_no_new_work_may_begin(depot: Depot) -> None:
    verdict = releases.verify(depot, LATER)
    assert not verdict.is_good
    assert "release renew" in (verdict.stale or "")
    depot.releases.renew(LATER)
    assert releases.verify(depot, LATER).is_good


def test_planning_asks_for_signed_usable_releases(depot: Depot, bundle: Callable[[str], Path]) -> None:
    def found() -> list[str]:
        return [problem.code for problem in standing.standing_problems(FLEET, [GIFT], depot.releases, NOW)]

    assert found() == ["unusable-release"]
    releases.add(depot, bundle("1"), NOW)
    assert found() == []
    releases.withdraw(depot.releases, "1", "fans", NOW)
    assert found() == ["unusable-release"]


def test_what_cannot_be_believed_supplies_nothing_and_refuses_the_plan(depot: Depot, world: MemoryWorld) -> None:
    world.forge()
    assert standing.supply(depot.releases) == Supply(kept=True)
    assert codes(lambda: standing.refuse_standing(FLEET, [GIFT], depot.releases, NOW)) == ["wrongly-signed-metadata"]
    standing.refuse_standing(FLEET, [], depot.releases, NOW)


def test_expired_metadata_and_an_unusable_release_are_said_at_once(depot: Depot) -> None:
    found = codes(lambda: standing.refuse_standing(FLEET, [GIFT], depot.releases, LATER))
    assert found == ["expired-metadata", "unusable-release"]


def test_a_fleet_without_signed_releases_plans_as_before() -> None:
    assert standing.standing_problems(FLEET, [GIFT], MemoryReleases(), NOW) == ()


# --- what a controller watches ------------------------------------------------------------------------------------


def at(when: datetime, monotonic_s: float = 0.0) -> Now:
    return Now(when, monotonic_s, "boot")


def test_a_controller_learns_at_once_of_a_withdrawal_and_after_a_while_of_an_expiry(
    depot: Depot, world: MemoryWorld, bundle: Callable[[str], Path]
) -> None:
    releases.add(depot, bundle("1"), NOW)
    watched = standing.Watched(depot.releases)
    assert watched.signed(at(NOW)) == Signed()
    releases.withdraw(depot.releases, "1", "fans", NOW)
    assert watched.signed(at(NOW, 1.0)) == Signed(withdrawn={"1": "fans"})
    assert watched.signed(at(LATER, 2.0)).stale == ""
    assert "expired" in watched.signed(at(LATER, 61.0)).stale


def test_what_was_withdrawn_stays_so_while_the_metadata_cannot_be_believed(
    depot: Depot, world: MemoryWorld, bundle: Callable[[str], Path]
) -> None:
    releases.add(depot, bundle("1"), NOW)
    releases.withdraw(depot.releases, "1", "fans", NOW)
    watched = standing.Watched(depot.releases)
    watched.signed(at(NOW))
    world.forge()
    found = watched.signed(at(NOW))
    assert "cannot be believed" in found.stale
    assert found.withdrawn == {"1": "fans"}
    assert "keeps no signed releases" in standing.signed(MemoryReleases(), NOW).stale
