"""Runs the programs that make images; one that is missing or fails is told with what it said."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from fleetctl.core.problems import CouldNot

PACKAGES = {
    "apt-get": "apt",
    "busybox": "busybox-static",
    "debugfs": "e2fsprogs",
    "depmod": "kmod",
    "dpkg-deb": "dpkg",
    "e2fsck": "e2fsprogs",
    "grub-mkimage": "grub2-common",
    "mke2fs": "e2fsprogs",
    "mksquashfs": "squashfs-tools",
    "mmdebstrap": "mmdebstrap",
    "qemu-img": "qemu-utils",
    "rauc": "rauc",
    "resize2fs": "e2fsprogs",
    "zstd": "zstd",
}
"""Debian package that has a program."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_TAIL = 1500


def run(
    argv: Sequence[str | Path],
    *,
    given: bytes = b"",
    extra: Mapping[str, str] | None = None,
    folder: Path | None = None,
    codes: frozenset[int] = frozenset({0}),
    banner: str | None = None,
) -> bytes:
    """Run a program to its end and return what it printed.

    Args:
        argv: program and arguments.
        given: its standard input.
        extra: variables of its environment besides those of this process, in the C locale and UTC.
        folder: where it runs.
        codes: exit codes that are no failure.
        banner: if given, whatever else it prints on standard error is a failure (some end with 0 all the same).

    Raises:
        CouldNot: if it is not installed, or fails; carries the end of what it printed.
    """
    words = [str(word) for word in argv]
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC", "PATH": _PATH, **(extra or {})}
    try:
        ended = subprocess.run(words, input=given, env=environment, cwd=folder, capture_output=True, umask=0o022)
    except FileNotFoundError:
        package = PACKAGES.get(Path(words[0]).name, words[0])
        hint = f"sudo apt-get install --no-install-recommends {package}"
        raise CouldNot(f"'{words[0]}' is not installed", hint=hint) from None
    complaints = banner is not None and any(not line.startswith(banner.encode()) for line in ended.stderr.splitlines())
    if ended.returncode not in codes or complaints:
        said = (ended.stderr + ended.stdout).decode(errors="replace").strip()[-_TAIL:]
        raise CouldNot(f"'{shlex.join(words[:4])} …' ended with code {ended.returncode}: {said}")
    return ended.stdout
