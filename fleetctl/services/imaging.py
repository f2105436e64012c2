"""Imaging over the network: answers what machines ask, by what is declared, signed and remembered.

`core.imaging.desk` decides; here are the unit that a machine is meant for, the image that it may have, and the state.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fleetctl.core.digest import digest
from fleetctl.core.imaging import desk, ipxe
from fleetctl.core.imaging.claim import Claim, Mistaken, Register
from fleetctl.core.imaging.desk import Answer, FromDisk, Given, Offer, Token
from fleetctl.core.imaging.image import Image
from fleetctl.core.imaging.manifest import NAMESPACE, manifest
from fleetctl.core.imaging.record import Imaging, Stranger
from fleetctl.core.imaging.sshsig import armoured, to_be_signed
from fleetctl.core.inventory.fleet import Fleet, Unit
from fleetctl.core.releases.catalogue import Catalogue
from fleetctl.ports import Clock, Images, Releases, Signer, State

GROUND_LIVES_S = 5.0
"""The inventory may change while machines wait; so long is an answer by the one before."""


@dataclass(frozen=True)
class Ground:
    """What is declared and signed.

    Attributes:
        catalogue: the signed releases; None if the fleet keeps none.
        stale: why no new work may begin, in words; None if it may.
    """

    fleet: Fleet
    register: Register
    catalogue: Catalogue | None = None
    stale: str | None = None


def ground_of(fleet: Fleet, releases: Releases, now: datetime) -> Ground:
    """Return what machines are held against.

    Raises:
        InvalidInput, CouldNot: if the signed releases cannot be verified.
    """
    register = Register(fleet.units())
    if not releases.is_kept:
        return Ground(fleet, register)
    return Ground(fleet, register, releases.catalogue(), releases.freshness(now))


@dataclass(frozen=True)
class Supply:
    """What an imaging server gives: images, signed manifests, fresh tokens, and who may log in to a unit."""

    images: Images
    signer: Signer
    new_token: Callable[[], str]
    authorized: Callable[[Unit], str]


class ImagingDesk:
    """Answers machines. Fills the port `Desk`; may be used from many threads."""

    def __init__(self, state: State, ground: Callable[[], Ground], supply: Supply, clock: Clock) -> None:
        """Take what is needed; `ground` is asked again when its answer is some seconds old."""
        self._state, self._supply, self._clock = state, supply, clock
        self._load, self._ground = ground, ground()
        self._ground_ends_s = clock.now().monotonic_s + GROUND_LIVES_S

    def script(self, claim: Claim, server: str, address: str) -> str:
        """Return the script for iPXE: boot the imager, boot from the disk, or wait."""
        unit, now = self._unit(claim, address), self._now()
        if isinstance(unit, str):
            return ipxe.refuse(unit)
        answer = self._state.imaging.change(unit.name, self._admission(unit, claim, now), now)
        if isinstance(answer, Given):
            return ipxe.boot_imager(server, unit.release, claim.serial, claim.mac)
        return ipxe.boot_from_disk(answer.reason) if isinstance(answer, FromDisk) else ipxe.refuse(answer.reason)

    def manifest(self, claim: Claim, address: str) -> bytes | str:
        """Return a signed manifest with a new token, or why there is none."""
        unit, now = self._unit(claim, address), self._now()
        if isinstance(unit, str):
            return unit
        image, token = self._image(unit), self._supply.new_token()
        admit, fresh = self._admission(unit, claim, now), Token(digest(token.encode()), now + desk.TOKEN_LIFE)

        def decide(record: Imaging | None) -> Answer:
            admitted = admit(record)
            if not isinstance(admitted, Given):
                return admitted
            return desk.issue(admitted.record, claim, Offer(unit.release), fresh, now)

        answer = self._state.imaging.change(unit.name, decide, now)
        if not isinstance(answer, Given):
            return answer.reason
        assert image is not None  # noqa: S101 - nobody is admitted without one
        return self._signed(manifest(unit, image, claim, token, self._supply.authorized(unit)))

    def enrol(self, claim: Claim, token: str, key: str) -> str | None:
        """Hear a machine's host key; returns why not, or None."""
        return self._heard(claim, lambda record, now: desk.enrol(record, claim, digest(token.encode()), key, now))

    def finish(self, claim: Claim, token: str) -> str | None:
        """Hear that a machine's disk boots; returns why not, or None."""
        return self._heard(claim, lambda record, now: desk.finish(record, claim, digest(token.encode()), now))

    def tell(self, claim: Claim, note: str) -> None:
        """Hear how far an imager is."""
        self._heard(claim, lambda record, now: desk.tell(record, claim, note, now))

    def _heard(self, claim: Claim, decide: Callable[[Imaging | None, datetime], Answer]) -> str | None:
        unit, now = self._current().register.unit_of(claim), self._now()
        if isinstance(unit, Mistaken):
            return unit.reason
        answer = self._state.imaging.change(unit.name, lambda record: decide(record, now), now)
        return None if isinstance(answer, Given) else answer.reason

    def _unit(self, claim: Claim, address: str) -> Unit | str:
        """Return the unit that a machine is meant for; one that is nobody's is remembered, with the reason."""
        unit, now = self._current().register.unit_of(claim), self._now()
        if not isinstance(unit, Mistaken):
            return unit
        self._state.imaging.saw(Stranger(claim, unit.reason, now, now, units=unit.units, address=address))
        for name in unit.units:
            self._state.imaging.change(name, lambda record: desk.contest(record, claim, now), now)
        return unit.reason

    def _admission(self, unit: Unit, claim: Claim, now: datetime) -> Callable[[Imaging | None], Answer]:
        offer = Offer(unit.release, obstacle(self._current(), unit, self._image(unit)))
        strangers = self._state.imaging.strangers()
        return lambda record: desk.admit(record, claim, strangers, offer, now)

    def _image(self, unit: Unit) -> Image | None:
        compatible = self._current().fleet.models[unit.model].compatible
        return next((image for image in self._supply.images.images() if image.fits(unit, compatible)), None)

    def _signed(self, text: bytes) -> bytes:
        signer = self._supply.signer
        signature = b64decode(signer.sign(to_be_signed(text, NAMESPACE)))
        return text + armoured(signer.public, signature, NAMESPACE).encode()

    def _current(self) -> Ground:
        now_s = self._clock.now().monotonic_s
        if now_s >= self._ground_ends_s:
            self._ground_ends_s = now_s + GROUND_LIVES_S
            self._ground = self._load()
        return self._ground

    def _now(self) -> datetime:
        return self._clock.now().utc


def obstacle(ground: Ground, unit: Unit, image: Image | None) -> str | None:
    """Return why a unit may not be given an image now, in words; None if it may."""
    if not unit.release:
        return "no release is declared for it"
    if ground.stale is not None:
        return ground.stale
    if ground.catalogue is not None and (reason := ground.catalogue.unusable(unit.release)):
        return reason
    if image is None:
        return f"there is no image of {unit.release} for a {unit.kind} {unit.model}"
    if ground.catalogue is not None and image.bundle != ground.catalogue.releases[unit.release].sha256:
        return f"the image of {unit.release} was not built with the bundle that is signed"
    return None
