"""`unit swap` and `unit quarantine`: who stands where, in the inventory's file, the ledger and every plan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fleetctl.cli import compose
from fleetctl.cli.frame import Frame
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.identity.certificate import Certificate
from fleetctl.core.problems import CouldNot
from fleetctl.core.route import Pin
from tests.builders.command import call

ONE, TWO = "les-sables/a101-1", "les-sables/a101-2"
KEY, OTHER = Pin("ssh-ed25519", "AAAA"), Pin("ssh-ed25519", "BBBB")
NEW = ("unit", "swap", ONE, "--serial", "QR-9", "--mac", "0200.0000.0099")


def site_file(folder: Path) -> Path:
    return folder / "sites/les-sables.yaml"


def pin(folder: Path) -> None:
    state_of = compose.state(Frame(folder))
    with state_of as state:
        state.units.pin({ONE: (KEY,), TWO: (OTHER,)}, actor="kim", at=compose.clock().now().utc, why="imaged")


def pins(folder: Path) -> dict[str, tuple[Pin, ...]]:
    with compose.state(Frame(folder)) as state:
        return dict(state.units.pins())


def installed(folder: Path, unit: str) -> list[dict[str, Any]]:
    with compose.state(Frame(folder)) as state:
        entries = [entry.draft for entry in state.ledger.entries("les-sables") if entry.draft.subject == unit]
        assert state.chain_flaw() is None
    return [dict(draft.detail) for draft in entries if (draft.stage, draft.outcome) == (Stage.INSTALLED, Outcome.DONE)]


def test_a_new_machine_takes_an_old_place_and_everything_else_stays(fleet_folder: Path) -> None:
    pin(fleet_folder)
    file = site_file(fleet_folder)
    file.write_text(file.read_text().replace("  a101-1:", "  # beside the window\n  a101-1:"))
    before = file.read_text()
    done = call("-o", "json", *NEW, "--reason", "fan broken", inventory=fleet_folder)
    assert done.code == 0, done.err
    assert done.document["units"] == [{"unit": ONE, "before": "QR-1", "after": "QR-9"}]
    expected = before.replace("serial: QR-1, mac: 02:00:00:00:00:11", "serial: QR-9, mac: 02:00:00:00:00:99")
    assert file.read_text() == expected
    assert pins(fleet_folder) == {TWO: (OTHER,)}
    first, second = installed(fleet_folder, ONE)
    assert first == {"serial": "QR-1", "by": "inventory"}
    assert (second["serial"], second["before"], second["reason"]) == ("QR-9", "QR-1", "fan broken")
    assert f"unit adopt {ONE}" in done.err


def test_two_machines_are_declared_where_they_stand_with_their_keys(fleet_folder: Path) -> None:
    pin(fleet_folder)
    assert call("unit", "swap", ONE, "--with", TWO, inventory=fleet_folder).code == 0
    text = site_file(fleet_folder).read_text()
    one, two = (next(line for line in text.splitlines() if line.startswith(f"  {id}:")) for id in ("a101-1", "a101-2"))
    assert "serial: QR-2, mac: 02:00:00:00:00:12, address: 10.77.1.11, port: sw1/11" in one
    assert "serial: QR-1, mac: 02:00:00:00:00:11, address: 10.77.1.12, port: sw1/12" in two
    assert pins(fleet_folder) == {ONE: (OTHER,), TWO: (KEY,)}
    assert call("validate", inventory=fleet_folder).code == 0
    assert call("unit", "swap", TWO, "--with", ONE, inventory=fleet_folder).code == 0
    assert "a101-1: {dwelling: A101, room: living, serial: QR-1" in site_file(fleet_folder).read_text()


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        ((ONE, "--serial", "QR 9!", "--mac", "12"), {"bad-serial", "bad-mac"}),
        ((ONE, "--serial", "QR-9"), {"no-mac"}),
        ((ONE, "--serial", "QR-1", "--mac", "02:00:00:00:00:99"), {"same-machine"}),
        ((ONE, "--serial", "QR-2", "--mac", "02:00:00:00:00:12"), {"duplicate-serial", "duplicate-mac"}),
        ((ONE, "--with", ONE), {"same-unit"}),
        ((ONE, "--with", "les-sables/gw-a"), {"other-model"}),
        ((ONE,), {"not-one-swap"}),
        ((ONE, "--with", TWO, "--serial", "QR-9"), {"not-one-swap"}),
    ],
)
def test_what_cannot_be_swapped_is_said_at_once_and_nothing_changes(
    fleet_folder: Path, options: tuple[str, ...], codes: set[str]
) -> None:
    pin(fleet_folder)
    before = site_file(fleet_folder).read_bytes()
    refused = call("-o", "json", "unit", "swap", *options, inventory=fleet_folder)
    assert refused.code == 2
    assert {problem["code"] for problem in refused.document["problems"]} == codes
    assert site_file(fleet_folder).read_bytes() == before
    assert installed(fleet_folder, ONE) == []
    assert pins(fleet_folder) == {ONE: (KEY,), TWO: (OTHER,)}


def quarantine(folder: Path, *options: str, reason: str = "answers as a101-2", code: int = 0) -> str:
    called = call("unit", "quarantine", ONE, "--reason", reason, *options, inventory=folder)
    assert called.code == code, called.err
    return called.err


def test_a_quarantined_unit_is_left_out_of_plans_with_the_reason_until_it_is_lifted(fleet_folder: Path) -> None:
    def left_out() -> dict[str, str]:
        document = call("-o", "json", "plan", "--no-refresh", inventory=fleet_folder).document
        return {row["unit"]: row["reason"] for row in document["left_out"]}

    quarantine(fleet_folder)
    assert "quarantined by" in left_out()[ONE]
    assert "answers as a101-2" in left_out()[ONE]
    assert f"fleetctl unit quarantine {ONE} --lift" in left_out()[ONE]
    assert left_out()[TWO] == "never observed"
    shown = call("-o", "json", "unit", "show", ONE, inventory=fleet_folder).document
    assert (shown["machine"]["lifecycle"], shown["machine"]["reason"]) == ("quarantined", "answers as a101-2")
    quarantine(fleet_folder, "--lift", reason="label was right")
    assert left_out()[ONE] == "never observed"


def test_a_quarantine_is_neither_doubled_nor_lifted_where_there_is_none(fleet_folder: Path) -> None:
    assert "it is not quarantined" in quarantine(fleet_folder, "--lift", code=1)
    quarantine(fleet_folder)
    assert "quarantined by" in quarantine(fleet_folder, code=1)
    assert "there is no reason" in quarantine(fleet_folder, reason=" ", code=2)


def test_a_new_machine_is_not_in_the_quarantine_of_the_old_one(fleet_folder: Path) -> None:
    quarantine(fleet_folder)
    assert call(*NEW, inventory=fleet_folder).code == 0
    assert call("-o", "json", "unit", "show", ONE, inventory=fleet_folder).document["machine"] == {}


@pytest.mark.parametrize("text", ["", "0", "61min", "1h", "-5", "60 s"])
def test_a_unit_blinks_for_an_hour_at_most(fleet_folder: Path, text: str) -> None:
    refused = call("-o", "json", "unit", "identify", ONE, "--for", text, inventory=fleet_folder)
    assert refused.code == 2, refused.err
    assert [problem["code"] for problem in refused.document["problems"]] == ["bad-time"]


@pytest.mark.parametrize(("days", "is_believed"), [(30, True), (-1, False)])
def test_who_goes_is_believed_no_longer_than_its_certificate_or_it_is_said(
    fleet_folder: Path, days: int, is_believed: bool
) -> None:
    now = compose.clock().now().utc
    end = now + timedelta(days=days)
    held = Certificate("0a", "QR-1", ONE, "key", "print", now - timedelta(days=60), end, "PEM", "kim")
    with compose.state(Frame(fleet_folder)) as state:
        state.registry.keep(held, now)
    done = call("-o", "json", *NEW, inventory=fleet_folder)
    assert done.document["believed"] == (["QR-1"] if is_believed else [])
    assert ("fleetctl ca revoke QR-1" in done.err) is is_believed


def cut_after_the_file(fleet_folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> None:
    """Call `unit swap` and cut it off when the file is written and the state is not."""
    write = compose.replace_whole

    def written_and_gone(files: Mapping[str, tuple[bytes, bytes]]) -> None:
        write(files)
        raise CouldNot("the power is gone")

    with monkeypatch.context() as patched:
        patched.setattr(compose, "replace_whole", written_and_gone)
        assert call("unit", "swap", *options, inventory=fleet_folder).code == 1


def test_a_swap_that_was_cut_is_finished_by_asking_again(fleet_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pin(fleet_folder)
    cut_after_the_file(fleet_folder, monkeypatch, *NEW[2:])
    assert pins(fleet_folder)[ONE] == (KEY,)
    done = call("-o", "json", *NEW, inventory=fleet_folder)
    assert done.document["units"] == [{"unit": ONE, "before": "QR-1", "after": "QR-9"}]
    assert done.document["files"] == []
    assert [detail["serial"] for detail in installed(fleet_folder, ONE)] == ["QR-1", "QR-9"]
    assert pins(fleet_folder) == {TWO: (OTHER,)}
    assert call(*NEW, inventory=fleet_folder).code == 2, "it is done"


def test_an_exchange_that_was_cut_is_finished_and_not_turned_back(
    fleet_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(fleet_folder)
    cut_after_the_file(fleet_folder, monkeypatch, ONE, "--with", TWO)
    after = site_file(fleet_folder).read_bytes()
    assert call("unit", "swap", ONE, "--with", TWO, inventory=fleet_folder).code == 0
    assert site_file(fleet_folder).read_bytes() == after
    assert pins(fleet_folder) == {ONE: (OTHER,), TWO: (KEY,)}
    assert [detail["serial"] for detail in installed(fleet_folder, ONE)] == ["QR-1", "QR-2"]
