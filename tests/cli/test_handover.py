"""`commission note` and `lift`, `report handover` and `report verify`, against a state on disk."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from fleetctl.cli import compose
from fleetctl.cli.frame import Frame
from fleetctl.core.commissioning.ledger import dwelling_subject
from fleetctl.core.commissioning.stages import Outcome, Stage
from tests.builders.command import Called, call
from tests.builders.field import Field

SITE = "les-sables"


@pytest.fixture
def fleet(fleet_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fleet in which a dwelling was commissioned, and a log key of the test's own."""
    monkeypatch.setenv("FLEETCTL_LOG_KEY", str(tmp_path / "log-key"))
    monkeypatch.delenv("LC_ALL", raising=False)
    frame = Frame(fleet_folder)
    site = compose.fleet(frame).sites[SITE]
    field = Field(site)
    for id in list(site.dwellings)[:1]:
        field.dwelling(id)
    with compose.state(frame) as state:
        state.ledger.append(field.drafts)
    return fleet_folder


def report(fleet: Path, out: Path, *options: str) -> Path:
    called = call("report", "handover", SITE, *options, "--out", out, inventory=fleet)
    assert (called.code, called.out) == (0, ""), called.err
    return out


def verify(fleet: Path, *words: str | Path) -> Called:
    return call("report", "verify", *words, inventory=fleet)


def test_a_reserve_is_noted_reported_and_lifted(fleet: Path, tmp_path: Path) -> None:
    noted = call("commission", "note", f"{SITE}/A101", "rayure", "--by", "Léa Martin", inventory=fleet)
    assert noted.out == f"reserve 1 of {dwelling_subject(SITE, 'A101')} is noted: rayure\n"
    assert "Léa Martin, le " in report(fleet, tmp_path / "one.html", "--lang", "fr").read_text()
    lifted = call("-o", "json", "commission", "lift", "1", "repeint", inventory=fleet).document
    assert (lifted["schema"], lifted["lifted"]["text"]) == ("fleetctl/reserve/v1", "repeint")
    two = report(fleet, tmp_path / "two.json", "--format", "json")
    assert verify(fleet, tmp_path / "one.html", two).code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("note", f"{SITE}/Z999", "x"), "unknown-place"),
        (("note", f"{SITE}/A101", " "), "empty-reserve"),
        (("lift", "7"), "no-open-reserve"),
        (("lift", "7", "--site", "nowhere"), "unknown-site"),
    ],
)
def test_a_reserve_that_cannot_be_is_refused(fleet: Path, words: tuple[str, ...], code: str) -> None:
    called = call("commission", *words, inventory=fleet)
    assert called.code == 2
    assert f"[{code}]" in called.err


def test_one_report_in_three_forms_is_genuine_and_its_owners(fleet: Path, tmp_path: Path) -> None:
    forms = {"a.html": ("--lang", "fr"), "b.html": ("--lang", "en"), "c.json": ("--format", "json")}
    files = [report(fleet, tmp_path / name, *options) for name, options in forms.items()]
    called = verify(fleet, *files)
    assert (called.code, called.out) == (0, "")
    assert called.err.count("report 1 of les-sables is genuine; ledger and log hold what it says") == 3
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


