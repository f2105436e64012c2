"""Builds what keeps, checks and signs releases. Part of `compose`."""

from __future__ import annotations

import os
from pathlib import Path

from fleetctl.adapters.bundles.reader import BundleReader
from fleetctl.adapters.tuf.ceremony import Ceremony
from fleetctl.adapters.tuf.folder import MetadataFolder
from fleetctl.adapters.tuf.keys import VARIABLE as KEYS_VARIABLE
from fleetctl.adapters.tuf.keys import KeyFolder
from fleetctl.adapters.tuf.repository import TufReleases
from fleetctl.adapters.whole_file import write_whole
from fleetctl.cli import compose
from fleetctl.cli.frame import Frame
from fleetctl.core.releases.declaring import FOLDER
from fleetctl.services.releases import Depot

TRUST_VARIABLE = "FLEETCTL_RELEASE_TRUST"
KEYRING = "keyring.pem"


def releases(frame: Frame) -> TufReleases:
    """Return the fleet's signed releases."""
    named = os.environ.get(TRUST_VARIABLE)
    trust = Path(named).expanduser() if named else frame.state_folder / "trust"
    return TufReleases(frame.folder / FOLDER, MetadataFolder(trust, mode=0o600), KeyFolder(_keys_folder()))


def depot(frame: Frame) -> Depot:
    """Return where the fleet's releases come from and go to.

    Raises:
        InvalidInput: if `fleet.yaml` cannot be used.
    """
    return Depot(compose.shared(frame), releases(frame), BundleReader(frame.folder / FOLDER / KEYRING))


def ceremony(frame: Frame) -> Ceremony:
    """Return what draws up and signs the root of the fleet's releases."""
    return Ceremony(releases(frame))


def rewrite(frame: Frame, content: bytes) -> None:
    """Write `fleet.yaml` whole, readable by whoever could read it before."""
    file = frame.folder / "fleet.yaml"
    write_whole(file, content, mode=file.stat().st_mode & 0o777)


def _keys_folder() -> Path:
    named = os.environ.get(KEYS_VARIABLE)
    usual = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config") / "fleetctl" / "release-keys"
    return (Path(named) if named else usual).expanduser()
