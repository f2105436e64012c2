"""Programs that know bundles, where they are installed: `rauc info`, and `unsquashfs` for a manifest."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fleetctl.adapters.bundles.layout import MANIFEST, BadLayout
from fleetctl.core.problems import CouldNot
from fleetctl.core.releases.manifest import Manifest

TIMEOUT_S = 120.0


def is_installed() -> bool:
    """Say whether RAUC is here."""
    return shutil.which("rauc") is not None


def info(bundle: Path, keyring: Path) -> Manifest:
    """Let RAUC check a bundle's signature, and return what it reads.

    Raises:
        BadLayout: if RAUC refuses it; says why.
        CouldNot: if RAUC does not answer.
    """
    ran = _run(["rauc", "info", f"--keyring={keyring}", "--output-format=json", str(bundle)])
    if ran.returncode:
        raise BadLayout("bad-signature", f"RAUC refuses it: {_reason(ran.stderr)}")
    said: dict[str, Any] = json.loads(ran.stdout)
    images = tuple((name, int(image.get("size", 0))) for entry in said["images"] for name, image in entry.items())
    return Manifest(said["compatible"], said["version"], images, form=str(said.get("format", "")))


def manifest_of_squashfs(bundle: Path) -> str:
    """Return the manifest of a bundle in the plain form.

    Raises:
        BadLayout: if it has none.
        CouldNot: if no program is here that can read it.
    """
    if shutil.which("unsquashfs") is None:
        hint = "install rauc, or squashfs-tools, on this machine"
        raise CouldNot(f"{bundle} is in RAUC's plain form, which nothing on this machine can read", hint=hint)
    ran = _run(["unsquashfs", "-no-progress", "-cat", str(bundle), MANIFEST])
    if ran.returncode:
        raise BadLayout("bad-bundle", f"its {MANIFEST} cannot be read: {_reason(ran.stderr)}")
    return ran.stdout


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CouldNot(f"'{' '.join(command)}' did not work: {error}") from error


def _reason(output: str) -> str:
    """Return the last line that is not RAUC's own chatter."""
    lines = [line.strip() for line in output.splitlines() if line.strip() and "rauc-Message" not in line]
    return lines[-1] if lines else "it does not say why"
