"""The key ceremony: several holders, one digest, a threshold; and a cut at every step of putting a root in force."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fleetctl.adapters.tuf.folder import MetadataFolder
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.problems import CouldNot, InvalidInput
from fleetctl.core.releases.catalogue import Catalogue, Published
from tests.builders.tuf_world import TufWorld

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
A = Published("2026.11", "heat-qh", Kind.RADIATOR, ("qh-1",), 8, "a" * 64)


@pytest.fixture
def world(tmp_path: Path) -> TufWorld:
    return TufWorld(tmp_path)


@pytest.fixture
def held(world: TufWorld) -> TufWorld:
    """A root held by alice, bob and carol, of whom two have to sign; `signer` has the other roles' keys."""
    holders = [world.ceremony(name).make(name) for name in ("alice", "bob", "carol")]
    digest = world.ceremony().begin(holders, 0, 2, NOW).digest
    for name in ("alice", "bob", "signer"):
        world.ceremony(name).sign(digest, NOW)
    world.releases.publish(Catalogue({A.version: A}), NOW)
    return world


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(InvalidInput) as problem:
        call()
    return problem.value.problems[0].code


def test_the_first_root_needs_as_many_holders_as_the_threshold_says(world: TufWorld) -> None:
    holders = [world.ceremony(name).make(name) for name in ("alice", "bob", "carol")]
    drawn = world.ceremony().begin(holders, 0, 2, NOW)
    assert (drawn.version, drawn.missing, drawn.published) == (1, 2, False)
    assert refused(world.releases.catalogue) == "no-signed-releases"

    assert world.ceremony("alice").sign(drawn.digest, NOW).missing == 1
    assert world.ceremony("alice").sign(drawn.digest, NOW).missing == 1, "signing twice counts once"
    by_two = world.ceremony("carol").sign(drawn.digest, NOW)
    assert (by_two.missing, by_two.published, len(by_two.signed)) == (0, False, 2)
    assert "other roles' keys" in by_two.next_step

    done = world.ceremony().sign(drawn.digest, NOW)
    assert done.published
    assert world.releases.catalogue() == Catalogue()
    assert done.digest == drawn.digest == world.ceremony().proposal().digest


def test_a_holder_signs_only_what_has_the_digest_that_was_agreed_on(world: TufWorld) -> None:
    alice = world.ceremony("alice").make("alice")
    digest = world.ceremony().begin([alice], 1, 2, NOW).digest
    other = TufWorld(world.folder / "other")
    holder = other.ceremony("mallory").make("mallory")
    other.ceremony().begin([holder], 0, 1, NOW)
    swapped = (other.metadata / "root.next.json").read_bytes()
    MetadataFolder(world.metadata).write("root.next.json", swapped)
    assert refused(lambda: world.ceremony("alice").sign(digest, NOW)) == "other-root"


def test_all_keys_are_made_here_with_modes_of_their_own(world: TufWorld) -> None:
    drawn = world.ceremony().begin([], 3, 2, NOW)
    assert drawn.published
    folder = world.releases.keys.path
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len({file.stat().st_mode & 0o777 for file in folder.iterdir()}) == 1
    assert (len(list(folder.iterdir())), folder.stat().st_mode & 0o077) == (6, 0)


def test_a_key_that_others_can_read_is_not_used(held: TufWorld) -> None:
    next(held.releases.keys.path.glob("targets-*.pem")).chmod(0o644)
    with pytest.raises(CouldNot, match="can be read by others"):
        held.releases.publish(Catalogue(), NOW)


@pytest.mark.parametrize("marker", [".git", "fleet.yaml"])
def test_keys_are_never_made_in_a_repository(world: TufWorld, marker: str) -> None:
    (world.folder / marker).write_text("")
    assert refused(lambda: world.ceremony().make("alice")) == "keys-in-repository"


@pytest.mark.parametrize("role", ["targets", "snapshot", "timestamp"])
def test_every_role_gets_a_new_key_and_the_releases_stay(held: TufWorld, role: str) -> None:
    before = held.ceremony().proposal().roles[role].keys
    drawn = held.ceremony().rotate(role, NOW)
    assert (drawn.version, drawn.missing) == (2, 2)
    assert held.releases.catalogue().releases == {A.version: A}, "until enough have signed, the old root is in force"
    for name in ("bob", "carol"):
        held.machine(name).trust.write("root.json", (held.metadata / "1.root.json").read_bytes())
        held.ceremony(name).sign(drawn.digest, NOW)
    assert held.ceremony().sign(drawn.digest, NOW).published
    assert held.ceremony().proposal().roles[role].keys != before
    assert held.releases.catalogue().releases == {A.version: A}


