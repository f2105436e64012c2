"""Who signs bundles changes over two releases, on a stand-in with the real RAUC: the steps of docs/images.md."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from fleetctl.core.problems import CouldNot
from fleetctl.lab import levels
from fleetctl.lab.bundles import Signer, signer_in
from fleetctl.lab.layout import Level
from fleetctl.lab.system import bundles
from tests.builders.acceptance import SITE, on_unit, phases, unit
from tests.builders.released import Released, a_released_lab

pytestmark = [pytest.mark.system, pytest.mark.acceptance]

RADIATOR = unit("a102-1")
ONLY = f"site={SITE},unit=a102-1"
UNITS_KEYRING = "etc/rauc/keyring.pem"


@dataclass(frozen=True)
class House:
    """Who signs: an authority, and a builder that it vouches for."""

    authority: str
    builder: Signer

    @classmethod
    def made(cls, site: Released, folder: Path) -> House:
        """Hold a key ceremony. Every one gives the authority the same name."""
        site.cli("image", "keys", str(folder))
        key = load_pem_private_key((folder / "builder.key").read_bytes(), None)
        assert isinstance(key, EllipticCurvePrivateKey)
        certificate = x509.load_pem_x509_certificate((folder / "builder.pem").read_bytes())
        return cls((folder / "authority.pem").read_text(), Signer(key, certificate))


@dataclass(frozen=True)
class Ceremony:
    """A fleet whose bundles somebody else signs from now on."""

    site: Released
    folder: Path
    old: str
    """PEM of who signed so far."""

    def keyring(self, *authorities: str) -> None:
        """Write the fleet's own keyring, by which releases are taken."""
        (self.site.cli.folder / "releases/keyring.pem").write_text("".join(authorities))

    def release(self, version: str, signer: Signer, *believes: str) -> None:
        """Sign a release that brings a keyring."""
        file = self.folder / f"{version}.raucb"
        bundles.build(file, "heat-qh-1", version, signer, files={UNITS_KEYRING: "".join(believes)})
        self.site.cli("release", "add", str(file))
        self.site.cli("release", "promote", "qh-1-stable", version)

    def apply(self, *, code: int = 0) -> str:
        """Roll out; returns what the unit's phase and reason are."""
        self.site.cli("apply", ONLY, "--yes", "--policy", "update", code=code)
        (row,) = self.site.cli.json("rollout", "show", "last")["units"]
        assert phases(self.site.cli) == {RADIATOR: row["phase"]}
        return f"{row['phase']}: {row['reason']}"


@pytest.fixture
def ceremony(tmp_path: Path) -> Iterator[Ceremony]:
    try:
        levels.choose(Level.SYSTEM, as_root=os.geteuid() == 0)
    except CouldNot as reason:
        pytest.skip(str(reason))
    with a_released_lab(tmp_path, "dwelling=A102", tier="system") as site:
        yield Ceremony(site, tmp_path, (site.cli.folder / "releases/keyring.pem").read_text())


def test_who_signs_changes_over_two_releases(ceremony: Ceremony) -> None:
    lab, (old, new) = ceremony.old, (House.made(ceremony.site, ceremony.folder / name) for name in ("old", "new"))
    first = signer_in(ceremony.site.cli.folder / ".fleetctl/lab-signer")
    ceremony.keyring(lab, old.authority, new.authority)
    ceremony.release("qh-1-2026.12.0", new.builder, new.authority)
    assert "signature" in ceremony.apply(code=1), "who missed the release between does not believe the new authority"
    ceremony.release("qh-1-2026.12.1", first, lab, old.authority, new.authority)
    assert ceremony.apply().startswith("succeeded")
    ceremony.release("qh-1-2026.12.2", new.builder, new.authority)
    assert ceremony.apply().startswith("succeeded")
    assert on_unit(ceremony.site.cli, RADIATOR, "cat", f"/{UNITS_KEYRING}") == new.authority
    ceremony.release("qh-1-2026.12.3", old.builder, old.authority)
    assert "signature" in ceremony.apply(code=1), "what the old authority signs is believed no more"
    assert ceremony.site.version("a102-1") == "qh-1-2026.12.2"
