"""Bad input, as a user meets it: exit code 2, object and next step named, all problems at once, and nothing changed."""

from __future__ import annotations

import hashlib
import json
import signal
import socket
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from fleetctl.adapters.store.state import open_state
from tests.builders.acceptance import ended
from tests.builders.cli import Cli
from tests.builders.rollouts import rollout, rows

pytestmark = pytest.mark.acceptance

SITE = "sites/launaguet-les-sables.yaml"
FIRST = "a101-1:"


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli.of_example("demo", tmp_path / "demo")


def prepend(text: str) -> Callable[[Cli], None]:
    def edit(cli: Cli) -> None:
        path = cli.folder / SITE
        path.write_text(text + path.read_text())

    return edit


def replace(old: str, new: str) -> Callable[[Cli], None]:
    return lambda cli: cli.edit(SITE, (old, new))


def template(name: str, text: str) -> Callable[[Cli], None]:
    return lambda cli: cli.override(name, append=text)


def state_file(content: bytes) -> Callable[[Cli], None]:
    def write(cli: Cli) -> None:
        folder = cli.folder / ".fleetctl"
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / "state.db").write_bytes(content)

    return write


def newer_state(cli: Cli) -> None:
    cli("rollout", "list")
    with closing(sqlite3.connect(cli.folder / ".fleetctl/state.db", isolation_level=None)) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(schema_version)")]
        others = ", ".join(column for column in columns if column != "version")
        database.execute(
            f"INSERT INTO schema_version (version, {others}) SELECT 1 + max(version), {others} FROM schema_version"
        )


def policy(settings: str) -> Callable[[Cli], None]:
    return lambda cli: cli.edit("fleet.yaml", ("policies:\n", f"policies:\n  odd: {settings}\n"))


def forecast(text: str) -> Callable[[Cli], None]:
    def declare(cli: Cli) -> None:
        (cli.folder / "weather").mkdir()
        (cli.folder / "weather/here").write_text(text)
        cli.edit(SITE, ("time_zone:", "forecast: {file: weather/here}\ntime_zone:"))

    return declare


def some_rollout(cli: Cli) -> None:
    """Let the state know a rollout that nobody has driven yet, and of which no wave waits for anybody."""
    state = open_state(f"sqlite:///{cli.folder}/.fleetctl/state.db")
    state.rollouts.add(rollout("r-1"), rows(), {})
    state.close()


HOLES = "time,temperature_c\n" + "".join(
    f"2026-01-15T{hour}:00Z,{value}\n"
    for hour, value in {17: "276", 18: "", 19: "2", 20: "1", 21: "1", 23: "0"}.items()
)
FAHRENHEIT = json.dumps(
    {
        "utc_offset_seconds": 0,
        "hourly_units": {"time": "iso8601", "temperature_2m": "°F"},
        "hourly": {"time": ["2026-01-15T18:00", "2026-01-15T19:00"], "temperature_2m": [38, 37]},
    }
)
BOMB = "x: &a [1, 1, 1, 1]\ny: &b [*a, *a, *a, *a]\n"

CASES: list[tuple[str, Callable[[Cli], None], list[str], list[str]]] = [
    ("broken YAML", prepend("a: [1, 2\n"), ["validate"], [SITE]),
    ("a tab", prepend("a:\n\tb: 1\n"), ["validate"], [SITE, "tab"]),
    ("a duplicate key", prepend("title: twice\n"), ["validate"], ["title", "duplicate"]),
    ("a YAML bomb", prepend(BOMB), ["validate"], ["anchor"]),
    ("a YAML tag", prepend("x: !!python/object:os.system ls\n"), ["validate"], ["tag"]),
    ("an unknown key", replace("subscribed_power_w", "subscribed_powr_w"), ["validate"], ["subscribed_power_w"]),
    (
        "a wrong unit",
        replace("subscribed_power_w: 160000", "subscribed_power_kw: 160"),
        ["validate"],
        ["subscribed_power_w"],
    ),
    ("a dangling reference", replace(f"{FIRST} {{dwelling: A101", f"{FIRST} {{dwelling: A909"), ["validate"], ["A909"]),
    ("shell metacharacters", replace(FIRST, '"a101-1;reboot":'), ["validate"], ["a101-1;reboot"]),
    ("an empty selection", lambda _: None, ["plan", "site=nowhere", "--no-refresh"], ["site=nowhere"]),
    ("an unknown unit", lambda _: None, ["plan", "launaguet-les-sables/a101-9"], ["a101-9"]),
    ("an undefined variable", template("hosts.j2", "{{ unit.nonsense }}\n"), ["render"], ["hosts.j2", "nonsense"]),
    ("a template that is no template", template("hosts.j2", "{% if %}\n"), ["render"], ["hosts.j2"]),
    ("a foreign state", state_file(b"not a database at all"), ["rollout", "list"], ["state.db"]),
    ("a newer state", newer_state, ["rollout", "list"], ["newer"]),
    (
        "a window that never opens",
        policy("{windows: [{days: [mon], opens: 22:00, closes: 22:00}]}"),
        ["validate"],
        ["never opens"],
    ),
    ("a cap of less than a unit", policy("{cap_down_w: 600}"), ["validate"], ["can never admit", "600 W", "650 W"]),
    ("a cap of none", policy("{max_unavailable: {site: 0}}"), ["validate"], ["can never admit", "0 units of a site"]),
    ("a share over 100 %", policy("{max_failed_percent: 120}"), ["validate"], ["odd.max_failed_percent", "100"]),
    (
        "waves of more than all",
        policy("{waves: [{name: a, percent: 60}, {name: b, percent: 50}]}"),
        ["validate"],
        ["60 % + 50 % = 110 %"],
    ),
    (
        "a forecast with holes",
        forecast(HOLES),
        ["validate"],
        ["here:2", "276 °C", "here:3", "no temperature", "here:7", "nothing"],
    ),
    ("a forecast in another unit", forecast(FAHRENHEIT), ["validate"], ["weather/here", "°F", "°C"]),
    ("a wave that does not wait", some_rollout, ["rollout", "approve", "r-1", "--reason", "fine"], ["r-1", "wait"]),
    ("an unknown policy", lambda _: None, ["apply", "--policy", "carefull", "--yes"], ["careful"]),
]


