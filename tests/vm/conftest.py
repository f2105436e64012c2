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
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder that the user of the virtual machines can reach."""
    folder = Path("/var/tmp") / f"fleetctl-vms-{os.getpid()}"
    folder.mkdir(mode=0o755)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def works(home: Path) -> ImageWorks:
    """Return what builds images; packages stay in the user's cache."""
    folder = home / "images"
    folder.mkdir()
    return ImageWorks(folder, CACHE, home / "key.pub")


@pytest.fixture(scope="session")
def images(works: ImageWorks) -> dict[str, Path]:
    """Return the image's folder of each kind."""
    return {kind: works.image(kind, f"{kind}-1", "--no-bill") for kind in KINDS}


@pytest.fixture(scope="session")
def machines(home: Path, images: dict[str, Path]) -> Iterator[Machines]:
    """Return a radiator and a boiler that run."""
    made = Machines(home)
    for kind in KINDS:
        made.tool("box", str(images[kind]))
    try:
        made.up(*KINDS)
        for kind in KINDS:
            made.wait_settled(kind)
        yield made
    finally:
        made.destroy(KINDS)
