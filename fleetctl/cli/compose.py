"""The one place that builds adapters from the global options. Everything heavy is imported where it is built."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fleetctl.cli.frame import Frame

if TYPE_CHECKING:
    from fleetctl.adapters.secrets import SecretResolver
    from fleetctl.core.config import Config
    from fleetctl.core.inventory.fleet import Fleet
    from fleetctl.ports import FleetFiles, SiteCache, TemplateFiles


def fleet(frame: Frame) -> Fleet:
    """Load the fleet.

    Raises:
        InvalidInput: with everything that is wrong with it.
    """
    from fleetctl.services.load import load

    return load(fleet_files(frame), site_cache(frame))


def fleet_files(frame: Frame) -> FleetFiles:
    """Return the files of the fleet's folder; problems show them as seen from the working folder."""
    from fleetctl.adapters.fleet_files import FolderFiles

    here, folder = Path.cwd(), frame.folder
    return FolderFiles(folder.relative_to(here) if folder.is_relative_to(here) else folder)


def write_files(folder: Path, files: Mapping[str, str], *, overwrite: bool) -> list[Path]:
    """Write text files into a folder; returns their paths."""
    from fleetctl.adapters import new_files

    return new_files.write_files(folder, files, overwrite=overwrite)


def site_cache(frame: Frame) -> SiteCache:
    """Return the cache of what was made from each site."""
    from fleetctl.adapters.site_cache import FolderCache

    return FolderCache(frame.state_folder / "cache")


def template_files(frame: Frame) -> TemplateFiles:
    """Return the templates, the fleet's own in the place of ours."""
    from fleetctl.adapters.share import TemplateFolders

    return TemplateFolders(frame.folder)


def written_configs(folder: Path, configs: Iterable[Config]) -> Iterator[Config]:
    """Write configs into a folder and yield each of them."""
    from fleetctl.adapters.rendered_files import write_configs

    return write_configs(folder, configs)


def secrets(frame: Frame, of: Fleet) -> SecretResolver:
    """Return what resolves the secrets that a fleet declares."""
    from fleetctl.adapters.secrets import SecretResolver

    return SecretResolver(of.secrets, frame.folder)
