"""The lock of an image: read back as written, and refused where it could name another file than a package's."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fleetctl.core.images.lock import Lock, Package, parse, to_text
from fleetctl.core.problems import InvalidInput

KERNEL = Package("linux-image-6.1.0-1-amd64", "6.1.1-1", "amd64", 7, "a" * 64, "kernel")
DASH = Package("dash", "1:0.5.12-2", "amd64", 9, "b" * 64)
LOCK = Lock("bookworm", "amd64", 1764000000, (DASH, KERNEL))


def test_a_lock_is_read_back_as_it_was_written_a_package_a_line() -> None:
    text = to_text(LOCK)
    assert parse(text, "x.lock") == LOCK
    assert sum('"sha256"' in line for line in text.splitlines()) == len(LOCK.packages)


def test_the_kernel_is_not_installed_and_an_epochs_colon_is_no_part_of_a_files_name() -> None:
    assert (LOCK.kernel, LOCK.system) == (KERNEL, (DASH,))
    assert DASH.file == "dash_1%3a0.5.12-2_amd64.deb"


def test_another_digest_or_time_is_another_lock() -> None:
    others = [replace(LOCK, epoch_s=1), replace(LOCK, packages=(replace(DASH, sha256="c" * 64), KERNEL))]
    assert len({lock.digest for lock in (LOCK, *others)}) == 3


def test_it_says_what_a_recipe_wants_and_it_lacks() -> None:
    assert LOCK.lacks(["dash", "zstd"]) == ("zstd",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"packages": []}, "not one kernel"),
        ({"schema": "fleetctl/plan/v1"}, "schema"),
        ({"packages": [{"name": "../../etc/x"}]}, "not the lock"),
        ({"epoch_s": "soon"}, "not the lock"),
    ],
)
def test_what_is_no_lock_is_refused(change: dict[str, object], said: str) -> None:
    document = {**json.loads(to_text(LOCK)), **change}
    with pytest.raises(InvalidInput, match=said):
        parse(json.dumps(document), "x.lock")


@pytest.mark.parametrize("bad", [{"name": "../dash"}, {"version": "1/2"}, {"sha256": "short"}])
def test_a_package_that_names_another_place_is_refused(bad: dict[str, str]) -> None:
    lock = replace(LOCK, packages=(replace(DASH, **bad), KERNEL))  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="no sound name"):
        parse(to_text(lock), "x.lock")


def test_a_package_that_is_there_twice_is_refused() -> None:
    with pytest.raises(InvalidInput, match="twice"):
        parse(to_text(replace(LOCK, packages=(DASH, replace(DASH, version="2"), KERNEL))), "x.lock")