def test_the_roots_holders_change_with_the_signatures_of_the_old_and_the_new(held: TufWorld) -> None:
    alice = next(
        key for key in held.ceremony().proposal().roles["root"].keys if key in held.machine("alice").keys.signers
    )
    dave = held.ceremony("dave").make("dave")
    drawn = held.ceremony().rotate("root", NOW, add=[dave], remove=[alice[:8]])
    assert alice not in drawn.roles["root"].keys
    for name in ("bob", "dave"):
        held.machine(name).trust.write("root.json", (held.metadata / "1.root.json").read_bytes())
        last = held.ceremony(name).sign(drawn.digest, NOW)
    assert last.missing == 1, "bob and dave are two of the new holders, and one of the old"
    held.machine("alice").trust.write("root.json", (held.metadata / "1.root.json").read_bytes())
    assert held.ceremony("alice").sign(drawn.digest, NOW).missing == 0
    assert held.ceremony().sign(drawn.digest, NOW).published


def test_a_root_is_given_a_new_year_by_rotating_nothing(held: TufWorld) -> None:
    later = NOW + timedelta(days=380)
    assert "keys rotate root" in (held.releases.freshness(later) or "")
    drawn = held.ceremony().rotate("root", later)
    for name in ("alice", "bob"):
        held.machine(name).trust.write("root.json", (held.metadata / "1.root.json").read_bytes())
        held.ceremony(name).sign(drawn.digest, later)
    held.ceremony().sign(drawn.digest, later)
    assert held.releases.freshness(later) is None


@pytest.mark.parametrize("written", range(1, 5))
def test_a_cut_while_a_root_is_put_in_force_is_made_good(world: TufWorld, written: int) -> None:
    world.begin(NOW)
    world.releases.publish(Catalogue({A.version: A}), NOW)

    class Cut(Exception):
        pass

    class CutFolder(MetadataFolder):
        left = written

        def write(self, name: str, content: bytes) -> None:
            if name != "root.next.json":
                if not type(self).left:
                    raise Cut
                type(self).left -= 1
            super().write(name, content)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fleetctl.adapters.tuf.repository.MetadataFolder", CutFolder)
        try:
            world.ceremony().rotate("timestamp", NOW)
        except Cut:
            digest = world.ceremony().proposal().digest
            assert written < 4
        else:
            assert written == 4
            return
    assert world.ceremony().sign(digest, NOW).published
    assert world.releases.catalogue().releases == {A.version: A}
    assert not (world.metadata / "root.next.json").exists()


def test_a_root_is_trusted_by_its_digest_alone(held: TufWorld) -> None:
    digest = held.ceremony().proposal().digest
    assert refused(lambda: held.ceremony("kit").trust("0" * 64)) == "other-root"
    assert held.ceremony("kit").trust(digest).published
    assert held.machine("kit").catalogue().releases == {A.version: A}
    assert refused(lambda: held.ceremony("kit").trust(digest)) == "exists"


@pytest.mark.parametrize("threshold", [0, 4])
def test_a_threshold_that_cannot_be_met_is_refused(world: TufWorld, threshold: int) -> None:
    assert refused(lambda: world.ceremony().begin([], 3, threshold, NOW)) == "bad-threshold"
    assert not world.releases.keys.path.exists(), "no key was made"


def test_bad_usage_is_told(held: TufWorld) -> None:
    assert refused(lambda: held.ceremony().begin([], 3, 2, NOW)) == "exists"
    assert refused(lambda: held.ceremony().rotate("mirrors", NOW)) == "unknown-role"
    assert refused(lambda: held.ceremony().rotate("root", NOW, remove=["zz"])) == "unknown-key"
    assert refused(lambda: held.ceremony().rotate("root", NOW, add=["zz"])) == "bad-public-key"
    assert refused(lambda: held.ceremony().sign("0" * 64, NOW)) == "no-next-root"
    held.ceremony().rotate("root", NOW)
    assert refused(lambda: held.ceremony().rotate("root", NOW)) == "exists"
