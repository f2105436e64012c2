"""Reads bundles and checks them against the fleet's keyring. Fills the port `Bundles`.

RAUC's own check is asked where RAUC is installed: its verdict is the one that units will come to. Elsewhere the
signature is checked here, and in the verity form the whole payload besides, which RAUC leaves to the unit's kernel.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from fleetctl.adapters.bundles import chain, cms, layout, rauc, verity
from fleetctl.adapters.bundles.layout import BadLayout, Layout
from fleetctl.core.problems import CouldNot, InvalidInput, Problem
from fleetctl.core.releases.manifest import PLAIN, VERITY, Manifest, parse
from fleetctl.core.releases.offer import Bundle

_HINTS = {
    "unsigned-bundle": "sign it with 'rauc bundle --cert … --key …', or copy it again",
    "truncated-bundle": "copy the file again",
    "bad-signature": "units believe only what the fleet's keyring vouches for",
}


@dataclass(frozen=True)
class BundleReader:
    """Reads bundles.

    Attributes:
        keyring: file with the certificates that units believe, in PEM.
        ask_rauc: let RAUC judge, where it is installed.
    """

    keyring: Path
    ask_rauc: bool = True

    def read(self, path: Path, now: datetime) -> Bundle:
        """Return a bundle with everything that is wrong with it.

        Raises:
            InvalidInput: if there is no such file.
            CouldNot: if it or the keyring cannot be read.
        """
        if not path.is_file():
            raise InvalidInput([Problem("no-bundle", f"{path} is not there, or is not a file")])
        try:
            bundle = Bundle(str(path), path.stat().st_size, layout.sha256(path))
            return self._checked(bundle, layout.read(path), now)
        except BadLayout as error:
            return self._unsigned(bundle, path, error)
        except OSError as error:
            raise CouldNot(f"{path} cannot be read: {error.strerror}") from error

    def _checked(self, bundle: Bundle, parts: Layout, now: datetime) -> Bundle:
        try:
            signed = cms.read(parts.signature)
        except cms.BadSignature as error:
            return _with(bundle, _problem(bundle, "bad-signature", str(error)))
        try:
            read = replace(bundle, manifest=_manifest(parts, signed.content), signer=chain.name_of(signed.signer))
        except (BadLayout, ValueError) as error:
            code = getattr(error, "code", "bad-bundle")
            return _with(bundle, _problem(bundle, code, str(error)), *self._signature(bundle, parts, signed, now))
        return _with(read, *self._signature(read, parts, signed, now))

    def _signature(self, bundle: Bundle, parts: Layout, signed: cms.Signed, now: datetime) -> list[Problem]:
        """Return what is wrong with a signature, and with a payload that it covers by its hash tree."""
        asks = self.ask_rauc and parts.is_squashfs and rauc.is_installed()
        flaws = self._refused(parts) if asks else self._flaws(parts, signed, now)
        if bundle.manifest and signed.content is not None and (damage := _damage(bundle.manifest, parts)):
            flaws.append(damage)
        return [_problem(bundle, "bad-signature", text) for text in flaws]

    def _refused(self, parts: Layout) -> list[str]:
        """Return what RAUC says against a bundle."""
        try:
            rauc.info(parts.path, self.keyring)
        except BadLayout as error:
            return [str(error)]
        return []

    def _flaws(self, parts: Layout, signed: cms.Signed, now: datetime) -> list[str]:
        found = []
        content = parts.payload() if signed.content is None else [signed.content]
        try:
            cms.verify(signed, cms.digest(signed.hash, content))
        except cms.BadSignature as error:
            found.append(str(error))
        distrust = chain.distrust(signed.signer, signed.certificates, chain.read_keyring(self.keyring), now)
        return [*found, distrust] if distrust else found

    def _unsigned(self, bundle: Bundle, path: Path, error: BadLayout) -> Bundle:
        """Return what can be said of a file without a signature: a stand-in still shows its manifest."""
        with contextlib.suppress(ValueError):
            bundle = replace(bundle, manifest=parse(layout.manifest_of_tar(path)))
        return _with(bundle, _problem(bundle, error.code, str(error)))


def _manifest(parts: Layout, content: bytes | None) -> Manifest:
    """Return the manifest: out of the signature in the verity form, out of the payload in the plain one.

    Raises:
        ValueError: if it cannot be read, or is in the wrong place for its form.
        CouldNot: if no program is here that can read it.
    """
    if content is not None:
        manifest, form = parse(content.decode()), VERITY
    elif parts.is_squashfs:
        manifest, form = parse(rauc.manifest_of_squashfs(parts.path)), PLAIN
    else:
        manifest, form = parse(layout.manifest_of_tar(parts.path)), PLAIN
    if manifest.form != form:
        raise BadLayout(
            "bad-bundle", f"its manifest says that its form is '{manifest.form}', it is laid out as '{form}'"
        )
    return manifest


def _damage(manifest: Manifest, parts: Layout) -> str | None:
    """Return why a payload is not the one that a manifest vouches for by its hash tree."""
    size = parts.payload_size - manifest.verity_size
    if size <= 0 or size % verity.BLOCK:
        return "its payload does not have the size that the signature covers: it is cut off"
    found = verity.root(parts.payload(size, verity.BLOCK), bytes.fromhex(manifest.verity_salt))
    return None if found == manifest.verity_hash else "its payload is not the one that was signed"


def _with(bundle: Bundle, *problems: Problem) -> Bundle:
    return replace(bundle, problems=(*bundle.problems, *problems))


def _problem(bundle: Bundle, code: str, message: str) -> Problem:
    return Problem(code, message, bundle.path, hint=_HINTS.get(code, ""))
