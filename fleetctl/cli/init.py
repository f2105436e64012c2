"""`fleetctl init`: a new fleet repository."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the new fleet; made if it is missing.")],
) -> None:
    """Start a fleet: `fleet.yaml`, an example site, schemas for the editor, a CI workflow."""
    from fleetctl import __version__
    from fleetctl.cli import compose
    from fleetctl.core.starter import starter_files

    written = compose.write_files(folder, starter_files(folder.resolve().name, version=__version__), overwrite=False)
    sys.stderr.writelines(f"wrote {path}\n" for path in written)
    sys.stderr.write(f"next: describe your site in {folder}/sites/, then 'fleetctl -i {folder} validate'\n")
