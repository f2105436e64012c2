"""Builds what keeps, checks and signs releases. Part of `compose`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from fleetctl.adapters.tuf.folder import KEYS_VARIABLE, METADATA, MetadataFolder, is_kept
from fleetctl.adapters.whole_file import write_whole
from fleetctl.cli import compose
from fleetctl.cli.frame import Frame
from fleetctl.core.releases.declaring import FOLDER

if TYPE_CHECKING:  # TUF costs what a plan of a fleet without signed releases need not pay
    from fleetctl.adapters.tuf.ceremony import Ceremony
    from fleetctl.adapters.tuf.repository import TufReleases
    from fleetctl.services.releases import Depot

TRUST_VARIABLE = "FLEETCTL_RELEASE_TRUST"
KEYRING = "keyring.pem"


def keeps_releases(frame: Frame) -> bool:
    """Say whether the fleet has signed releases, or ever had some that this machine trusted; verifies nothing."""
    return is_kept(*_folders(frame))


def releases(frame: Frame) -> TufReleases:
    """Return the fleet's signed releases."""
    from fleetctl.adapters.tuf.keys import KeyFolder
    from fleetctl.adapters.tuf.repository import TufReleases

    _, trust = _folders(frame)
    return TufReleases(frame.folder / FOLDER, trust, KeyFolder(_keys_folder()))


def depot(frame: Frame) -> Depot:
    """Return where the fleet's releases come from and go to.

    Raises:
        InvalidInput: if `fleet.yaml` cannot be used.
    """
    from fleetctl.adapters.bundles.reader import BundleReader
    from fleetctl.services.releases import Depot

    return Depot(compose.shared(frame), releases(frame), BundleReader(frame.folder / FOLDER / KEYRING))


def ceremony(frame: Frame) -> Ceremony:
    """Return what draws up and signs the root of the fleet's releases."""
    from fleetctl.adapters.tuf.ceremony import Ceremony

    return Ceremony(releases(frame))


def rewrite(frame: Frame, content: bytes) -> None:
    """Write `fleet.yaml` whole, readable by whoever could read it before."""
    file = frame.folder / "fleet.yaml"
    write_whole(file, content, mode=file.stat().st_mode & 0o777)


def _folders(frame: Frame) -> tuple[MetadataFolder, MetadataFolder]:
    """Return what is published, and what this machine trusts."""
    named = os.environ.get(TRUST_VARIABLE)
    trust = Path(named).expanduser() if named else frame.state_folder / "trust"
    return MetadataFolder(frame.folder / FOLDER / METADATA), MetadataFolder(trust, mode=0o600)


def _keys_folder() -> Path:
    named = os.environ.get(KEYS_VARIABLE)
    usual = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config") / "fleetctl" / "release-keys"
    return (Path(named) if named else usual).expanduser()
