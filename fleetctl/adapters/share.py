"""Finds what ships with fleetctl, templates and playbooks, and what a fleet's own folder puts in their place.

In a checkout they stand beside the package, in a wheel inside it (`fleetctl/_share/`). A fleet's folder may hold
`templates/` and `playbooks/` of its own: each file there replaces the one of the same name, or adds to them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import fleetctl
from fleetctl.core.digest import digest_of
from fleetctl.core.document import SourceFile
from fleetctl.core.problems import CouldNot, InvalidInput, Problem

if TYPE_CHECKING:
    from fleetctl.core.templates import Templates

MANIFEST = "manifest.yaml"
OVERLAYS = ".fleetctl/playbooks"
"""Where playbooks are put together when a fleet replaces some, inside the fleet's folder."""
_TEMPLATE_SUFFIX = ".j2"


def shared_folder(name: str) -> Path:
    """Return the folder of that name that ships with fleetctl (`templates`, `playbooks`).

    Raises:
        CouldNot: if it is missing from the installation.
    """
    package = Path(fleetctl.__file__).resolve().parent
    for home in (package / "_share", package.parent):
        if (home / name).is_dir():
            return home / name
    raise CouldNot(f"{package} lacks its {name}", hint="install fleetctl again")


class TemplateFolders:
    """The templates of a fleet: those that ship with fleetctl, or the fleet's own in their place."""

    def __init__(self, fleet_folder: Path | None = None) -> None:
        own = fleet_folder / "templates" if fleet_folder else None
        self._files = _overlaid(shared_folder("templates"), own)

    @cached_property
    def digest(self) -> str:
        """Return the digest of every template and of the manifest.

        Raises:
            InvalidInput: if a template is not text.
        """
        return digest_of(self._texts)

    def read(self) -> Templates:
        """Read the manifest and hold it against the templates.

        Raises:
            InvalidInput: if the manifest is not one.
        """
        # YAML and pydantic, which a plan from what is remembered does not need.
        from fleetctl.adapters.yaml_reader import read
        from fleetctl.core.templates import Source, templates_of

        sources = {name: Source(text, _shown(self._files[name])) for name, text in self._texts.items()}
        manifest = sources.pop(MANIFEST)
        return templates_of(sources, read(SourceFile(manifest.origin, manifest.text.encode())))

    @cached_property
    def _texts(self) -> Mapping[str, str]:
        return {
            name: _text(path)
            for name, path in self._files.items()
            if name == MANIFEST or name.endswith(_TEMPLATE_SUFFIX)
        }


def playbooks_folder(fleet_folder: Path | None = None) -> Path:
    """Return the folder of playbooks to run, with its roles and plugins.

    Where the fleet replaces some, they are put together under `.fleetctl/playbooks/DIGEST`: a playbook finds its roles
    and plugins beside itself, so all of it must stand in one folder.
    """
    shared = shared_folder("playbooks")
    own = fleet_folder / "playbooks" if fleet_folder else None
    if fleet_folder is None or own is None or not own.is_dir():
        return shared
    files = _overlaid(shared, own)
    digest = digest_of({name: [path.read_bytes().hex(), os.access(path, os.X_OK)] for name, path in files.items()})
    return _put_together(files, fleet_folder / OVERLAYS / digest)


def images_folder(fleet_folder: Path | None = None) -> Path:
    """Return the folder of recipes and overlays of system images: the fleet's own, whole, or the one that ships."""
    own = fleet_folder / "images" if fleet_folder else None
    return own if own is not None and (own / "recipes.yaml").is_file() else shared_folder("images")


def _overlaid(shared: Path, own: Path | None) -> Mapping[str, Path]:
    """Map names, relative to their folder, to files; the fleet's own come before those of the same name."""
    files = _files(shared)
    if own is not None and own.is_dir():
        files |= _files(own)
    return {name: files[name] for name in sorted(files)}


def _files(folder: Path) -> dict[str, Path]:
    return {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in path.relative_to(folder).parts)
    }


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        hint = "save the file as UTF-8"
        raise InvalidInput([Problem("not-utf-8", "the template is not UTF-8 text", _shown(path), hint=hint)]) from None
    except OSError as error:
        raise CouldNot(f"{path} cannot be read: {error.strerror}", hint="check who may read it") from None


def _put_together(files: Mapping[str, Path], target: Path) -> Path:
    if target.is_dir():
        return target
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    try:
        for name, path in files.items():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, draft / name)
        draft.rename(target)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not target.is_dir():  # another process may have been quicker; what it made is the same
            raise
    return target


def _shown(path: Path) -> str:
    """Return the path as a person would type it: relative to here where that is shorter."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
