"""The images that are served, each in a folder with its `image.json`. Fills the port `Images`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from fleetctl.adapters.imaging.packing import packed
from fleetctl.adapters.imaging.programs import script_archive
from fleetctl.core.imaging.image import Described, Image, described, partition_offset
from fleetctl.core.problems import CouldNot, InvalidInput, Problem
from fleetctl.ports import Signer

FILE = "image.json"
CHUNKS = "chunks"
_IMAGER = "imager-{version}.img"


class ImageFolders:
    """Every image below a folder; packed when they are first asked for."""

    def __init__(self, folder: Path, scratch: Path, signer: Signer, say: Callable[[str], None]) -> None:
        """Take what is needed.

        Args:
            folder: each image is a folder in it, or it is one itself.
            scratch: a private folder for the RAM disks, with our script and key.
            signer: whose manifests the imagers believe.
            say: is told what takes long.
        """
        self._folder, self._scratch, self._signer, self._say = folder, scratch, signer, say

    def images(self) -> Sequence[Image]:
        """Return every image, cut into chunks.

        Raises:
            InvalidInput: if one is damaged, or is none; or if there is none at all.
            CouldNot: if one cannot be read or packed.
        """
        return [image for image, _, _ in self._known.values()]

    def chunk(self, sha256: str) -> Path | None:
        """Return the file of a chunk."""
        return self._chunks.get(sha256)

    def kernel(self, version: str) -> Path | None:
        """Return the file of the kernel that writes an image."""
        known = self._known.get(version)
        return known[2] / known[1].kernel if known else None

    def imager(self, version: str) -> Path | None:
        """Return the file of the RAM disk that writes an image: the image's programs, then our script and key."""
        return self._imagers.get(version)

    @cached_property
    def _known(self) -> dict[str, tuple[Image, Described, Path]]:
        files = sorted([*self._folder.glob(FILE), *self._folder.glob(f"*/{FILE}")])
        if not files:
            hint = "build one with 'fleetctl image build', or name their folder"
            raise InvalidInput([Problem("no-image", f"there is no image in {self._folder}", hint=hint)])
        found: dict[str, tuple[Image, Described, Path]] = {}
        for file in files:
            image, says = self._read(file)
            if image.version in found:
                message = f"{file} is of {image.version}, and so is {found[image.version][2] / FILE}"
                raise InvalidInput([Problem("duplicate-image", message, hint="remove one of them")])
            found[image.version] = image, says, file.parent
        return found

    @cached_property
    def _chunks(self) -> dict[str, Path]:
        folders = [(image, folder / CHUNKS) for image, _, folder in self._known.values()]
        return {chunk.sha256: folder / chunk.sha256 for image, folder in folders for chunk in image.chunks}

    @cached_property
    def _imagers(self) -> dict[str, Path]:
        scripts, made = script_archive(self._signer.public), {}
        for version, (_, says, folder) in self._known.items():
            made[version] = self._scratch / _IMAGER.format(version=version)
            made[version].write_bytes((folder / says.imager).read_bytes() + scripts)
        return made

    def _read(self, file: Path) -> tuple[Image, Described]:
        try:
            document = json.loads(file.read_bytes())
            says = described(document)
            disk = file.parent / says.disk
            self._say(f"image {says.version}: {disk}")
            cut = packed(disk, file.parent / CHUNKS, str(document["disk"].get("sha256", "")))
            offset = partition_offset(cut.mbr, says.data_partition)
        except OSError as error:
            raise CouldNot(f"the image {file.parent} cannot be read: {error.strerror} ({error.filename})") from error
        except (ValueError, AttributeError) as error:
            raise InvalidInput([Problem("bad-image", f"it is not an image: {error}", str(file))]) from None
        made_for = (says.version, says.kind, says.compatible, says.devices)
        return Image(*made_for, cut.mbr, cut.size_mib, offset, cut.chunks, says.bundle), says