def test_the_language_is_that_of_the_environment(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    assert '<html lang="fr">' in call("report", "handover", SITE, inventory=fleet).out


def test_json_is_the_form_where_output_is_json(fleet: Path) -> None:
    document = call("-o", "json", "report", "handover", SITE, "--dwelling", "A101", inventory=fleet).document
    assert document["schema"] == "fleetctl/handover/v1"
    assert [each["id"] for each in document["report"]["dwellings"]] == ["A101"]


@pytest.mark.parametrize("words", [("nowhere",), (SITE, "--dwelling", "Z999")])
def test_there_is_no_report_of_what_is_not_declared(fleet: Path, words: tuple[str, ...]) -> None:
    called = call("report", "handover", *words, inventory=fleet)
    assert (called.code, called.out) == (2, "")


@pytest.mark.parametrize("form", ["html", "json"])
def test_a_changed_byte_is_found(fleet: Path, tmp_path: Path, form: str) -> None:
    file = report(fleet, tmp_path / "report", "--format", form)
    content = file.read_bytes()
    for place in (0, 40, len(content) // 2, len(content) - 200, len(content) - 30):
        file.write_bytes(content[:place] + bytes([content[place] ^ 2]) + content[place + 1 :])
        called = verify(fleet, file)
        assert (called.code, f"error: {file}: " in called.err) == (1, True), place


def test_a_foreign_key_is_not_believed_but_one_that_is_named_is(
    fleet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = report(fleet, tmp_path / "report.html")
    public = tmp_path / "log-key.pub"
    public.write_text(_public(tmp_path / "log-key"))
    monkeypatch.setenv("FLEETCTL_LOG_KEY", str(tmp_path / "another-key"))
    refused = verify(fleet, file, "--alone")
    assert (refused.code, "a key that is not trusted" in refused.err) == (1, True)
    assert "ledger and log were not looked at" in verify(fleet, file, "--alone", "--key", public).err
    assert not (tmp_path / "another-key").exists()


def _public(key: Path) -> str:
    from fleetctl.adapters.log_key import LogKey

    return LogKey(key).public + "\n"


def test_a_file_alone_needs_neither_fleet_nor_state(
    fleet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = report(fleet, tmp_path / "report.html")
    monkeypatch.chdir(tmp_path)
    assert call("report", "verify", "--alone", file).code == 0


def test_a_ledger_that_no_longer_holds_it_is_found(fleet: Path, tmp_path: Path) -> None:
    file = report(fleet, tmp_path / "report.html")
    database = fleet / ".fleetctl/state.db"
    _execute(database, "DELETE FROM ledger WHERE number = (SELECT max(number) FROM ledger)")
    called = verify(fleet, file)
    assert called.code == 1
    assert "the ledger does not know report 1 of les-sables" in called.err


def _execute(database: Path, statement: str) -> None:
    import sqlite3

    with sqlite3.connect(database) as connection:
        for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute(statement)


def test_machines_read_what_is_wrong(fleet: Path, tmp_path: Path) -> None:
    good, bad = report(fleet, tmp_path / "good.json", "--format", "json"), tmp_path / "bad.json"
    bad.write_text("{}")
    document = call("-o", "json", "report", "verify", good, bad, inventory=fleet).document
    assert (document["schema"], document["genuine"]) == ("fleetctl/handover-check/v1", False)
    assert document["flaws"] == {str(good): [], str(bad): ["it is no handover report with a seal"]}


def test_fingerprints_of_pinned_host_keys_are_reported(fleet: Path) -> None:
    from fleetctl.core.route import Pin

    pin = Pin("ssh-ed25519", "AAAA")
    with compose.state(Frame(fleet)) as state:
        unit = next(iter(compose.fleet(Frame(fleet)).by_name))
        state.units.pin({unit: (pin,)}, actor="lea", at=compose.clock().now().utc, why="imaged")
    document = call("-o", "json", "report", "handover", SITE, inventory=fleet).document
    units = document["report"]["plant"] + document["report"]["dwellings"][0]["units"]
    (found,) = (each["fingerprints"] for each in units if each["unit"] == unit)
    assert found == [{"of": "ssh-ed25519", "fingerprint": pin.fingerprint}]


def test_labels_are_printed_for_the_units_that_are_selected(fleet: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels.html"
    called = call("commission", "labels", SITE, "kind=radiator", "--out", out, inventory=fleet)
    assert called.code == 0, called.err
    assert "gw-" not in out.read_text().partition("<main")[2]
    assert call("commission", "labels", SITE, "--skip", "24", "--out", out, inventory=fleet).code == 2


def test_a_skipped_dwelling_is_on_the_page(fleet: Path) -> None:
    site = compose.fleet(Frame(fleet)).sites[SITE]
    field = Field(site)
    field.say(dwelling_subject(SITE, list(site.dwellings)[-1]), Stage.INSTALLED, Outcome.SKIPPED, reason="nobody home")
    with compose.state(Frame(fleet)) as state:
        state.ledger.append(field.drafts)
    assert "nobody home" in call("report", "handover", SITE, inventory=fleet).out
