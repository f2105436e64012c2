"""`fleet-unit stage`: a bundle comes in over HTTP, whatever happens on the way, or is refused beforehand."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetctl.core.config import ConfigFile
from tests.builders.bundle_source import Source, serving
from tests.builders.cuts import every_cut, every_cut_of_work
from tests.builders.unit_rauc import a_bundle, digest, put, stage, until, update, with_rauc
from tests.builders.unit_root import Document, UnitRoot, config, payload_bytes


@pytest.fixture
def unit(tmp_path: Path) -> UnitRoot:
    return with_rauc(UnitRoot.make(tmp_path / "unit"))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return a_bundle(tmp_path)


@pytest.fixture
def source(bundle: Path) -> Iterator[Source]:
    with serving(Source(bundle.read_bytes())) as running:
        yield running


def names(unit: UnitRoot) -> set[str]:
    """Return the names of all files that belong to bundles."""
    folder = unit.path("/data/fleet/bundles")
    return {p.name for p in folder.iterdir()} if folder.exists() else set()


def ended(told: Document) -> bool:
    return bool(told["ready"] or told["failure"])


def a_part(unit: UnitRoot, bundle: Path, size: int) -> None:
    """Leave the beginning of a bundle on the unit, as a cut does."""
    part = unit.path(f"/data/fleet/bundles/{digest(bundle)}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_bytes(bundle.read_bytes()[:size])


def test_a_bundle_is_fetched_and_checked(unit: UnitRoot, bundle: Path, source: Source) -> None:
    outcome = stage(unit, bundle, url=source.url)
    assert (outcome["ending"], outcome["message"]) == ("ok", "started")
    told = until(unit, "staged", ended)
    size = bundle.stat().st_size
    assert told == {
        "sha256": digest(bundle),
        "size_bytes": size,
        "received_bytes": size,
        "ready": True,
        "failure": "",
    }
    assert names(unit) == {f"{digest(bundle)}.raucb"}


def test_a_bundle_that_is_there_is_not_fetched_again(unit: UnitRoot, bundle: Path, source: Source) -> None:
    put(unit, bundle)
    assert stage(unit, bundle, url=source.url)["message"] == "is there already"
    assert update(unit, "staged")["ready"]
    assert not source.asked


def test_what_is_there_of_it_is_not_fetched_again(unit: UnitRoot, bundle: Path, source: Source) -> None:
    a_part(unit, bundle, 100_000)
    stage(unit, bundle, url=source.url)
    assert until(unit, "staged", ended)["ready"]
    assert source.asked == ["bytes=100000-"]


def test_a_connection_that_breaks_again_and_again_costs_nothing_that_came(
    unit: UnitRoot, bundle: Path, source: Source
) -> None:
    source.breaks_after = 70_000
    stage(unit, bundle, url=source.url)
    assert until(unit, "staged", ended)["ready"]
    assert source.asked[:3] == ["", "bytes=70000-", "bytes=140000-"]
    assert source.sent == bundle.stat().st_size


def test_a_source_without_ranges_is_asked_for_all_of_it(unit: UnitRoot, bundle: Path, source: Source) -> None:
    source.knows_ranges = False
    a_part(unit, bundle, 100_000)
    stage(unit, bundle, url=source.url)
    assert until(unit, "staged", ended)["ready"]


def test_other_bytes_are_thrown_away(unit: UnitRoot, bundle: Path, source: Source) -> None:
    source.content = source.content[:-1] + b"!"
    stage(unit, bundle, url=source.url)
    told = until(unit, "staged", ended)
    assert (told["ready"], told["received_bytes"]) == (False, 0)
    assert f"its digest is {hashlib.sha256(source.content).hexdigest()[:12]}" in told["failure"]


def test_a_part_of_something_else_is_thrown_away_and_does_not_stand_in_the_way(
    unit: UnitRoot, bundle: Path, source: Source
) -> None:
    a_part(unit, bundle, 0)
    unit.path(f"/data/fleet/bundles/{digest(bundle)}.part").write_bytes(b"?" * 1000)
    stage(unit, bundle, url=source.url)
    assert "digest" in until(unit, "staged", ended)["failure"]
    stage(unit, bundle, url=source.url)
    assert until(unit, "staged", ended)["ready"]


def test_a_file_that_is_cut_off_at_the_source_is_refused_before_a_byte_of_it(
    unit: UnitRoot, bundle: Path, source: Source
) -> None:
    source.content = source.content[:-1]
    stage(unit, bundle, url=source.url)
    told = until(unit, "staged", ended)
    assert "cut off" in told["failure"]
    assert told["received_bytes"] == 0


@pytest.mark.parametrize("code", [403, 404])
def test_a_source_that_does_not_have_it_is_told(unit: UnitRoot, bundle: Path, source: Source, code: int) -> None:
    source.code = code
    stage(unit, bundle, url=source.url)
    assert f"answers {code}" in until(unit, "staged", ended)["failure"]


def test_a_source_that_is_busy_is_asked_again(unit: UnitRoot, bundle: Path, source: Source) -> None:
    source.code = 503
    stage(unit, bundle, url=source.url)
    until(unit, "staged", lambda _: source.asked)
    source.code = 200
    assert until(unit, "staged", ended)["ready"]


def test_a_source_that_is_away_for_long_is_given_up_and_goes_on_when_asked_again(
    unit: UnitRoot, bundle: Path, source: Source
) -> None:
    a_part(unit, bundle, 100_000)
    stage(unit, bundle, "--patience", "1", url="http://127.0.0.1:1/bundles/x")
    told = until(unit, "staged", ended)
    assert "gives nothing" in told["failure"]
    assert told["received_bytes"] == 100_000
    stage(unit, bundle, url=source.url)
    assert until(unit, "staged", ended)["ready"]
    assert source.asked == ["bytes=100000-"]


def test_the_rate_is_kept(unit: UnitRoot, bundle: Path, source: Source) -> None:
    started = time.monotonic()
    stage(unit, bundle, "--rate", "200000", url=source.url)
    assert until(unit, "staged", ended)["ready"]
    assert time.monotonic() - started >= bundle.stat().st_size / 200_000 - 0.2


def test_a_bundle_that_nobody_wants_any_more_is_given_up(unit: UnitRoot, bundle: Path, source: Source) -> None:
    source.bytes_per_s = 20_000
    stage(unit, bundle, url=source.url)
    until(unit, "staged", lambda told: told["received_bytes"])
    other = a_bundle(bundle.parent, "1.4.0")
    with serving(Source(other.read_bytes())) as second:
        stage(unit, other, url=second.url)
        assert until(unit, "staged", ended)["ready"]
    assert source.sent < bundle.stat().st_size
    assert process_of(digest(bundle), within_s=5.0) is None


def test_a_killed_download_is_shown_and_goes_on(unit: UnitRoot, bundle: Path, source: Source) -> None:
    source.bytes_per_s = 100_000
    stage(unit, bundle, url=source.url)
    had = until(unit, "staged", lambda told: told["received_bytes"] > 20_000)["received_bytes"]
    fetching = process_of(digest(bundle))
    assert fetching is not None
    os.kill(fetching, signal.SIGKILL)
    unit.reboot()
    assert "cut short" in update(unit, "staged")["failure"]
    source.bytes_per_s = 0
    stage(unit, bundle, url=source.url)
    assert until(unit, "staged", ended)["ready"]
    assert int(source.asked[-1].removeprefix("bytes=").rstrip("-")) >= had


def process_of(word: str, within_s: float = 0.0) -> int | None:
    """Return the process of `fetch` of a bundle; None if there is none, or it ends in time."""
    deadline = time.monotonic() + within_s
    while True:
        found = subprocess.run(["pgrep", "-f", f"fetch {word}"], capture_output=True, text=True).stdout.split()
        if not found or time.monotonic() > deadline:
            return int(found[0]) if found else None
        time.sleep(0.05)


def test_a_repeated_step_answers_what_it_did(unit: UnitRoot, bundle: Path, source: Source) -> None:
    first = stage(unit, bundle, url=source.url)
    assert stage(unit, bundle, url=source.url, again=True) == {**first, "repeated": True}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--bundle", "nonsense", "--size", "7"), "not a SHA-256"),
        (("--bundle", "../" * 21 + "a", "--size", "7"), "not a SHA-256"),
        (("--bundle", "a" * 64, "--size", "0"), "which no bundle has"),
        (("--bundle", "a" * 64, "--size", "7"), "nothing says where"),
        (("--bundle", "a" * 64, "--size", "7", "--url", "file:///etc/passwd"), "not an address"),
        (("--bundle", "a" * 64, "--size", str(1 << 39), "--url", "http://x/y"), "not enough disk"),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(
    unit: UnitRoot, arguments: tuple[str, ...], why: str
) -> None:
    outcome = unit.effect("stage", *arguments)
    assert outcome["ending"] == "refused"
    assert why in outcome["message"]
    assert unit.status()["update"]["staged"] is None
    assert names(unit) == set()


def test_a_unit_without_another_slot_is_refused(tmp_path: Path, bundle: Path) -> None:
    bare = UnitRoot.make(tmp_path / "bare")
    outcome = stage(bare, bundle, url="http://127.0.0.1:1/x")
    assert (outcome["ending"], "no other slot" in outcome["message"]) == ("refused", True)


@pytest.mark.parametrize(("kind", "kept"), [("radiator", 2), ("gateway", 4)])
def test_only_the_newest_bundles_are_kept(tmp_path: Path, kind: str, kept: int) -> None:
    unit = with_rauc(UnitRoot.make(tmp_path / "unit", kind=kind), kind)
    bundles = [a_bundle(tmp_path, f"1.{n}.0") for n in range(kept + 1)]
    for number, each in enumerate(bundles):
        with serving(Source(each.read_bytes())) as source:
            stage(unit, each, url=source.url)
            assert until(unit, "staged", ended)["ready"]
        os.utime(unit.path(f"/data/fleet/bundles/{digest(each)}.raucb"), (number, number))
    assert names(unit) == {f"{digest(each)}.raucb" for each in bundles[-kept:]}


def test_a_step_that_is_cut_anywhere_can_be_asked_for_again(unit: UnitRoot, bundle: Path, source: Source) -> None:
    def check(cut: UnitRoot) -> None:
        outcome = stage(cut, bundle, url=source.url)
        assert (outcome["ending"], outcome["digest"]) == ("ok", "")

    about = ("--bundle", digest(bundle), "--size", str(bundle.stat().st_size), "--url", source.url)
    digest_of = config(ConfigFile("/etc/a.conf", "1\n")).digest
    payload = payload_bytes(config(ConfigFile("/etc/a.conf", "1\n")))
    assert every_cut(unit, check, "stage", *about, "--digest", digest_of, stdin=payload) > 10


def test_a_download_that_is_cut_anywhere_is_a_bundle_or_none_and_goes_on(
    unit: UnitRoot, bundle: Path, source: Source
) -> None:
    stage(unit, bundle, url=source.url)
    until(unit, "staged", ended)
    unit.path(f"/data/fleet/bundles/{digest(bundle)}.raucb").unlink()

    def check(cut: UnitRoot) -> None:
        complete = cut.path(f"/data/fleet/bundles/{digest(bundle)}.raucb")
        assert not complete.exists() or digest(complete) == digest(bundle)
        cut.reboot()
        assert complete.exists() is update(cut, "staged")["ready"]
        stage(cut, bundle, url=source.url)
        assert until(cut, "staged", ended)["ready"]

    assert every_cut_of_work(unit, check, "fetch", digest(bundle)) > 3
