"""The stand-in's bundle: a tar with RAUC's manifest and one image, which is a tar of the slot's own files.

It is named `.raucb` and has RAUC's manifest keys. A signature may follow it as in RAUC's bundles; what is made here has
none.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as BadIni
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MANIFEST, IMAGE, BALLAST = "manifest.raucm", "rootfs.tar", "ballast"


class BadBundle(Exception):
    """Raised when a file is no bundle, or a damaged one."""


@dataclass(frozen=True)
class Manifest:
    """What a bundle says of itself; `sha256` and `size` are its image's."""

    compatible: str
    version: str
    sha256: str
    size: int
    description: str = ""
    build: str = ""


def write(
    path: Path,
    compatible: str,
    version: str,
    files: Mapping[str, str],
    *,
    description: str = "",
    ballast: bytes = b"",
) -> Manifest:
    """Write a bundle.

    Args:
        path: of the bundle; ends in `.raucb`.
        compatible: which machines it is for.
        version: of the system.
        files: the system's own files by their path in the slot, without a leading slash.
        description: in words.
        ballast: makes it as large to carry as a real one; it is not installed.
    """
    image = _tar({name: text.encode() for name, text in files.items()})
    manifest = Manifest(compatible, version, hashlib.sha256(image).hexdigest(), len(image), description)
    more = {BALLAST: ballast} if ballast else {}
    path.write_bytes(_tar({MANIFEST: _manifest_text(manifest).encode(), IMAGE: image, **more}))
    return manifest


def read(path: Path) -> Manifest:
    """Return a bundle's manifest.

    Raises:
        BadBundle: says what is wrong.
    """
    return _parse(_members(path)[MANIFEST])


def unpack(path: Path, folder: Path) -> Manifest:
    """Check a bundle's image and unpack it into an existing folder; returns the manifest.

    Raises:
        BadBundle: if the image is not what the manifest says, or reaches outside of the folder.
        OSError: if the folder cannot be written.
    """
    members = _members(path)
    manifest, image = _parse(members[MANIFEST]), members[IMAGE]
    if hashlib.sha256(image).hexdigest() != manifest.sha256:
        raise BadBundle(f"image {IMAGE} does not have the checksum that its manifest says")
    with tarfile.open(fileobj=io.BytesIO(image)) as tar:
        for member in tar:
            target = PurePosixPath(member.name)
            if target.is_absolute() or ".." in target.parts or not (member.isfile() or member.isdir()):
                raise BadBundle(f"image {IMAGE} holds {member.name}, which is not a plain file of the slot")
            tar.extract(member, folder)
    return manifest


def _members(path: Path) -> dict[str, bytes]:
    try:
        with tarfile.open(path) as tar:
            members = (m for m in tar if m.name in (MANIFEST, IMAGE))
            found = {m.name: file.read() for m in members if (file := tar.extractfile(m)) is not None}
    except tarfile.TarError as error:
        raise BadBundle(f"{path} is not a bundle: {error}") from error
    for name in (MANIFEST, IMAGE):
        if name not in found:
            raise BadBundle(f"{path} has no {name}")
    return found


def _parse(content: bytes) -> Manifest:
    ini = ConfigParser()
    try:
        ini.read_string(content.decode())
        update, image = ini["update"], ini["image.rootfs"]
        return Manifest(
            update["compatible"],
            update["version"],
            image["sha256"],
            image.getint("size", 0),
            update.get("description", ""),
            update.get("build", ""),
        )
    except (BadIni, KeyError, ValueError) as error:
        raise BadBundle(f"the manifest cannot be read: {error}") from error


def _manifest_text(manifest: Manifest) -> str:
    about = f"description={manifest.description}\n" if manifest.description else ""
    return (
        f"[update]\ncompatible={manifest.compatible}\nversion={manifest.version}\n{about}\n"
        f"[bundle]\nformat=plain\n\n"
        f"[image.rootfs]\nsha256={manifest.sha256}\nsize={manifest.size}\nfilename={IMAGE}\n"
    )


def _tar(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
