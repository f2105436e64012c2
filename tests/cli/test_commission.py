"""`fleetctl commission run` and `show` as a person and a program call them, without any unit on the wire."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.builders.cli import FLEETCTL, Cli

SITE = "launaguet-les-sables"


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    return Cli.of_example("demo", tmp_path_factory.mktemp("commission") / "demo")


def said(cli: Cli, *options: str, lines: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [FLEETCTL, *options, "--patience", "1"],
        cwd=cli.folder,
        env=cli.environment,
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_session_in_french_is_kept_and_gone_on_with(cli: Cli) -> None:
    run = ("commission", "run", SITE, "--dwelling", "A102", "--lang", "fr", "--by", "Léa")
    first = said(cli, *run, lines=("logement A102", "QR-0001-00006", "réserve rayure", "quitter"))
    assert first.returncode == 0
    assert "a102-1 est posé : living" in first.stdout
    assert "réserve 1 notée : A102" in first.stdout
    second = said(cli, *run, lines=("logement A102", "QR-0001-00006", "annuler", "annuler", "quitter"))
    assert "QR-0001-00006 a déjà servi : a102-1, A102 living" in second.stdout
    assert "annulé : a102-1, pose" in second.stdout


def test_when_nobody_is_left_and_nothing_goes_on_it_ends_and_says_who_waits(cli: Cli) -> None:
    ran = said(cli, "-o", "json", "commission", "run", SITE, "--dwelling", "A101", lines=())
    assert ran.returncode == 4
    events = [json.loads(line) for line in ran.stdout.splitlines()]
    assert {event["schema"] for event in events} == {"fleetctl/commissioning-event/v1"}
    assert (events[0]["code"], events[-1]["code"], events[-1]["values"]) == ("begun", "stuck", {"n": 4})


def test_unattended_what_does_not_answer_is_given_up_and_said(cli: Cli) -> None:
    ran = said(cli, "-o", "json", "commission", "run", SITE, "--dwelling", "A101", "--unattended", lines=())
    assert ran.returncode == 4
    codes = [json.loads(line)["code"] for line in ran.stdout.splitlines()]
    assert "trouble" in codes
    assert codes[-1] == "stuck"


def test_how_all_stands_is_a_table_and_a_document(cli: Cli) -> None:
    shown = cli("commission", "show", SITE, "dwelling=A104")
    assert shown.out.splitlines()[0].split() == ["UNIT", "ROOM", "OVER", "NEXT", "WHY"]
    document = cli.json("commission", "show", SITE)
    assert document["schema"] == "fleetctl/commissioning/v1"
    assert not document["accepted"]
    assert len(document["units"]) == 25
    assert document["budget"]["fits"]
    assert "2 engineers x 2 days" in document["budget"]["text"]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ((f"{SITE}x",), f"did you mean '{SITE}'"),
        ((SITE, "--dwelling", "A999"), "A1"),
        ((SITE, "room=nowhere"), "no unit matches"),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(cli: Cli, arguments: tuple[str, ...], hint: str) -> None:
    refused = cli("commission", "run", *arguments, code=2)
    assert hint in refused.err


def test_a_state_beside_a_pipelines_checkout_is_refused(cli: Cli, tmp_path: Path) -> None:
    in_ci = Cli(cli.folder, {"CI": "true"})
    assert "lost with the checkout" in in_ci("commission", "run", SITE, "--unattended", code=2).err


MOUNTING = ("unshare", "--mount", *(() if os.geteuid() == 0 else ("--user", "--map-root-user")))
MAY_MOUNT = subprocess.run([*MOUNTING, "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not MAY_MOUNT, reason="no mount namespace is to be had")
def test_on_a_full_disk_what_is_said_is_refused_and_taken_when_there_is_room(cli: Cli, tmp_path: Path) -> None:
    """A label is scanned while the laptop's disk is full: it is not taken for written, and nothing else is lost."""
    disk = tmp_path / "disk"
    disk.mkdir()
    full = Cli(cli.folder, {"FLEETCTL_STATE": f"sqlite:///{disk}/state.db"})
    mounted = 'mount -t tmpfs -o size=4m disk "$0" && exec "$@"'
    run = (FLEETCTL, "commission", "run", SITE, "--dwelling", "A102", "--plain", "--patience", "60")
    with subprocess.Popen(
        [*MOUNTING, "sh", "-c", mounted, disk, *run],
        cwd=full.folder,
        env=full.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as sitting:
        answers_to(sitting, "dwelling A102\nQR-0001-00006", "a102-1 is in living")
        filling = Path(f"/proc/{sitting.pid}/root{disk}/filling")
        fill(filling)
        answers_to(sitting, "QR-0001-00007", "disk is full")
        filling.unlink()
        answers_to(sitting, "QR-0001-00007", "a102-2 is in")
        rest, _ = sitting.communicate("undo\nundo\nquit\n", timeout=120)
    assert [line for line in rest.splitlines() if line.startswith("taken back")] == [
        "taken back: a102-2, installed",
        "taken back: a102-1, installed",
    ], "each label was written once"


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as filled, suppress(OSError):
        while True:
            filled.write(bytes(4096))


def answers_to(sitting: subprocess.Popen[str], lines: str, words: str) -> None:
    """Say lines and wait for an answer that has these words."""
    assert sitting.stdin is not None
    assert sitting.stdout is not None
    sitting.stdin.write(f"{lines}\n")
    sitting.stdin.flush()
    seen = []
    for line in sitting.stdout:
        seen.append(line)
        if words in line:
            return
    raise AssertionError(f"nothing said {words!r}: {seen}")
