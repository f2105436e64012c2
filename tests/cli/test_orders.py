"""`stop`, `hold`, `override`, `rollout approve`: from any process, recorded, and refused with hints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fleetctl.cli import compose
from fleetctl.cli.frame import Frame
from fleetctl.cli.running import exit_code
from fleetctl.core.policy import Wave
from fleetctl.core.rollout.state import CommandKind, Rollout, Status
from tests.builders.command import Called, call
from tests.builders.rollouts import rollout, rows
from tests.cli.test_completion import complete


def add(folder: Path, row: Rollout) -> None:
    with compose.state(Frame(folder)) as state:
        state.rollouts.add(row, rows(), {})


def waits(actor: str) -> Rollout:
    return replace(rollout(), actor=actor, waves=(Wave("canary"), Wave("rest")), wave=1, awaiting=True)


def events(folder: Path) -> list[str]:
    with compose.state(Frame(folder)) as state:
        assert state.chain_flaw() is None
        return [event.text for _, event in state.journal.events("")]


def test_a_hold_is_given_listed_and_removed(fleet_folder: Path) -> None:
    given = call("-o", "json", "hold", "add", "les-sables/a101-1", "--reason", "leak", inventory=fleet_folder)
    assert given.code == 0
    assert (given.document["schema"], given.document["scope"]) == ("fleetctl/hold/v1", "les-sables/a101-1")
    listed = call("-o", "json", "hold", "list", inventory=fleet_folder).document
    (hold,) = listed["holds"]
    assert (listed["schema"], hold["reason"], hold["actor"]) == ("fleetctl/holds/v1", "leak", Frame().actor)
    assert call("hold", "list", inventory=fleet_folder).lines[1].split()[:2] == [str(hold["id"]), "les-sables/a101-1"]
    assert call("hold", "remove", str(hold["id"]), inventory=fleet_folder).code == 0
    assert call("-o", "json", "hold", "list", inventory=fleet_folder).document["holds"] == []
    assert [text.split()[1] for text in events(fleet_folder)] == ["holds", "removed"]


def test_a_hold_that_is_not_there_is_bad_input(fleet_folder: Path) -> None:
    called = call("hold", "remove", "7", inventory=fleet_folder)
    assert called.code == 2
    assert "there is no hold 7" in called.err


def test_an_override_is_given_listed_and_taken_back(fleet_folder: Path) -> None:
    order = ("override", "add", "g1", "les-sables", "--reason", "empty", "--for", "90min")
    given = call("-o", "json", *order, inventory=fleet_folder).document
    assert (given["schema"], given["rule"], given["counts"]) == ("fleetctl/override/v1", "G1", True)
    (listed,) = call("-o", "json", "override", "list", inventory=fleet_folder).document["overrides"]
    assert listed == {key: value for key, value in given.items() if key != "schema"}
    assert "G1" in call("override", "list", inventory=fleet_folder).lines[1]
    assert call("override", "remove", str(given["id"]), inventory=fleet_folder).code == 0
    assert call("-o", "json", "override", "list", "--all", inventory=fleet_folder).document["overrides"] == []
    assert ["overrides G1" in text for text in events(fleet_folder)] == [True, False]


def test_everything_wrong_with_an_override_is_said_at_once(fleet_folder: Path) -> None:
    order = ("override", "add", "G4", "les-sable", "--reason", " ", "--for", "3 weeks")
    called = call("-o", "json", *order, inventory=fleet_folder)
    assert called.code == 2
    codes = {problem["code"] for problem in called.document["problems"]}
    assert codes == {"never-overridden", "unknown-site", "no-reason", "bad-duration"}
    assert "did you mean 'les-sables'?" in called.err


def test_stop_acts_with_an_inventory_that_is_broken(fleet_folder: Path) -> None:
    add(fleet_folder, rollout())
    (fleet_folder / "fleet.yaml").write_text("name: [this is no fleet\n")
    called = call("-o", "json", "stop", "--all", "--reason", "storm", inventory=fleet_folder)
    assert called.code == 0, called.err
    assert (called.document["schema"], called.document["paused"]) == ("fleetctl/stop/v1", ["r-1"])
    with compose.state(Frame(fleet_folder)) as state:
        (hold,) = state.orders.holds()
        (command,) = state.journal.commands("r-1")
    assert (hold.scope, hold.reason) == ("*", "storm")
    assert (command.kind, command.reason) == (CommandKind.PAUSE, "storm")


def test_stop_acts_from_a_machine_that_has_only_the_state(fleet_folder: Path, tmp_path: Path) -> None:
    add(fleet_folder, rollout())
    url = Frame(fleet_folder).state_url
    called = call("--state", url, "-o", "json", "stop", "--all", "--reason", "storm", inventory=tmp_path / "nowhere")
    assert called.code == 0, called.err


def test_a_hold_goes_through_although_nobody_can_check_its_scope(fleet_folder: Path) -> None:
    (fleet_folder / "fleet.yaml").write_text("name: [this is no fleet\n")
    called = call("hold", "add", "les-sables", "--reason", "storm", inventory=fleet_folder)
    assert called.code == 0
    assert "nobody checked that the scope exists" in called.err


def test_stop_wants_to_be_told_that_everything_is_meant(fleet_folder: Path) -> None:
    called = call("stop", "--reason", "storm", inventory=fleet_folder)
    assert called.code == 2
    assert "hold add" in called.err


@pytest.mark.parametrize("command", [("hold", "add", "*"), ("stop", "--all"), ("override", "add", "G1", "*")])
def test_no_order_goes_without_a_reason(fleet_folder: Path, command: tuple[str, ...]) -> None:
    assert call(*command, inventory=fleet_folder).code == 2
    assert events(fleet_folder) == []


def approve(folder: Path, *more: str) -> Called:
    return call("-o", "json", "rollout", "approve", "last", "--reason", "warm", *more, inventory=folder)


def test_a_wave_that_waits_is_approved(fleet_folder: Path) -> None:
    add(fleet_folder, waits("somebody else"))
    called = approve(fleet_folder, "--wave", "rest")
    assert called.code == 0, called.err
    assert (called.document["schema"], called.document["wave"]) == ("fleetctl/approval/v1", "rest")
    with compose.state(Frame(fleet_folder)) as state:
        (command,) = state.journal.commands("r-1")
    assert (command.kind, command.wave, command.reason) == (CommandKind.APPROVE, "rest", "warm")


def test_an_approval_that_nobody_will_see_says_what_to_do(fleet_folder: Path) -> None:
    add(fleet_folder, waits("somebody else"))
    assert "nobody drives it; next: fleetctl rollout resume r-1" in approve(fleet_folder).err


def test_a_rollout_that_waits_for_a_person_says_so(fleet_folder: Path) -> None:
    add(fleet_folder, waits("somebody else"))
    assert (
        "rollout r-1 is running: wave rest waits for approval"
        in call("rollout", "show", "r-1", inventory=fleet_folder).out
    )
    shown = call("-o", "json", "rollout", "show", "r-1", inventory=fleet_folder).document
    assert (shown["wave"], shown["awaiting_approval"], shown["waves"]) == ("rest", True, ["canary", "rest"])


@pytest.mark.parametrize(
    ("status", "awaiting", "code"),
    [
        (Status.RUNNING, True, 4),
        (Status.PAUSED, True, 4),
        (Status.HALTED, False, 4),
        (Status.SUCCEEDED, False, 0),
        (Status.FAILED, False, 1),
        (Status.ABORTED, True, 1),
    ],
)
def test_waiting_for_a_person_is_no_failure(status: Status, awaiting: bool, code: int) -> None:
    assert exit_code(replace(waits("ada"), status=status, awaiting=awaiting)) == code


def test_a_wave_that_does_not_wait_is_not_approved(fleet_folder: Path) -> None:
    add(fleet_folder, rollout())
    called = approve(fleet_folder)
    assert (called.code, called.document["problems"][0]["code"]) == (2, "nothing-waits")


def test_the_starter_does_not_approve(fleet_folder: Path) -> None:
    add(fleet_folder, waits(Frame().actor))
    called = approve(fleet_folder)
    assert (called.code, called.document["problems"][0]["code"]) == (2, "own-approval")


def test_the_shell_completes_scopes_rules_and_numbers(fleet_folder: Path) -> None:
    call("hold", "add", "*", "--reason", "storm", inventory=fleet_folder)
    add(fleet_folder, waits("ada"))
    assert complete(fleet_folder, "fleetctl hold add les") == ["les-sables"]
    assert complete(fleet_folder, "fleetctl hold add les-sables/a") == ["les-sables/a101-1", "les-sables/a101-2"]
    assert complete(fleet_folder, "fleetctl hold remove ") == ["1"]
    assert complete(fleet_folder, "fleetctl override add w") == ["window"]
    assert complete(fleet_folder, "fleetctl rollout approve last --wave c") == ["canary"]
