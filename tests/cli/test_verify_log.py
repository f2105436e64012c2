"""`rollout verify-log`: whoever owns the database rewrites or truncates the log, chain and all, and is found out."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from fleetctl.adapters.log_key import LogKey
from fleetctl.cli import compose
from fleetctl.cli.frame import Frame
from fleetctl.cli.witness import sign_now
from tests.builders.command import Called, call


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the key and the heads of this test in files of its own."""
    monkeypatch.setenv("FLEETCTL_LOG_KEY", str(tmp_path / "key"))
    monkeypatch.setenv("FLEETCTL_LOG_HEADS", str(tmp_path / "heads.jsonl"))
    return tmp_path


def hold(folder: Path, *reasons: str) -> None:
    with compose.state(Frame(folder)) as state:
        for reason in reasons:
            state.orders.add_hold("*", actor="ada", at=compose.clock().now().utc, reason=reason)


def sign(folder: Path) -> None:
    with compose.state(Frame(folder)) as state:
        sign_now(Frame(folder), state)


def forge(folder: Path, keep: int, *texts: str) -> None:
    """Rewrite the log as its owner may: the first entries stay, others follow, and all digests fit."""
    with sqlite3.connect(folder / ".fleetctl" / "state.db") as raw:
        raw.execute("DROP TRIGGER IF EXISTS events_no_update")
        raw.execute("DROP TRIGGER IF EXISTS events_no_delete")
        raw.execute("DELETE FROM events WHERE number > ?", (keep,))
        last = raw.execute("SELECT number, digest FROM events ORDER BY number DESC LIMIT 1").fetchone() or (0, "")
        raw.execute("UPDATE meta SET last_event = ?, last_digest = ?", last)
    raw.close()
    with compose.state(Frame(folder)) as state:
        assert state.chain_flaw() is None, "the forged chain is whole in itself"
        for text in texts:
            state.orders.add_hold("*", actor="eve", at=compose.clock().now().utc, reason=text)
        assert state.chain_flaw() is None


def check(folder: Path, *options: str) -> Called:
    return call("-o", "json", "rollout", "verify-log", *options, inventory=folder)


@pytest.fixture
def signed(fleet_folder: Path) -> Path:
    """A fleet whose log has two entries with a signed head, and a third one after it."""
    hold(fleet_folder, "one", "two")
    sign(fleet_folder)
    hold(fleet_folder, "three")
    return fleet_folder


def test_an_untouched_log_is_whole_and_says_how_much_is_vouched_for(signed: Path) -> None:
    checked = check(signed)
    assert checked.code == 0, checked.err
    assert (checked.document["schema"], checked.document["whole"]) == ("fleetctl/log-check/v1", True)
    assert [checked.document[key] for key in ("events", "signed", "heads")] == [3, 2, 1]


def test_a_rewritten_log_whose_own_digests_all_fit_is_found_out(signed: Path) -> None:
    forge(signed, 1, "TWO", "three", "four")
    checked = check(signed)
    assert checked.code == 1
    assert "event 2 or one before it is not what it was" in checked.err
    assert not checked.document["whole"]


def test_a_truncated_log_whose_head_was_set_back_is_found_out(signed: Path) -> None:
    forge(signed, 1)
    checked = check(signed)
    assert checked.code == 1
    assert "event 2 was there when its head was signed" in checked.err


def test_a_rewritten_log_is_not_signed_again_by_the_controller(
    signed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forge(signed, 1, "TWO", "three")
    sign(signed)
    assert "was not signed: the event log no longer holds event 2" in capsys.readouterr().err
    assert check(signed).code == 1


def test_heads_signed_by_a_forger_are_not_believed(signed: Path, elsewhere: Path) -> None:
    (elsewhere / "key").rename(elsewhere / "own")
    (elsewhere / "heads.jsonl").rename(elsewhere / "kept")
    forge(signed, 1, "TWO")
    sign(signed)
    (elsewhere / "own").rename(elsewhere / "key")
    checked = check(signed)
    assert checked.code == 1
    assert "signed with a key that is not trusted" in checked.err


def test_an_auditor_checks_with_a_copy_of_the_heads_and_the_public_key(
    signed: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = elsewhere / "audit.pub"
    public.write_text(LogKey(elsewhere / "key").public + "\n")
    copy = (elsewhere / "heads.jsonl").rename(elsewhere / "copy.jsonl")
    monkeypatch.setenv("FLEETCTL_LOG_KEY", str(elsewhere / "no key here"))
    assert "not trusted" in check(signed, "--heads", str(copy)).err
    assert check(signed, "--heads", str(copy), "--key", str(public)).code == 0
    assert not (elsewhere / "no key here").exists(), "a check makes no key"


def test_heads_of_another_state_vouch_for_nothing(signed: Path, elsewhere: Path) -> None:
    other = elsewhere / "other.jsonl"
    other.write_text("")
    checked = check(signed, "--heads", str(other))
    assert checked.code == 1
    assert "has no signed head of this log" in checked.err


def test_heads_that_are_not_there_are_bad_usage(signed: Path, elsewhere: Path) -> None:
    assert check(signed, "--heads", str(elsewhere / "nowhere")).code == 2


def test_a_log_that_nobody_signed_yet_says_so(fleet_folder: Path) -> None:
    hold(fleet_folder, "one")
    checked = check(fleet_folder)
    assert checked.code == 0
    assert "no signed head" in checked.err


def test_orders_that_people_gave_while_a_controller_led_are_signed_when_it_ends(signed: Path) -> None:
    with compose.state(Frame(signed)) as state:
        seat = compose.seat(Frame(signed), state, lambda: True)
        with seat.lead():
            hold(signed, "four")
    assert check(signed).document["signed"] == 4


def test_what_a_controller_did_not_come_to_is_signed_by_the_next(signed: Path) -> None:
    with compose.state(Frame(signed)) as state:
        seat = compose.seat(Frame(signed), state, lambda: True)
        with seat.lead():
            pass
    assert check(signed).document["signed"] == 3
