"""`fleetctl commission export|merge|kits|revoke|kit`, as people meet them: what they print, refuse and leave alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fleetctl.adapters.kit import keys
from fleetctl.cli import compose
from fleetctl.cli.frame import Frame
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.problems import CouldNot, InvalidInput
from fleetctl.core.route import Way
from tests.builders.cli import Cli
from tests.builders.command import Called, call
from tests.builders.kit_folders import SITE, UNIT, KitFolder, NoWheels, make_kit, said
from tests.builders.sshd import servers
from tests.builders.unit_root import PROGRAM, UnitRoot


@dataclass(frozen=True)
class Office:
    """Calls the command line in a fleet's folder, in this process."""

    folder: Path
    options: tuple[str, ...] = ()

    def __call__(self, *words: str, code: int = 0) -> Called:
        called = call(*self.options, *words, inventory=self.folder)
        assert called.code == code, called
        return called

    def json(self, *words: str) -> Any:
        return self("-o", "json", *words).document


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A copy of the demo's fleet."""
    return Office(Cli.of_example("demo", tmp_path / "office").folder)


def laptop(kit: KitFolder) -> Office:
    """Return what `./fleetctl` of a kit calls."""
    return Office(kit.path / "work/fleet", ("--state", f"sqlite:///{kit.path}/work/state.db"))


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
def test_a_bad_export_is_refused_and_leaves_nothing(
    office: Office, tmp_path: Path, words: list[str], says: str
) -> None:
    out = tmp_path / "kit"
    assert says in office("commission", "export", *words, "--out", str(out), code=2).err
    assert not out.exists()
    assert not list(tmp_path.glob(".kit-*"))
    assert office.json("commission", "kits")["kits"] == []


def test_a_folder_in_the_way_and_a_weak_passphrase_are_refused(office: Office, tmp_path: Path) -> None:
    (tmp_path / "kit").mkdir()
    (tmp_path / "pass").write_text("short")
    options = ("--out", str(tmp_path / "kit"), "--passphrase-file", str(tmp_path / "pass"))
    assert "a lost kit could be opened by trying" in office("commission", "export", SITE, *options, code=2).err
    (tmp_path / "pass").write_text("a long enough passphrase")
    assert "exists already" in office("commission", "export", SITE, *options, code=2).err


def test_no_private_key_of_the_folder_leaves_in_clear(office: Office, tmp_path: Path) -> None:
    (office.folder / "templates").mkdir()
    (office.folder / "templates/leak.j2").write_text(keys.new_key())
    with pytest.raises(InvalidInput, match=r"leak\.j2 holds a private key"):
        make_kit(office.folder, tmp_path / "kit")
    assert not (tmp_path / "kit").exists()


