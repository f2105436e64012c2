"""Attacks on published metadata, each of which the workflow of TUF's specification names."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlparse

import pytest
from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.problems import CouldNot, InvalidInput
from fleetctl.core.releases.catalogue import Catalogue, Published
from tests.builders.tuf_world import TufWorld

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
A = Published("2026.11", "heat-qh", Kind.RADIATOR, ("qh-1",), 8, "a" * 64)


@pytest.fixture
def world(tmp_path: Path) -> TufWorld:
    world = TufWorld(tmp_path)
    world.begin(NOW)
    world.releases.publish(Catalogue({A.version: A}), NOW)
    return world


def code(world: TufWorld, machine: str = "signer") -> str:
    with pytest.raises(InvalidInput) as refused:
        world.machine(machine).catalogue()
    return refused.value.problems[0].code


def tamper(file: Path, *path: str, value: object) -> None:
    """Change a value in a file and leave its signatures."""
    document = json.loads(file.read_text())
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    file.write_text(json.dumps(document))


def test_a_timestamp_with_a_longer_life_than_was_signed_is_refused(world: TufWorld) -> None:
    tamper(world.metadata / "timestamp.json", "signed", "expires", value="2036-01-01T00:00:00Z")
    assert code(world) == "wrongly-signed-metadata"


@pytest.mark.parametrize("name", ["2.snapshot.json", "2.targets.json"])
def test_a_file_that_is_not_the_one_that_was_listed_is_refused(world: TufWorld, name: str) -> None:
    (world.metadata / name).write_bytes((world.metadata / name).read_bytes() + b"\n")
    assert code(world) == "bad-metadata"


@pytest.mark.parametrize("name", ["timestamp.json", "2.snapshot.json", "2.targets.json"])
def test_a_missing_file_is_refused(world: TufWorld, name: str) -> None:
    (world.metadata / name).unlink()
    assert code(world) == "missing-metadata"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"signed": {"_type": "root"}, "signatures": []}'])
def test_a_cut_off_timestamp_is_refused(world: TufWorld, content: bytes) -> None:
    (world.metadata / "timestamp.json").write_bytes(content)
    assert code(world) == "bad-metadata"


def test_one_role_in_the_place_of_another_is_refused(world: TufWorld) -> None:
    shutil.copy(world.metadata / "2.targets.json", world.metadata / "timestamp.json")
    assert code(world) == "bad-metadata"


def test_two_histories_of_one_version_are_told_apart(world: TufWorld) -> None:
    world.copy()
    world.releases.publish(Catalogue({A.version: A}), NOW)
    world.put_back()
    other = world.machine("other", keys="signer")
    shutil.copytree(world.folder / "signer" / "trust", other.trust.path)
    shutil.rmtree(other.trust.path)
    world.ceremony("other").trust(world.ceremony().proposal().digest)
    other.publish(Catalogue(), NOW + timedelta(hours=1))
    assert code(world) == "forked-metadata"


def test_a_root_that_skips_a_version_is_refused(world: TufWorld) -> None:
    world.ceremony().rotate("timestamp", NOW)
    world.ceremony().rotate("timestamp", NOW)
    (world.metadata / "3.root.json").rename(world.metadata / "2.root.json")
    (fresh := world.machine("fresh")).trust.write("root.json", (world.metadata / "1.root.json").read_bytes())
    assert fresh.is_kept
    assert code(world, "fresh") == "rolled-back-metadata"


def test_a_root_that_its_predecessor_did_not_sign_is_refused(world: TufWorld) -> None:
    attacker = TufWorld(world.folder / "attacker")
    attacker.begin(NOW)
    attacker.ceremony().rotate("timestamp", NOW)
    shutil.copy(attacker.metadata / "2.root.json", world.metadata)
    assert code(world) == "wrongly-signed-metadata"


def test_after_a_rotation_versions_that_the_old_key_signed_do_not_bind(world: TufWorld) -> None:
    """Whoever stole the timestamp's key may have signed a version that nobody would reach again."""
    for _ in range(3):
        world.releases.publish(world.releases.catalogue(), NOW)
    world.ceremony().rotate("timestamp", NOW)
    assert world.releases.catalogue().releases == {A.version: A}


def test_a_machine_that_trusts_no_root_says_how_to_begin(world: TufWorld) -> None:
    assert code(world, "stranger") == "no-trusted-root"
    assert "cannot be believed" in (world.machine("stranger").freshness(NOW) or "")


def test_metadata_that_cannot_be_read_block_new_work_with_a_reason(world: TufWorld) -> None:
    (world.metadata / "timestamp.json").unlink()
    (world.metadata / "timestamp.json").mkdir()
    assert "cannot be verified" in (world.releases.freshness(NOW) or "")


@pytest.mark.parametrize(("days", "due"), [(6, "timestamp"), (16, "snapshot"), (46, "targets")])
def test_a_renewal_signs_only_what_comes_to_its_end(world: TufWorld, days: int, due: str) -> None:
    """So the machine whose timer signs timestamps needs no key that could sign a release."""
    roles = ["timestamp", "snapshot", "targets"]
    needed = roles[: roles.index(due) + 1]
    for role in set(roles) - set(needed):
        next(world.releases.keys.path.glob(f"{role}-*.pem")).unlink()
    later = NOW + timedelta(days=days)
    world.releases.renew(later)
    assert world.releases.freshness(later) is None
    assert world.releases.catalogue().releases == {A.version: A}
    next(world.releases.keys.path.glob(f"{due}-*.pem")).unlink()
    with pytest.raises(CouldNot, match="this machine has no key for"):
        world.releases.renew(later + timedelta(days=50))


def test_what_is_remembered_is_for_its_owner_alone(world: TufWorld) -> None:
    world.releases.catalogue()
    assert {file.stat().st_mode & 0o777 for file in world.releases.trust.path.iterdir()} == {0o600}
    assert (world.metadata / "timestamp.json").stat().st_mode & 0o777 == 0o644


class FolderFetcher(FetcherInterface):
    """Reads files where an updater expects a server."""

    def _fetch(self, url: str) -> Iterator[bytes]:
        file = Path(urlparse(url).path)
        if not file.is_file():
            raise DownloadHTTPError("not found", 404)
        return iter([file.read_bytes()])


def test_python_tufs_own_client_believes_what_we_sign(tmp_path: Path) -> None:
    world, now = TufWorld(tmp_path), datetime.now(UTC)
    world.begin(now)
    world.releases.publish(Catalogue({A.version: A}), now)
    for role in ("timestamp", "snapshot", "targets", "root"):
        world.ceremony().rotate(role, now)
    client = tmp_path / "client"
    client.mkdir()
    updater = Updater(
        str(client),
        f"file://{world.metadata}/",
        fetcher=FolderFetcher(),
        config=UpdaterConfig(prefix_targets_with_hash=False),
        bootstrap=(world.metadata / "1.root.json").read_bytes(),
    )
    updater.refresh()
    target = updater.get_targetinfo(A.file)
    assert target is not None
    assert (target.length, target.hashes) == (A.size_bytes, {"sha256": A.sha256})
