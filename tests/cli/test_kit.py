"""`fleetctl commission export|merge|kits|revoke|kit`, as people meet them: what they print, refuse and leave alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fleetctl.adapters.kit import keys
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.problems import InvalidInput
from tests.builders.cli import Cli
from tests.builders.kit_folders import SITE, UNIT, make_kit, said


@pytest.fixture
def office(tmp_path: Path) -> Cli:
    """A copy of the demo's fleet."""
    return Cli.of_example("demo", tmp_path / "office")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere"], "the fleet has no site 'nowhere'"),
        ([SITE, "--dwelling", "A999"], "has no dwelling 'A999'"),
        ([SITE, "--for", "9w"], "no length of time"),
        ([SITE, "--python", "2.7"], "no version of Python"),
        ([SITE, "--recipient", "age1nonsense"], "no recipient of age"),
    ],
)
def test_a_bad_export_is_refused_and_leaves_nothing(office: Cli, tmp_path: Path, words: list[str], says: str) -> None:
    out = tmp_path / "kit"
    assert says in office("commission", "export", *words, "--out", str(out), code=2).err
    assert not out.exists()
    assert not list(tmp_path.glob(".kit-*"))
    assert office.json("commission", "kits")["kits"] == []


def test_a_folder_in_the_way_and_a_weak_passphrase_are_refused(office: Cli, tmp_path: Path) -> None:
    (tmp_path / "kit").mkdir()
    (tmp_path / "pass").write_text("short")
    options = ("--out", str(tmp_path / "kit"), "--passphrase-file", str(tmp_path / "pass"))
    assert "a lost kit could be opened by trying" in office("commission", "export", SITE, *options, code=2).err
    (tmp_path / "pass").write_text("a long enough passphrase")
    assert "exists already" in office("commission", "export", SITE, *options, code=2).err


def test_no_private_key_of_the_folder_leaves_in_clear(office: Cli, tmp_path: Path) -> None:
    (office.folder / "templates").mkdir()
    (office.folder / "templates/leak.j2").write_text(keys.new_key())
    with pytest.raises(InvalidInput, match=r"leak\.j2 holds a private key"):
        make_kit(office.folder, tmp_path / "kit")
    assert not (tmp_path / "kit").exists()


def test_a_kit_takes_its_site_alone_and_only_its_units_pins(office: Cli, tmp_path: Path) -> None:
    kit = make_kit(office.folder, tmp_path / "kit", dwellings=["A101"])
    assert [path.name for path in (kit.path / "fleet/sites").iterdir()] == [f"{SITE}.yaml"]
    with kit.state() as state:
        assert state.uuid == "k-kit"
    shown = office.json("commission", "kit", "show", str(kit.path))
    assert (shown["dwellings"], shown["engineer"], shown["flaws"]) == ("A101", "Ada", [])
    (row,) = office.json("commission", "kits")["kits"]
    assert (row["kit"], row["standing"], row["dwellings"]) == ("k-kit", "out", ["A101"])


def test_an_expired_kit_refuses_changes_and_still_shows(office: Cli, tmp_path: Path) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    kit = make_kit(office.folder, tmp_path / "kit", life=timedelta(hours=1), now=lambda: yesterday)
    laptop = Cli(kit.path / "work/fleet", {"FLEETCTL_STATE": f"sqlite:///{kit.path}/work/state.db"})
    assert "expired on" in laptop("hold", "add", SITE, "--reason", "x", code=1).err
    assert "expired on" in laptop("apply", "--yes", code=1).err
    assert "expired on" in laptop("commission", "kit", "unlock", "--identity", str(kit.identity), code=1).err
    laptop("commission", "show", SITE)
    assert "expired on" in laptop("commission", "kit", "show").out