def test_a_full_disk_leaves_nothing_and_says_so(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: NoWheels, _folder: Path, _pythons: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(NoWheels, "fill", full)
    with pytest.raises(CouldNot, match="No space left"):
        make_kit(office.folder, tmp_path / "kit")
    assert not list(tmp_path.glob("*kit")) + list(tmp_path.glob(".kit-*"))
    assert office.json("commission", "kits")["kits"] == []


def test_a_kit_takes_its_site_alone_and_only_its_units_pins(office: Office, tmp_path: Path) -> None:
    kit = make_kit(office.folder, tmp_path / "kit", dwellings=["A101"])
    assert [path.name for path in (kit.path / "fleet/sites").iterdir()] == [f"{SITE}.yaml"]
    with kit.state() as state:
        assert state.uuid == "k-kit"
    shown = office.json("commission", "kit", "show", str(kit.path))
    assert (shown["dwellings"], shown["engineer"], shown["flaws"]) == ("A101", "Ada", [])
    (row,) = office.json("commission", "kits")["kits"]
    assert (row["kit"], row["standing"], row["dwellings"]) == ("k-kit", "out", ["A101"])


def test_an_expired_kit_refuses_changes_and_still_shows(office: Office, tmp_path: Path) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    kit = make_kit(office.folder, tmp_path / "kit", life=timedelta(hours=1), now=lambda: yesterday)
    hers = laptop(kit)
    assert "expired on" in hers("hold", "add", SITE, "--reason", "x", code=1).err
    assert "expired on" in hers("apply", "--yes", code=1).err
    assert "expired on" in hers("commission", "kit", "unlock", "--identity", str(kit.identity), code=1).err
    hers("commission", "show", SITE)
    assert "expired on" in hers("commission", "kit", "show").out
    declared = kit.path / f"work/fleet/sites/{SITE}.yaml"
    before, sheet = declared.read_bytes(), tmp_path / "units.csv"
    sheet.write_text(f"site,unit,serial\n{SITE},a101-1,QR-0001-99999\n")
    assert "expired on" in hers("inventory", "import", str(sheet), code=1).err
    assert declared.read_bytes() == before
    hers("inventory", "import", str(sheet), "--dry-run")


def test_results_written_in_time_are_merged_after_the_end_and_late_ones_are_not(office: Office, tmp_path: Path) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    kit = make_kit(office.folder, tmp_path / "kit", life=timedelta(hours=1), now=lambda: yesterday)
    in_time = said(Stage.INSTALLED)
    kit.say(type(in_time)(in_time.site, in_time.subject, in_time.stage, in_time.outcome, "ada", yesterday))
    kit.seal()
    assert len(office.json("commission", "merge", str(kit.path), "--no-register")["entries"]) == 1
    kit.say(said(Stage.DISCOVERED))
    kit.seal()
    assert "written after the kit expired" in office("commission", "merge", str(kit.path), code=2).err


def test_work_that_was_not_sealed_is_not_lost_silently(office: Office, tmp_path: Path) -> None:
    kit = make_kit(office.folder, tmp_path / "kit")
    kit.say(said(Stage.INSTALLED))
    assert "has no sealed results" in office("commission", "merge", str(kit.path), code=2).err
    kit.seal()
    kit.say(said(Stage.DISCOVERED))
    assert "1 ledger entry was written after the seal" in office("commission", "merge", str(kit.path), code=2).err


def test_results_that_somebody_touched_are_refused(office: Office, tmp_path: Path) -> None:
    kit = make_kit(office.folder, tmp_path / "kit")
    kit.say(said(Stage.ACCEPTED, Outcome.FAILED))
    kit.seal()
    results = kit.path / "work/results.json"
    results.write_text(results.read_text().replace('"failed"', '"done"'))
    assert "were changed after they were sealed" in office("commission", "merge", str(kit.path), code=2).err


def test_a_state_that_was_damaged_is_told_and_stays_as_it_was(office: Office, tmp_path: Path) -> None:
    kit = make_kit(office.folder, tmp_path / "kit")
    kit.seal()
    state = kit.path / "work/state.db"
    state.write_bytes(b"no database at all")
    names = sorted(state.parent.iterdir())
    assert "work/state.db cannot be read" in office("commission", "merge", str(kit.path), code=2).err
    assert "tampered: work/state.db cannot be read" in office("commission", "kit", "show", str(kit.path), code=1).err
    assert (state.read_bytes(), sorted(state.parent.iterdir())) == (b"no database at all", names)


def test_the_state_of_a_kit_that_is_refused_anyway_is_not_looked_into(office: Office, tmp_path: Path) -> None:
    kit = make_kit(office.folder, tmp_path / "kit")
    kit.seal()
    (kit.path / "work/state.db").write_bytes(b"whatever harms who opens it")
    (kit.path / "README.txt").write_text("changed")
    for words in (["merge", str(kit.path)], ["kit", "show", str(kit.path)]):
        called = call("commission", *words, inventory=office.folder)
        assert called.code != 0
        assert "README.txt" in called.err
        assert "state.db" not in called.err


def test_a_revoked_kit_is_never_taken_in(office: Office, tmp_path: Path) -> None:
    kit = make_kit(office.folder, tmp_path / "kit")
    kit.say(said(Stage.INSTALLED))
    kit.seal()
    assert "k-kit is revoked" in office("commission", "revoke", "k-k", "--reason", "left in a train").out
    assert "left in a train" in office("commission", "merge", str(kit.path), code=2).err
    assert "never made a kit" in office("commission", "revoke", "k-9", "--reason", "x", code=2).err


def test_conflicts_halt_and_a_person_decides_them_by_subject(office: Office, tmp_path: Path) -> None:
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


def test_what_had_to_wait_is_listed(office: Office, tmp_path: Path) -> None:
    kit = make_kit(office.folder, tmp_path / "kit")
    stages = (Stage.DELIVERED, Stage.INSTALLED, Stage.DISCOVERED, Stage.IDENTIFIED, Stage.IMAGED, Stage.CONFIGURED)
    kit.say(*map(said, stages))
    kit.say(said(Stage.REGISTERED, Outcome.PENDING, reason="the CA is not here"))
    kit.seal()
    merged = office.json("commission", "merge", str(kit.path), "--no-register")
    assert merged["waiting"] == [{"unit": UNIT, "stage": "registered", "reason": "the CA is not here"}]


def test_outside_of_a_kit_its_commands_say_so(office: Office, tmp_path: Path) -> None:
    assert "this is not a kit" in office("commission", "kit", "seal", code=2).err
    assert "is not a kit" in office("commission", "merge", str(tmp_path), code=2).err


@pytest.fixture
def _in_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give unlocked keys a folder in memory, and nobody an agent."""
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("there is no folder in memory here")
    folder = Path("/dev/shm") / f"fleetctl-test-{os.getpid()}"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    yield
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.usefixtures("_in_memory")
def test_only_an_unlocked_kit_reaches_its_units(fleet_folder: Path, tmp_path: Path) -> None:
    unit = "les-sables/gw-a"
    with servers(tmp_path / "servers") as maker:
        root = UnitRoot.make(tmp_path / "root", kind="gateway")
        root.write("/etc/fleet/release", "version=gw-2026.11\nmodel=m\nkind=gateway\nserial=QG-1\n")
        environment = {"FLEET_ROOT": str(root.root), "PATH": f"{PROGRAM.parent}:/usr/bin:/bin"}
        server = maker.start(unit, environment=environment)
        way = Way(host="127.0.0.1", port=server.port, user=server.hop.user, identity_file=str(server.client_key))
        with compose.state(Frame(fleet_folder)) as state:
            state.units.set_ways({unit: way})
            state.units.pin({unit: server.pins}, actor="test", at=datetime.now(UTC), why="made for it")
        kit = make_kit(fleet_folder, tmp_path / "kit", site="les-sables")
        private = server.client_key.read_bytes()
        assert not [file for file in kit.path.rglob("*") if file.is_file() and private in file.read_bytes()]
        hers = laptop(kit)
        assert "not observed" in hers("probe", unit, code=1).out
        hers("commission", "kit", "unlock", "--identity", str(kit.identity))
        assert "not observed" not in hers("probe", unit).out
        hers("commission", "kit", "lock")
        assert "not observed" in hers("probe", unit, code=1).out
    assert Office(fleet_folder).json("commission", "merge", str(kit.path), "--no-register")["observed"] == [unit]


@pytest.mark.usefixtures("_in_memory")
@pytest.mark.parametrize("lost", [True, False])
def test_a_kit_is_locked_even_if_what_was_done_cannot_be_sealed(office: Office, tmp_path: Path, *, lost: bool) -> None:
    kit = make_kit(office.folder, tmp_path / "kit")
    hers = laptop(kit)
    hers("commission", "kit", "unlock", "--identity", str(kit.identity))
    session = keys.session_folder("k-kit", os.environ)
    assert session.is_dir()
    if lost:
        (kit.path / "work/state.db").write_bytes(b"no database any more")
    else:
        (kit.path / "work/results.json").mkdir()
    said = hers("commission", "kit", "lock", code=1).err
    assert "locked, but what was done is not sealed: " in said
    assert not session.exists()


def test_a_merge_tells_what_it_brought_although_nobody_can_register_yet(office: Office, tmp_path: Path) -> None:
    kit = make_kit(office.folder, tmp_path / "kit")
    kit.say(said(Stage.REGISTERED, Outcome.PENDING, reason="no CA in a basement"))
    kit.seal()
    merged = office("commission", "merge", str(kit.path))
    assert "1 new entries" in merged.out
    assert "registrations still wait: " in merged.err
    assert "declares no CA" in merged.err


def test_what_python_leaves_beside_playbooks_is_no_edit_and_what_is_no_text_keeps_nobody_from_sealing(
    office: Office, tmp_path: Path
) -> None:
    kit = make_kit(office.folder, tmp_path / "kit")
    kit.say(said(Stage.DELIVERED))
    left = kit.path / "work/fleet/playbooks/__pycache__/mine.cpython-311.pyc"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"\xa7\r\r\n")
    (left.parent.parent / "photo.png").write_bytes(b"\x89PNG")
    kit.seal()
    assert office.json("commission", "merge", str(kit.path))["by_hand"] == ["playbooks/photo.png: added in the kit"]