def content_of(folder: Path) -> dict[str, str]:
    """Digest every file of the fleet but what is a cache, or SQLite's own."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and "cache" not in file.parts and not file.name.endswith(("-wal", "-shm"))
    }


@pytest.mark.parametrize(("prepare", "command", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_bad_input_is_refused_with_what_and_what_next(
    cli: Cli, prepare: Callable[[Cli], None], command: list[str], said: list[str]
) -> None:
    prepare(cli)
    before = content_of(cli.folder)
    ran = cli(*command, code=2)
    for word in said:
        assert word in ran.err + ran.out, ran
    after = content_of(cli.folder)
    assert {name: after.get(name) for name in before} == before


def test_all_problems_are_reported_at_once(cli: Cli) -> None:
    cli.edit(
        SITE, ("subscribed_power_w", "subscribed_powr_w"), (f"{FIRST} {{dwelling: A101", f"{FIRST} {{dwelling: A909")
    )
    cli.edit("fleet.yaml", ("max_failed: 1", "max_failed: -1"))
    ran = cli("-o", "json", "validate", "--format", "json", code=2)
    places = {(row["file"].rsplit("/", 1)[-1], row["line"] > 0, row["column"] > 0) for row in ran.json["problems"]}
    assert places == {("fleet.yaml", True, True), ("launaguet-les-sables.yaml", True, True)}
    assert all(row["code"] and row["message"] for row in ran.json["problems"])


def test_everything_that_is_wrong_with_policies_and_forecasts_is_said_at_once(cli: Cli) -> None:
    policies = (
        "  a: {windows: [{days: [mon], opens: 22:00, closes: 22:00}]}\n  b: {cap_down_w: 600}\n"
        "  c: {max_unavailable: {site: 0}}\n  d: {waves: [{name: x, percent: 60}, {name: y, percent: 50}]}\n"
    )
    cli.edit("fleet.yaml", ("policies:\n", f"policies:\n{policies}"))
    forecast(HOLES)(cli)
    codes = Counter(row["code"] for row in cli("validate", "--format", "json", code=2).json["problems"])
    assert codes.keys() >= {"never-opens", "never-admits", "percent-over-100", "forecast-hole"}
    assert codes["never-admits"] == 2


@pytest.mark.parametrize(
    "command",
    [
        ["show", "r-none"],
        ["watch", "r-none"],
        ["why", "r-none", "launaguet-les-sables/a101-1"],
        ["pause", "r-none"],
        ["resume", "r-none"],
        ["abort", "r-none"],
        ["retry", "r-none"],
        ["approve", "r-none", "--reason", "fine"],
    ],
    ids=lambda command: str(command[0]),
)
def test_a_rollout_that_does_not_exist_is_refused_by_whatever_is_asked_of_it(cli: Cli, command: list[str]) -> None:
    refused = cli("rollout", *command, code=2)
    assert "there is no rollout 'r-none'" in refused.err
    assert "fleetctl rollout list" in refused.err


def test_a_second_controller_is_refused_and_told_who_leads(cli: Cli) -> None:
    first = cli.start("controller", "run")
    try:
        until_led(cli)
        refused = cli("controller", "run", code=2)
        assert f"leads from {socket.gethostname()} as process {first.pid} with 'fleetctl controller run'" in refused.err
        assert "hint: wait for it to end" in refused.err
        assert cli.json("controller", "show")["controller"]["pid"] == first.pid
    finally:
        first.send_signal(signal.SIGTERM)
        ended(first)


def until_led(cli: Cli) -> None:
    for _ in range(100):
        if (cli.json("controller", "show")["controller"] or {}).get("leads"):
            return
    raise AssertionError("nobody leads")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda plan: {**plan, "selection": "site=other"}, "edited"),
        (lambda plan: {"schema": "other"}, "not a plan"),
    ],
)
def test_a_plan_edited_by_hand_is_refused(
    cli: Cli, edit: Callable[[dict[str, object]], dict[str, object]], said: str
) -> None:
    cli("plan", "--no-refresh", "--out", "some.plan", code=1)  # nobody was observed yet
    path = cli.folder / "some.plan"
    path.write_text(json.dumps(edit(json.loads(path.read_text()))))
    assert said in cli("apply", "some.plan", code=2).err


def test_a_plan_of_another_state_is_refused(cli: Cli) -> None:
    cli("plan", "--no-refresh", "--out", "some.plan", code=1)  # nobody was observed yet
    other = Cli(cli.folder, {"FLEETCTL_STATE": f"sqlite:///{cli.folder}/other/state.db"})
    (cli.folder / "other").mkdir(mode=0o700)
    assert "another state" in other("apply", "some.plan", code=2).err


def test_a_pipeline_without_a_lasting_state_is_told_what_to_set(cli: Cli) -> None:
    pipeline = Cli(cli.folder, {"CI": "true"})
    assert "FLEETCTL_STATE" in pipeline("apply", "--yes", code=2).err
