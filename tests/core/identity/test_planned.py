"""Registration in a plan: only where a fleet declares a CA, with a reason, and kept in the plan's document."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fleetctl.core.digest import canonical
from fleetctl.core.facts import Facts
from fleetctl.core.identity.certificate import Certificate
from fleetctl.core.identity.need import Known, need_of, read_back
from fleetctl.core.identity.reasons import Reason
from fleetctl.core.identity.registration import Registration, Wanted, wanted, wanted_at
from fleetctl.core.inventory.fleet import Authority, ComputeSettings, Fleet, Kind, Unit
from fleetctl.core.plan import Desired, Plan
from fleetctl.core.plan_document import from_document, to_document
from fleetctl.core.planning import Occasion, make_plan
from fleetctl.core.rollout.state import Action
from fleetctl.core.verdicts import Verdict, pack, unpack

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
RENEW = timedelta(days=30)
UNIT = Unit("s", "r1", Kind.RADIATOR, "qh", "10.0.0.2", serial="QR-1")
FLEET = Fleet("f", authority=Authority("a" * 64))
WANTED = Wanted("wanted", NOON, RENEW)
SEEN = Facts("s/r1", NOON, "b", "QR-1", "qh", "radiator", "1", "A", "A", "new")
REGISTERED = replace(
    SEEN, registration="wanted", certificate="a1", certificate_until=NOON + timedelta(days=60), host_key="k"
)
CERTIFICATE = Certificate("a1", "QR-1", "s/r1", "k1", "f1", NOON, NOON + timedelta(days=60), "PEM", "ada")
ENTRY = Registration("s/r1", "QR-1", "wanted", "a1", "none", "", "", NOON, "ada")
KNOWN = Known({"s/r1": ENTRY}, {"a1": CERTIFICATE})


def planned(seen: Facts, registration: Wanted = WANTED, config: str = "new") -> Plan:
    want = Desired("s/r1", "s", Kind.RADIATOR, "gw", "1", config, registration=registration)
    return make_plan(Occasion("p", "f", "u", NOON), [want], {"s/r1": seen}, {"s": "digest"})


@pytest.mark.parametrize(
    ("seen", "reason", "renews"),
    [
        (SEEN, "it is not registered", False),
        (replace(REGISTERED, registration="other"), "it is registered as something else", False),
        (replace(REGISTERED, certificate_until=NOON + timedelta(days=29)), "its certificate ends on 2026-12-22", True),
        (replace(REGISTERED, certificate_until=NOON), "its certificate has ended", True),
    ],
)
def test_why_a_unit_is_registered(seen: Facts, reason: str, renews: bool) -> None:
    (unit,) = planned(seen).units
    assert (unit.actions, unit.reasons, unit.registration) == ((Action.REGISTER,), (reason,), "wanted")
    assert unit.renews is renews
    assert not unit.reboot


def test_a_unit_that_is_registered_needs_nothing() -> None:
    assert planned(REGISTERED).is_empty


def test_a_fleet_without_a_ca_plans_as_if_nobody_had_thought_of_one() -> None:
    nobody = wanted_at(replace(FLEET, authority=None), UNIT, NOON)
    assert planned(SEEN, nobody).is_empty
    assert planned(REGISTERED, nobody).is_empty
    assert "registration" not in canonical(to_document(planned(SEEN, nobody, config="other"))).decode()


def test_registering_comes_after_all_else() -> None:
    (unit,) = planned(SEEN, config="other").units
    assert unit.actions == (Action.CONFIGURE, Action.REGISTER)


def test_a_plan_and_a_verdict_keep_what_is_to_be_registered() -> None:
    plan = planned(replace(REGISTERED, certificate_until=NOON))
    assert from_document(json.loads(json.dumps(to_document(plan)))).units == plan.units
    assert unpack(pack(Verdict(plan.units, (), 0))).units == plan.units


def test_the_digest_follows_what_is_declared_and_nothing_else() -> None:
    base = wanted(FLEET, UNIT)
    others = {
        wanted(FLEET, replace(UNIT, serial="QR-2")),
        wanted(FLEET, replace(UNIT, address="10.0.0.3")),
        wanted(FLEET, replace(UNIT, compute=ComputeSettings("slurm"))),
        wanted(replace(FLEET, authority=Authority("b" * 64)), UNIT),
    }
    assert len({base, *others}) == 5
    assert wanted(replace(FLEET, authority=Authority("a" * 64, renew_days=7)), UNIT) == base
    assert wanted(FLEET, replace(UNIT, room="kitchen")) == base
    assert wanted(FLEET, replace(UNIT, serial="")) == "", "nobody knows which machine belongs there"


@pytest.mark.parametrize(
    ("seen", "known", "why", "renews"),
    [
        (SEEN, KNOWN, "it is not registered", False),
        (REGISTERED, Known({"s/r1": ENTRY}, {}), "nobody here has issued", False),
        (REGISTERED, replace(KNOWN, certificates={"a1": CERTIFICATE.as_revoked(Reason.SUPERSEDED, NOON)}),
         "its certificate is revoked", True),
        (REGISTERED, replace(KNOWN, registrations={}), "the registry does not have it so", False),
        (REGISTERED, replace(KNOWN, registrations={"s/r1": replace(ENTRY, number="a0")}), "does not have it so", False),
    ],
)  # fmt: skip
def test_what_the_registry_adds_to_it(seen: Facts, known: Known, why: str, renews: bool) -> None:
    need = need_of("wanted", seen, known, NOON, RENEW)
    assert need is not None
    assert why in need.why
    assert need.renew is renews


def test_who_is_registered_with_everybody_needs_nothing_and_is_read_back() -> None:
    assert need_of("wanted", REGISTERED, KNOWN, NOON, RENEW) is None
    assert read_back("wanted", REGISTERED, KNOWN) is None
    assert read_back("wanted", SEEN, KNOWN) == "it does not show that it is registered"
    assert "another certificate" in (read_back("wanted", replace(REGISTERED, certificate="a9"), KNOWN) or "")
