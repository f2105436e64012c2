"""`fleetctl commission run` and `show` as a person and a program call them, without any unit on the wire."""

from __future__ import annotations

import json
import subprocess
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
