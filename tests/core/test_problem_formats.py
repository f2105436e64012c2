from __future__ import annotations

from typing import Any

import pytest

from fleetctl.core.problem_formats import SARIF_SCHEMA, amount, counted, github, rows, sarif
from fleetctl.core.problems import Problem, Severity
from tests.builders.sarif import objections, schema

ERROR = Problem("duplicate-mac", "MAC 02:… of 'a/b' is taken", "sites/a b.yaml", 3, 7, "check both labels")
WARNING = Problem("too-little-heat", "100 % is\nnot enough", "fleet.yaml", 2, 1, severity=Severity.WARNING)
NOWHERE = Problem("no-fleet", "no fleet.yaml here")


def test_rows_hold_everything() -> None:
    assert rows([ERROR]) == [
        {
            "code": "duplicate-mac",
            "severity": "error",
            "message": "MAC 02:… of 'a/b' is taken",
            "hint": "check both labels",
            "file": "sites/a b.yaml",
            "line": 3,
            "column": 7,
        }
    ]


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (
            ERROR,
            "::error file=sites/a b.yaml,line=3,col=7,title=duplicate-mac::"
            "MAC 02:… of 'a/b' is taken%0Acheck both labels",
        ),
        (WARNING, "::warning file=fleet.yaml,line=2,col=1,title=too-little-heat::100 %25 is%0Anot enough"),
        (NOWHERE, "::error title=no-fleet::no fleet.yaml here"),
        (Problem("x", "y", "a,b:c.yaml", 1, 1), "::error file=a%2Cb%3Ac.yaml,line=1,col=1,title=x::y"),
    ],
)
def test_github_annotation(problem: Problem, line: str) -> None:
    assert github(problem) == line


def result_of(problem: Problem) -> dict[str, Any]:
    result: dict[str, Any] = sarif([problem], version="1.2.3")["runs"][0]["results"][0]
    return result


def test_sarif_points_at_the_line() -> None:
    physical = result_of(ERROR)["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "sites/a%20b.yaml"}
    assert physical["region"] == {"startLine": 3, "startColumn": 7}


def test_sarif_levels_and_messages() -> None:
    assert (result_of(ERROR)["level"], result_of(WARNING)["level"]) == ("error", "warning")
    assert result_of(ERROR)["message"]["text"].endswith("is taken (check both labels)")


def test_sarif_without_a_place_has_no_location() -> None:
    assert "locations" not in result_of(NOWHERE)


def test_sarif_rules_are_named_once_and_referred_to_by_index() -> None:
    run = sarif([ERROR, WARNING, ERROR], version="1.2.3")["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["duplicate-mac", "too-little-heat"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [r["ruleId"] for r in run["results"]]
    assert run["tool"]["driver"]["version"] == "1.2.3"


ELSEWHERE = Problem("bad-yaml", "a tab", "/srv/fleet/sites/é.yaml", 5)


@pytest.mark.parametrize(
    "problems", [[], [ERROR], [WARNING], [NOWHERE], [ELSEWHERE], [ERROR, WARNING, ERROR, NOWHERE, ELSEWHERE]]
)
def test_sarif_fits_the_official_schema_that_it_names(problems: list[Problem]) -> None:
    log = sarif(problems, version="1.2.3")
    assert objections(log) == []
    assert log["$schema"] == SARIF_SCHEMA == schema()["id"]


def test_the_official_schema_objects_to_what_is_wrong() -> None:
    log = sarif([ERROR], version="1.2.3")
    result = log["runs"][0]["results"][0]
    result["level"] = "fatal"
    result["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    places = {text.partition(":")[0] for text in objections(log)}
    assert places == {
        "$.runs[0].results[0].level",
        "$.runs[0].results[0].locations[0].physicalLocation.region.startLine",
    }


def test_counts_in_words() -> None:
    assert counted([ERROR, WARNING, WARNING]) == "1 error, 2 warnings"
    assert amount(0, "site") == "0 sites"
