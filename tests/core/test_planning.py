"""Plans: desired against observed, deterministic, saved, and refused when stale."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.digest import canonical
from fleetctl.core.facts import Cause, Facts, Observation, Unobserved
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.plan import Desired, Plan
from fleetctl.core.plan_document import from_document, to_document, to_markdown, to_text_lines
from fleetctl.core.planning import LIFETIME, Circumstances, Occasion, make_plan, moved, refusal
from fleetctl.core.policy import Policy
from fleetctl.core.problems import InvalidInput
from fleetctl.core.rollout.enlist import Terms, admit, enlist, in_order
from fleetctl.core.rollout.state import Action
from tests.builders.world import START

OCCASION = Occasion("p-1", "les-sables", "state-1", START, "site=s")
SITES = {"s": "digest-of-s", "t": "digest-of-t"}
FILES = {"/etc/motd": "new-motd", "/etc/fleet/boot.conf": "new-boot"}


def desired(unit: str = "s/r1", **changes: object) -> Desired:
    site = unit.partition("/")[0]
    base = Desired(
        unit, site, Kind.RADIATOR, "gw", "1", "new", files=FILES, reboots=frozenset({"/etc/fleet/boot.conf"})
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # tests name real fields


def facts(unit: str = "s/r1", **changes: object) -> Facts:
    base = Facts(
        unit=unit,
        at=START,
        boot_id="b1",
        serial="QR-1",
        model="qh-1",
        kind="radiator",
        version="1",
        booted="A",
        primary="A",
        config_digest="new",
        host_key="SHA256:k",
        files=FILES,
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # tests name real fields


def plan(want: Desired | None = None, seen: Observation | None = None) -> Plan:
    want = want or desired()
    return make_plan(OCCASION, [want], {seen.unit: seen} if seen else {}, SITES)


def test_a_unit_that_is_as_desired_needs_nothing() -> None:
    made = plan(seen=facts())
    assert (made.is_empty, made.unchanged) == (True, 1)


CASES: list[tuple[str, Desired, Facts, list[Action], str]] = [
    (
        "no config yet",
        desired(files={"/etc/motd": "x"}),
        facts(config_digest="", files={}),
        [Action.CONFIGURE],
        "no config yet",
    ),
    (
        "a file differs",
        desired(),
        facts(config_digest="old", files={**FILES, "/etc/motd": "old"}),
        [Action.CONFIGURE],
        "config differs in /etc/motd",
    ),
    (
        "a file that needs a reboot",
        desired(),
        facts(config_digest="old", files={**FILES, "/etc/fleet/boot.conf": "old"}),
        [Action.CONFIGURE, Action.REBOOT],
        "takes effect only after a reboot",
    ),
    (
        "edited by hand",
        desired(),
        facts(config_changed=("/etc/motd",)),
        [Action.CONFIGURE],
        "edited on the unit: /etc/motd",
    ),
    ("never confirmed", desired(), facts(unconfirmed="new"), [Action.CONFIGURE], "never confirmed"),
    ("reboot owed", desired(), facts(reboot_needed=True), [Action.REBOOT], "waits for a reboot"),
    (
        "file removed",
        desired(),
        facts(config_digest="old", files={**FILES, "/etc/x": "x"}),
        [Action.CONFIGURE],
        "/etc/x",
    ),
]


@pytest.mark.parametrize(("want", "seen", "actions", "why"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_each_difference_has_its_action_and_its_reason(
    want: Desired, seen: Facts, actions: list[Action], why: str
) -> None:
    (unit,) = plan(want, seen).units
    assert list(unit.actions) == actions
    assert why in "; ".join(unit.reasons)


def test_the_residents_setpoint_and_the_sensors_are_never_drift() -> None:
    assert facts().binding_digest == facts(at=START + timedelta(hours=3), boot_id="b2").binding_digest


@pytest.mark.parametrize(
    ("seen", "cause"),
    [
        (None, None),
        (Unobserved("s/r1", START, Cause.GATEWAY_DOWN, "gateway s/gw does not answer"), Cause.GATEWAY_DOWN),
        (facts(serial="QR-2"), Cause.WRONG_IDENTITY),
    ],
)
def test_what_cannot_be_judged_is_left_out_with_the_reason(seen: Observation | None, cause: Cause | None) -> None:
    made = plan(desired(serial="QR-1"), seen)
    assert made.is_empty
    assert made.left_out[0].cause is cause
    assert made.left_out[0].reason


def test_units_that_the_inventory_lost_are_orphaned_only_in_a_plan_of_the_whole_fleet() -> None:
    seen: Mapping[str, Observation] = {"s/r1": facts(), "s/gone": facts("s/gone")}
    assert make_plan(OCCASION, [desired()], seen, SITES, declared=["s/r1"]).orphaned == ("s/gone",)
    assert make_plan(OCCASION, [desired()], seen, SITES).orphaned == ()


# --- saved -------------------------------------------------------------------------------------------------------

names = st.integers(1, 60).map(lambda n: f"s/r{n}")


@given(st.lists(st.tuples(names, st.sampled_from(["new", "old", ""])), unique_by=lambda t: t[0]), st.randoms())
def test_the_same_inputs_give_the_same_bytes_in_any_order(units: list[tuple[str, str]], random: object) -> None:
    seen = {unit: facts(unit, config_digest=digest) for unit, digest in units}
    wanted = [desired(unit) for unit, _ in units]
    first = canonical(to_document(make_plan(OCCASION, wanted, seen, SITES)))
    random.shuffle(wanted)  # type: ignore[attr-defined]  # Hypothesis gives a random.Random
    again = canonical(to_document(make_plan(OCCASION, wanted, dict(reversed(seen.items())), SITES)))
    assert first == again


@given(st.lists(st.tuples(names, st.sampled_from(["new", "old", ""])), unique_by=lambda t: t[0]))
def test_a_saved_plan_is_read_as_it_was(units: list[tuple[str, str]]) -> None:
    seen = {unit: facts(unit, config_digest=digest) for unit, digest in units}
    made = make_plan(OCCASION, [desired(unit) for unit, _ in units], seen, SITES)
    assert from_document(json.loads(json.dumps(to_document(made)))) == made


@pytest.mark.parametrize("edit", [{"selection": "site=t"}, {"units": []}, {"expires": "2099-01-01T00:00:00.000Z"}])
def test_a_plan_edited_by_hand_is_refused(edit: dict[str, object]) -> None:
    document = {**to_document(plan(seen=facts(config_digest="old"))), **edit}
    with pytest.raises(ValueError, match="edited after it was saved"):
        from_document(document)


def test_something_else_than_a_plan_is_refused() -> None:
    with pytest.raises(ValueError, match="not a plan"):
        from_document({"schema": "fleetctl/inventory/v1"})


# --- stale -------------------------------------------------------------------------------------------------------


def standing(**changes: object) -> Circumstances:
    base = Circumstances("state-1", START, SITES, {"s/r1": "new"}, {"s/r1": facts(config_digest="old")})
    return replace(base, **changes)  # type: ignore[arg-type]  # tests name real fields


STALE = plan(seen=facts(config_digest="old"))


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (standing(site_digests={"s": "other"}), "changed in the inventory"),
        (standing(config_digests={"s/r1": "newer"}), "renders differently"),
        (standing(observed={}), "not observed"),
        (standing(observed={"s/r1": Unobserved("s/r1", START, Cause.UNREACHABLE, "no answer")}), "cannot be observed"),
        (standing(observed={"s/r1": facts(config_digest="other")}), "changed since the plan"),
    ],
)
def test_a_stale_plan_says_what_moved(now: Circumstances, why: str) -> None:
    assert why in moved(STALE, now)["s/r1"]
    with pytest.raises(InvalidInput, match="s/r1"):
        admit(STALE, now)


def test_a_plan_still_stands_when_only_sensors_moved() -> None:
    assert moved(STALE, standing(observed={"s/r1": facts(config_digest="old", boot_id="b9")})) == {}


def test_a_plan_of_another_state_or_too_old_is_refused_as_a_whole() -> None:
    assert "another state" in str(refusal(STALE, standing(state="state-2")))
    assert "expired" in str(refusal(STALE, standing(at=START + LIFETIME)))


def test_the_second_of_two_racing_merges_loses_only_the_sites_they_share() -> None:
    seen = {"s/r1": facts(config_digest="old"), "t/r1": facts("t/r1", config_digest="old")}
    made = make_plan(OCCASION, [desired(), desired("t/r1")], seen, SITES)
    now = standing(
        site_digests={"s": "merged first", "t": SITES["t"]},
        config_digests={"s/r1": "new", "t/r1": "new"},
        observed=seen,
    )
    admitted = admit(made, now)
    assert [unit.unit for unit in admitted.units] == ["t/r1"]
    assert list(admitted.left_out) == ["s/r1"]


def test_a_rollout_works_site_by_site_and_gateways_come_first() -> None:
    wanted = [desired("t/a"), desired("s/a"), desired("s/gw", kind=Kind.GATEWAY, gateway="")]
    seen = {want.unit: facts(want.unit, config_digest="old") for want in wanted}
    made = make_plan(OCCASION, wanted, seen, SITES)
    now = standing(config_digests=dict.fromkeys(seen, "new"), observed=seen)
    rollout, units = enlist(made, admit(made, now), Terms("r1", Policy("p"), "/fleet", "operator", START))
    assert [unit.unit for unit in units] == ["s/gw", "s/a", "t/a"]
    assert rollout.sites == ("s", "t")


def test_units_of_much_slack_go_first_within_their_site() -> None:
    wanted = [desired(f"s/{id}") for id in ("a", "b", "c")]
    seen = {want.unit: facts(want.unit, config_digest="old") for want in wanted}
    units = make_plan(OCCASION, wanted, seen, SITES).units
    ordered = in_order(units, {"s/a": 100.0, "s/b": 300.0, "s/c": 200.0})
    assert [unit.unit for unit in ordered] == ["s/b", "s/c", "s/a"]


# --- for people --------------------------------------------------------------------------------------------------


def test_units_with_the_same_needs_share_a_line() -> None:
    units = [f"s/r{n}" for n in range(1, 10)]
    seen = {unit: facts(unit, config_digest="old", files={**FILES, "/etc/motd": "old"}) for unit in units}
    lines = list(to_text_lines(make_plan(OCCASION, [desired(unit) for unit in units], seen, SITES)))
    assert lines[1] == "  configure: 9 units: r1, r2, r3, r4, r5, r6 and 3 more"
    assert lines[-1] == "9 to configure, 0 unchanged"


def test_markdown_for_a_pull_request_cannot_be_broken_by_a_reason() -> None:
    seen = Unobserved("s/r1", START, Cause.BAD_ANSWER, "said <script> | and\nmore")
    text = to_markdown(plan(seen=seen))
    assert "| `s/r1` | said &lt;script> \\| and more |" in text
