"""Virtual machines for the tests of the third tier: images, boxes and two machines, made once for all of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.vagrant import Machines, lacking
from tests.builders.vm_images import ImageWorks

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "fleetctl/images"
KINDS = ("radiator", "boiler")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs virtual machines where there can be none."""
    reason = lacking()
    for item in items if reason else ():
        if item.get_closest_marker("vm"):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """Return a folder that the user of the virtual machines can reach.

    FLEET_VM_HOME names one to keep, machines and all, for whoever works on these tests.
    """
    if kept := os.environ.get("FLEET_VM_HOME"):
        yield _ready(Path(kept))
        return
    folder = Path("/var/tmp") / f"fleetctl-vms-{os.getpid()}"
    yield _ready(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _ready(folder: Path) -> Path:
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    (folder / "images").mkdir(exist_ok=True)
    if not (folder / "key").exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True)
    return folder


@pytest.fixture(scope="session")
def works(home: Path) -> ImageWorks:
    """Return what builds images; packages stay in the user's cache."""
    return ImageWorks(home / "images", CACHE, home / "key.pub")


@pytest.fixture(scope="session")
def images(works: ImageWorks) -> dict[str, Path]:
    """Return the image's folder of each kind."""
    return {kind: works.image(kind, f"{kind}-1", "--no-bill") for kind in KINDS}


@pytest.fixture(scope="session")
def machines(home: Path, images: dict[str, Path]) -> Iterator[Machines]:
    """Return a radiator and a boiler that run."""
    made, boxes = Machines(home), home / "boxes-are-added"
    try:
        if not boxes.exists():
            for kind in KINDS:
                made.tool("box", str(images[kind]))
            boxes.touch()
        made.up(*KINDS)
        for kind in KINDS:
            made.wait_settled(kind)
        yield made
    finally:
        if "FLEET_VM_HOME" not in os.environ:
            made.destroy(KINDS)
