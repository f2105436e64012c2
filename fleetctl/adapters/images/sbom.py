"""The software bill of materials of a root file system, by debsbom from what dpkg recorded in it."""

from __future__ import annotations

import shutil
import sys
import tempfile
import uuid
from datetime import UTC, datetime
from pathlib import Path

from fleetctl.adapters.images.programs import run
from fleetctl.adapters.images.trees import content_of
from fleetctl.core.images.texts import Identity
from fleetctl.core.images.tree import Tree, What
from fleetctl.core.problems import CouldNot

_READ = (
    "var/lib/dpkg/status",
    "var/lib/dpkg/arch-native",
    "var/lib/dpkg/info/",
    "etc/os-release",
    "usr/lib/os-release",
)
_NAMESPACE = uuid.UUID("5d0e3c0e-8f5b-4f0e-9d3a-3f1ee7c71001")


def write_sbom(path: Path, tree: Tree, kernel: Path, identity: Identity, epoch_s: int) -> None:
    """Write the bill in CycloneDX's form (JSON): every package with its version, maintainer and dependencies.

    Args:
        path: of the bill.
        tree: the root file system.
        kernel: package that the kernel was taken from; dpkg does not know it, for it was not installed.
        identity: what the bill is of.
        epoch_s: time that it carries.

    Raises:
        CouldNot: if debsbom is not installed, or fails.
    """
    program = shutil.which("debsbom", path=str(Path(sys.executable).parent)) or shutil.which("debsbom")
    if program is None:
        raise CouldNot("debsbom is not installed", hint="pip install 'fleetctl[images]'")
    with tempfile.TemporaryDirectory(prefix="fleetctl-sbom-") as scratch:
        root, out = Path(scratch) / "root", Path(scratch) / "sbom"
        for name, node in tree.items():
            if node.what is What.FILE and name.startswith(_READ):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_bytes(content_of(tree, name))
        with (root / "var/lib/dpkg/status").open("ab") as status:
            status.write(b"\n" + run(["dpkg-deb", "--field", kernel]) + b"Status: install ok installed\n\n")
        when = datetime.fromtimestamp(epoch_s, UTC).isoformat()
        words = [program, "generate", "-t", "cdx", "--root", str(root), "--out", str(out)]
        words += ["--distro-name", identity.compatible]
        serial = uuid.uuid5(_NAMESPACE, f"{identity.compatible} {identity.version} {epoch_s}")
        words += ["--distro-version", identity.version, "--timestamp", when, "--cdx-serialnumber", str(serial)]
        run(words)
        shutil.copy(out.with_suffix(".cdx.json"), path)
