"""Metrics as text, kinds of reasons, and promtool's opinion of both."""

from __future__ import annotations

import math
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.metrics import ActiveRollout, Family, Sample, Whole, families, reason_kind, text
from fleetctl.core.policy import Freeze, Policy, Window
from fleetctl.core.rollout.holds import Hold
from fleetctl.core.rollout.state import Phase, Status
from fleetctl.core.windows import opening
from tests.builders.world import START

WHOLE = Whole(
    version="1.2.3",
    epoch=7,
    lease_until=START,
    statuses={Status.RUNNING: 1, Status.SUCCEEDED: 4},
    failures={"unreachable": 2, "other": 1},
    holds=1,
    overrides=2,
    events=1234,
)
STANDING = ActiveRollout(
    rollout="r-1",
    status=Status.RUNNING,
    created=START,
    changed=START + timedelta(seconds=90.5),
    phases={Phase.PENDING: 20, Phase.REBOOTING: 2},
    blocked={"G1": 3, "window": 1},
    down=2,
    down_w=1300.0,
    awaiting=False,
    halted_sites=0,
    oldest=START + timedelta(seconds=30),
)


def said(*standings: ActiveRollout) -> str:
    return text(families(WHOLE, standings))


@pytest.mark.parametrize(
    "line",
    [
        'fleetctl_build_info{version="1.2.3"} 1',
        "fleetctl_controller_epoch 7",
        "fleetctl_controller_lease_timestamp_seconds 1768500000",
        'fleetctl_rollouts{status="running"} 1',
        'fleetctl_rollouts{status="halted"} 0',
        'fleetctl_attempt_failures_total{cause="unreachable"} 2',
        "fleetctl_holds 1",
        "fleetctl_overrides 2",
        "fleetctl_log_events_total 1234",
        'fleetctl_rollout_units{rollout="r-1",phase="pending"} 20',
        'fleetctl_rollout_units{rollout="r-1",phase="failed"} 0',
        'fleetctl_rollout_sites_blocked{rollout="r-1",reason="G1"} 3',
        'fleetctl_rollout_units_down{rollout="r-1"} 2',
        'fleetctl_rollout_down_watts{rollout="r-1"} 1300',
        'fleetctl_rollout_running{rollout="r-1"} 1',
        'fleetctl_rollout_awaiting_approval{rollout="r-1"} 0',
        'fleetctl_rollout_oldest_phase_timestamp_seconds{rollout="r-1"} 1768500030',
        'fleetctl_rollout_changed_timestamp_seconds{rollout="r-1"} 1768500090.5',
    ],
)
def test_everything_is_told(line: str) -> None:
    assert line in said(STANDING).splitlines()


@pytest.mark.parametrize("status", [Status.PAUSED, Status.HALTED])
def test_a_rollout_that_stands_still_can_be_alerted_on(status: Status) -> None:
    lines = said(replace(STANDING, status=status, awaiting=True)).splitlines()
    assert 'fleetctl_rollout_running{rollout="r-1"} 0' in lines
    assert 'fleetctl_rollout_awaiting_approval{rollout="r-1"} 1' in lines


def test_a_family_is_announced_once_and_its_samples_stand_together() -> None:
    lines = said(STANDING, replace(STANDING, rollout="r-2")).splitlines()
    heads = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(heads) == len(set(heads))
    family = ""
    for line in lines:
        family = line.split()[2] if line.startswith("# TYPE") else family
        assert line.startswith("#") or line.partition(" ")[0].partition("{")[0] == family


def test_what_has_nothing_to_say_is_left_out() -> None:
    assert "fleetctl_rollout_units" not in said()
    assert "oldest" not in said(replace(STANDING, oldest=None))


@given(st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_any_label_and_value_makes_one_line_that_can_be_read_back(label: str, value: float) -> None:
    family = Family("fleetctl_x", "gauge", "a\nb\\c", (Sample(value, {"label": label}),))
    head, kind, *lines = text([family]).removesuffix("\n").split("\n")
    assert (head, kind) == ("# HELP fleetctl_x a\\nb\\\\c", "# TYPE fleetctl_x gauge")
    (line,) = lines
    assert math.isclose(float(line.rpartition(" ")[2]), value)
    quoted = line.removeprefix('fleetctl_x{label="').rpartition('"} ')[0]
    assert unescaped(quoted) == label


def unescaped(quoted: str) -> str:
    """Read a label's value as Prometheus does."""
    plain, escape = "", False
    for character in quoted:
        if escape:
            plain += {"n": "\n"}.get(character, character)
        elif character != "\\":
            plain += character
        escape = character == "\\" and not escape
    return plain


# --- kinds of reasons -----------------------------------------------------------------------------------------------

NIGHTS = Policy("nights", windows=(Window(("mon",), 0, 60),))
FROZEN = Policy("frozen", freeze=(Freeze("2026-01-01", "2026-12-31", "holidays"),))
REASONS: Sequence[tuple[str, str]] = [
    ("G1 A101: 95 min to 18 °C at -7 °C, 2 x 14 min needed; G2 ...", "G1"),
    ("G12 x", "G12"),
    ("max_unavailable: 3 of 3 units of site s are down", "max_unavailable"),
    ("3 units of the fleet are down, limit 3", "max_unavailable"),
    ("never: dwelling A101 asks not to be touched", "never"),
    (Hold(3, "launaguet", "ada", "G1 storm, limit 4", START).text, "hold"),
    (opening(NIGHTS, START, UTC).reason, "window"),
    (opening(FROZEN, START, UTC).reason, "window"),
    ("window open until Mon 2026-01-19 05:00 CET: 3 min left, 28 min needed", "window"),
    ("wave rest waits for approval", "approval"),
    ("the rollout is halted: 2 of 29 failed, limit 1", "stopped"),
    ("the controller is stopping", "stopped"),
    ("2 of 29 failed, limit 1", "failure_limit"),
    ("8 of at most 8 units are under way", "max_in_progress"),
    ("16 of at most 16 units stage or install", "max_staging"),
    ("the releases' signed metadata expired (timestamp at 2026-11-23 00:00 UTC); sign them anew", "metadata"),
    ("rollout r-2 works on site s", "other_rollout"),
    ("site s is halted: A101 fell to 17.2 °C", "site_halted"),
    ("s/r1 is in doubt and is being observed", "in_doubt"),
    ("gateway s/gw does not answer", "gateway"),
    ("a gateway waits until nothing of site s is under way (2 units are)", "gateway"),
    ("retry in 5 s: no answer", "retry"),
    ("something new", "other"),
]


@pytest.mark.parametrize(("reason", "kind"), REASONS)
def test_a_reason_is_of_one_of_few_kinds(reason: str, kind: str) -> None:
    assert reason_kind(reason) == kind


# --- promtool -------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_nothing_to_say() -> None:
    odd = replace(STANDING, rollout='r-"2"\\', blocked={"other": 1})
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=said(STANDING, odd), capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
