"""A fleet with signed releases, on a lab: the real command line, keys and bundles made on the spot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fleetctl.adapters.tuf.folder import MetadataFolder
from fleetctl.adapters.tuf.keys import KeyFolder
from fleetctl.adapters.tuf.repository import TufReleases
from tests.builders.acceptance import SITE, status_of, unit
from tests.builders.cli import Cli

QUICK = (
    "max_in_progress: 8, max_failed: 4, retries: 0, step_timeout_s: 60, unit_timeout_s: 300, reboot_timeout_s: 60, "
    "heat_timeout_s: 30, confirm_timeout_s: 10"
)
POLICIES = f"""policies:
  update: {{{QUICK}}}
  slowly: {{{QUICK.replace("retries: 0", "retries: 2")}, staging: {{rate_bytes_per_s: 300000}}}}
"""
PRESENT = {"gw-1": "gw-1-2026.11.0", "qh-1": "qh-1-2026.11.0", "qb-1": "qb-1-2026.11.0"}
"""What the example's channels stand for, and the stand-ins run."""


@dataclass(frozen=True)
class Released:
    """The fleet, and the words that its releases need."""

    cli: Cli
    tier: str = "light"

    def release(
        self, version: str, *, size_mb: int = 0, like: str = "", fails: str = "", channel: str = "qh-1-stable"
    ) -> str:
        """Build, sign and promote a release for the radiators; returns its SHA-256."""
        sick = [*(["--fails", fails] if fails else []), *(["--like", like] if like else [])]
        made = ("lab", "bundle", version, "--model", "qh-1", "--tier", self.tier, "--size-mb", str(size_mb))
        self.cli(*made, *sick)
        added = self.cli.json("release", "add", f"{version}.raucb")
        self.cli("release", "promote", channel, version)
        return str(added["sha256"])

    def follow(self, name: str, channel: str) -> None:
        """Let a radiator follow a channel of its own."""
        self.cli.edit(f"sites/{SITE}.yaml", (f"  {name}: {{", f"  {name}: {{channel: {channel}, "))

    def version(self, name: str) -> str:
        """Return the version that a unit says it runs."""
        return str(status_of(self.cli, unit(name))["release"]["version"])

    def expire(self) -> None:
        """Sign the metadata as they would have been a month ago."""
        releases, trust = self.cli.folder / "releases", MetadataFolder(self.cli.folder / ".fleetctl/trust", mode=0o600)
        keys = KeyFolder(Path(self.cli.env["FLEETCTL_RELEASE_KEYS"]))
        TufReleases(releases, trust, keys).renew(datetime.now(UTC) - timedelta(days=31))


@contextmanager
def a_released_lab(
    folder: Path, selection: str, tier: str = "light", *, policies: str = "", weather: Sequence[str] = ()
) -> Iterator[Released]:
    """Bring up a part of the demo fleet whose present releases are signed; its units have just booted.

    Args:
        folder: for the fleet and the keys of its releases.
        selection: which units.
        tier: of the lab.
        policies: declared beside those of this module.
        weather: options of `lab up`: the outdoor temperature, how fast time goes.
    """
    cli = Cli(Cli.of_example("demo", folder / "demo").folder, {"FLEETCTL_RELEASE_KEYS": str(folder / "keys")})
    cli.edit("fleet.yaml", ("policies:\n", f"{POLICIES}{policies}"))
    cli("release", "keys", "init")
    for model, version in PRESENT.items():
        cli("lab", "bundle", version, "--model", model, "--tier", tier)
        cli("release", "add", f"{version}.raucb")
        cli("release", "promote", f"{model}-stable", version)
    cli("lab", "up", "--select", selection, "--tier", tier, *weather)
    try:
        yield Released(cli, tier)
    finally:
        cli("lab", "down", code=None)