def test_results_written_in_time_are_merged_after_the_end_and_late_ones_are_not(office: Cli, tmp_path: Path) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    kit = make_kit(office.folder, tmp_path / "kit", life=timedelta(hours=1), now=lambda: yesterday)
    in_time = said(Stage.INSTALLED)
    kit.say(type(in_time)(in_time.site, in_time.subject, in_time.stage, in_time.outcome, "ada", yesterday))
    kit.seal()
    assert len(office.json("commission", "merge", str(kit.path), "--no-register")["entries"]) == 1
    kit.say(said(Stage.DISCOVERED))
    kit.seal()
    assert "written after the kit expired" in office("commission", "merge", str(kit.path), code=2).err


def test_work_that_was_not_sealed_is_not_lost_silently(office: Cli, tmp_path: Path) -> None:
    kit = make_kit(office.folder, tmp_path / "kit")
    kit.say(said(Stage.INSTALLED))
    assert "has no sealed results" in office("commission", "merge", str(kit.path), code=2).err
    kit.seal()
    kit.say(said(Stage.DISCOVERED))
    assert "1 entries were written after the seal" in office("commission", "merge", str(kit.path), code=2).err


def test_results_that_somebody_touched_are_refused(office: Cli, tmp_path: Path) -> None:
    kit = make_kit(office.folder, tmp_path / "kit")
    kit.say(said(Stage.ACCEPTED, Outcome.FAILED))
    kit.seal()
    results = kit.path / "work/results.json"
    results.write_text(results.read_text().replace('"failed"', '"done"'))
    assert "were changed after they were sealed" in office("commission", "merge", str(kit.path), code=2).err


def test_a_revoked_kit_is_never_taken_in(office: Cli, tmp_path: Path) -> None:
    kit = make_kit(office.folder, tmp_path / "kit")
    kit.say(said(Stage.INSTALLED))
    kit.seal()
    assert "k-kit is revoked" in office("commission", "revoke", "k-k", "--reason", "left in a train").out
    assert "left in a train" in office("commission", "merge", str(kit.path), code=2).err
    assert "never made a kit" in office("commission", "revoke", "k-9", "--reason", "x", code=2).err


def test_conflicts_halt_and_a_person_decides_them_by_subject(office: Cli, tmp_path: Path) -> None:
    ada, bob = (make_kit(office.folder, tmp_path / name, engineer=name) for name in ("ada", "bob"))
    ada.say(said(Stage.CONFIGURED))
    bob.say(said(Stage.CONFIGURED, Outcome.FAILED, reason="no answer"))
    ada.edit("QR-0001-00003", "QR-0001-77777")
    bob.edit("QR-0001-00003", "QR-0001-88888")
    for kit in (ada, bob):
        kit.seal()
    office("commission", "merge", str(ada.path), "--no-register")
    halted = office("commission", "merge", str(bob.path), "--no-register", code=4)
    assert halted.err.count(f"conflict: {UNIT}: ") == 2
    assert "--theirs SUBJECT" in halted.err
    decided = office.json("commission", "merge", str(bob.path), "--no-register", "--theirs", UNIT)
    assert (len(decided["decided"]), decided["conflicts"]) == (2, [])
    assert "QR-0001-88888" in (office.folder / f"sites/{SITE}.yaml").read_text()
    again = office.json("commission", "merge", str(bob.path), "--no-register")
    assert (again["changed"], again["conflicts"]) == (False, [])


def test_what_had_to_wait_is_listed(office: Cli, tmp_path: Path) -> None:
    kit = make_kit(office.folder, tmp_path / "kit")
    stages = (Stage.DELIVERED, Stage.INSTALLED, Stage.DISCOVERED, Stage.IDENTIFIED, Stage.IMAGED, Stage.CONFIGURED)
    kit.say(*map(said, stages))
    kit.say(said(Stage.REGISTERED, Outcome.PENDING, reason="the CA is not here"))
    kit.seal()
    merged = office.json("commission", "merge", str(kit.path), "--no-register")
    assert merged["waiting"] == [{"unit": UNIT, "stage": "registered", "reason": "the CA is not here"}]


def test_outside_of_a_kit_its_commands_say_so(office: Cli, tmp_path: Path) -> None:
    assert "this is not a kit" in office("commission", "kit", "seal", code=2).err
    assert "is not a kit" in office("commission", "merge", str(tmp_path), code=2).err
