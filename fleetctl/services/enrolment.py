"""What a `register` step needs of us: a certificate for the unit's request, then everybody else who has to know it.

Both halves are safe to repeat: a key that has a certificate gets that one again, a node that is there is left alone,
and the registry's entry is replaced by the same. Whatever is away (the CA's key, the platform) leaves the unit with
what it has already, and is told as `away`: asking again finishes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fleetctl.core.clock import to_text
from fleetctl.core.facts import Cause
from fleetctl.core.identity.certificate import Certificate, profile_of
from fleetctl.core.identity.issuing import Again, NoCertificate, Request, decide
from fleetctl.core.identity.registration import ENROLMENT_SCHEMA, NO_PLATFORM, Registration, renewal, wanted
from fleetctl.core.inventory.fleet import Authority, Fleet, Unit
from fleetctl.core.problems import CouldNot
from fleetctl.ports import Clock, State
from fleetctl.ports.identity import Issuer, NotRegistered
from fleetctl.ports.platform import PlatformNode
from fleetctl.services.marks import quarantine, refused

StandingOf = Callable[[Unit], PlatformNode | None]
"""Returns where a unit is a node; None if it only heats. Raises `CouldNot` if nobody here speaks with its platform."""
JOIN_S = 60.0
"""How long a node has to join its platform."""
PROOF_S = 120.0
"""How long a real job on the node may take, waiting included."""
MAX_REQUEST = 16 << 10


def suspect(state: State, unit: Unit, reason: str, actor: str, at: datetime) -> None:
    """Leave a machine alone that may be another than it says, until a person has looked."""
    if unit.name not in refused(state, [unit.name]):  # it may be so already, for this or another reason
        quarantine(state, unit.name, reason, actor=actor, at=at)


@dataclass(frozen=True)
class Registrar:
    """Registers the units of one fleet.

    Attributes:
        authority: what the fleet declares of its CA.
        issuer: signs.
        standing_of: says where units are nodes.
        actor: who asked for it.
    """

    fleet: Fleet
    authority: Authority
    issuer: Issuer
    state: State
    standing_of: StandingOf
    clock: Clock
    actor: str

    def enrolment(self, unit: Unit, answer: bytes) -> bytes:
        """Return what a unit is sent for its answer to `fleet-unit identity`: certificate, chain, registration.

        Raises:
            NotRegistered: if it gets none; says why.
        """
        try:
            chain = self.issuer.chain()
        except CouldNot as reason:
            raise NotRegistered(str(reason), cause=Cause.AWAY, hint=reason.hint) from reason
        certificate = self._certificate(unit, self._request(unit, answer))
        told = {
            "digest": wanted(self.fleet, unit),
            "unit": unit.name,
            "serial": unit.serial,
            "number": certificate.number,
            "not_after": to_text(certificate.not_after),
        }
        texts = {"certificate": certificate.pem, "chain": chain.issuing, "root": chain.root}
        return json.dumps({"schema": ENROLMENT_SCHEMA, **texts, "registration": told}).encode()

    def complete(self, unit: Unit, still: Callable[[], None]) -> str:
        """Let everybody else know a unit that has its certificate; returns what was done, in words.

        Args:
            unit: it has its certificate.
            still: raises `CouldNot` if this is not to be done any more, or not by us; asked right before anything is
                written, for joining takes minutes.

        Raises:
            NotRegistered: if somebody could not be told; the unit keeps its certificate. Or if that was revoked
                meanwhile, as by a retirement: what nobody believes is registered with nobody.
            CouldNot: of `still`.
        """
        node, proof = self._join(unit)
        at = self.clock.now().utc
        held = [c for c in self.state.registry.certificates(serial=unit.serial) if c.unit == unit.name and c.holds(at)]
        if not held:
            raise NotRegistered(f"{unit.name} has no certificate any more that holds", cause=Cause.REFUSED)
        number = max(held, key=lambda c: c.not_before).number
        digest, platform = wanted(self.fleet, unit), unit.compute.platform if node else NO_PLATFORM
        entry = Registration(unit.name, unit.serial, digest, number, platform, node, proof, at, self.actor)
        still()
        self.state.registry.register(entry)
        return f"node {node} of {platform}, {proof or 'not proved: it is drained'}" if node else "heat only"

    def _request(self, unit: Unit, answer: bytes) -> Request:
        try:
            return self.issuer.read(str(json.loads(answer[:MAX_REQUEST])["request"]))
        except (ValueError, KeyError, TypeError) as error:
            raise NotRegistered(f"{unit.name} did not answer with a request", cause=Cause.BAD_ANSWER) from error
        except CouldNot as reason:
            raise NotRegistered(f"{unit.name}: {reason}", cause=Cause.BAD_ANSWER, hint=reason.hint) from reason

    def _certificate(self, unit: Unit, request: Request) -> Certificate:
        now, registry = self.clock.now().utc, self.state.registry
        known = registry.certificates(serial=unit.serial, key=request.key)
        answer = decide(request, unit, known, now, renewal(self.authority))
        if isinstance(answer, NoCertificate):
            if answer.suspect:
                suspect(self.state, unit, answer.reason, self.actor, now)
            cause = Cause.WRONG_IDENTITY if answer.suspect else Cause.REFUSED
            raise NotRegistered(answer.reason, cause=cause)
        if isinstance(answer, Again):
            return answer.certificate
        return self._issued(unit, request, now)

    def _issued(self, unit: Unit, request: Request, now: datetime) -> Certificate:
        try:
            certificate = self.issuer.issue(request, profile_of(self.fleet, self.authority, unit, now), self.actor)
        except CouldNot as reason:
            raise NotRegistered(str(reason), cause=Cause.AWAY, hint=reason.hint) from reason
        self.state.registry.keep(certificate, now)  # before anybody has it: what is not kept cannot be revoked
        return certificate

    def _join(self, unit: Unit) -> tuple[str, str]:
        """Return the unit's node and what proves it; both are empty for heat only."""
        try:
            standing = self.standing_of(unit)
            if standing is None:
                return "", ""
            node = standing.platform.register(standing.node, within_s=JOIN_S)
            # One that is drained, by us for a rollout or by a person, takes no job; its drain is nobody's to lift here.
            proof = f"job {standing.platform.prove(standing.node, within_s=PROOF_S).id}" if node.takes_jobs else ""
            return standing.node, proof
        except CouldNot as reason:
            text = f"{unit.name} has its certificate, but is no node of {unit.compute.platform} yet: {reason}"
            raise NotRegistered(text, cause=Cause.AWAY, hint=reason.hint) from reason
