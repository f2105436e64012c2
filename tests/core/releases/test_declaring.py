"""fleet.yaml is changed in one place and left alone elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetctl.adapters.fleet_files import FolderFiles
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.releases.catalogue import Published
from fleetctl.services.releases import declared_channel, declared_release

NEW = Published("2.0", "heat-qh", Kind.RADIATOR, ("qh-1",), 5, "a" * 64)
ENTRY = f"2.0: {{compatible: heat-qh, bundle: releases/2.0.raucb, sha256: {'a' * 64}, size_bytes: 5}}"
HEAD = "api: fleetctl/v1  # first\nname: x\n"


def files(folder: Path, text: str) -> FolderFiles:
    (folder / "fleet.yaml").write_text(text)
    return FolderFiles(folder)


def text(content: bytes | None) -> str:
    assert content is not None
    return content.decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("releases:\n  1.0: {compatible: heat-qh}\n", f"releases:\n  {ENTRY}\n  1.0: {{compatible: heat-qh}}\n"),
        (
            "releases:  # all of them\n    # old\n    1.0: {compatible: heat-qh}\n",
            f"releases:  # all of them\n    {ENTRY}\n    # old\n    1.0: {{compatible: heat-qh}}\n",
        ),
        ("releases: {1.0: {compatible: heat-qh}}\n", f"releases: {{{ENTRY}, 1.0: {{compatible: heat-qh}}}}\n"),
        ("releases: {}\n", f"releases: {{{ENTRY}}}\n"),
        ("models: {}\n", f"models: {{}}\n\nreleases:\n  {ENTRY}\n"),
    ],
)
def test_a_release_is_declared_in_each_style(tmp_path: Path, before: str, after: str) -> None:
    assert text(declared_release(files(tmp_path, HEAD + before), NEW)) == HEAD + after


def test_a_release_that_is_declared_already_is_left_as_it_stands(tmp_path: Path) -> None:
    before = HEAD + "releases: {2.0: {compatible: heat-qh}}\n"
    assert text(declared_release(files(tmp_path, before), NEW)) == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("channels: {a: 1.0, stable: 1.0, b: 1.0}\n", "channels: {a: 1.0, stable: 2.0, b: 1.0}\n"),
        ("channels:\n  stable: 1.0  # since May\n  b: 1.0\n", "channels:\n  stable: 2.0  # since May\n  b: 1.0\n"),
        ("channels: {stable: 1.10}\n", "channels: {stable: 2.0}\n"),
        ("channels:\n  stable: '1.0'\n", "channels:\n  stable: 2.0\n"),
        ("channels: {b: 1.0}\n", "channels: {stable: 2.0, b: 1.0}\n"),
        ("models: {}\n", "models: {}\n\nchannels:\n  stable: 2.0\n"),
    ],
)
def test_a_channel_is_moved_in_each_style(tmp_path: Path, before: str, after: str) -> None:
    assert text(declared_channel(files(tmp_path, HEAD + before), "stable", "2.0")) == HEAD + after


def test_a_section_without_entries_gets_its_first(tmp_path: Path) -> None:
    changed = declared_channel(files(tmp_path, HEAD + "channels:\n"), "stable", "2.0")
    assert text(changed) == HEAD + "channels:\n  stable: 2.0\n"


def test_what_cannot_be_changed_without_guessing_is_left_to_a_person(tmp_path: Path) -> None:
    odd = HEAD + "channels:\n  {a: 1.0,\n   b: 1.0}\n"
    assert declared_channel(files(tmp_path, odd), "stable", "2.0") is None
