"""Rendering: determinism, sharing, secrets by reference, and errors that name template, line and unit."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.config import Config
from fleetctl.core.inventory.fleet import Fleet, HeatSettings, SecretRef
from fleetctl.core.problems import InvalidInput, Problem
from fleetctl.core.render import Renderer, Unrenderable
from fleetctl.core.scene import VARIABLES
from fleetctl.core.templates import Templates
from tests.builders.fleets import a_building, a_fleet, a_plant, a_radiator, a_site
from tests.builders.templates import some_templates

FLEET = a_fleet()
RADIATOR = "les-sables/a101-1"


def rendered(templates: Templates, fleet: Fleet = FLEET) -> dict[str, Config]:
    return {config.unit: config for config in Renderer(templates, fleet).configs(fleet.units())}


def content(text: str, unit: str = RADIATOR, fleet: Fleet = FLEET) -> str:
    return Renderer(some_templates(file=text), fleet).config(fleet.by_name[unit]).files[0].content


def problems(templates: Templates, fleet: Fleet = FLEET) -> tuple[Problem, ...]:
    with pytest.raises(InvalidInput) as refused:
        rendered(templates, fleet)
    return refused.value.problems


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("{{ unit.name }} {{ unit.kind }}\n", RADIATOR, "les-sables/a101-1 radiator\n"),
        ("{{ network.address }}/{{ network.prefix }} {{ network.netmask }}", RADIATOR, "10.77.1.0/24 255.255.255.0"),
        ("{{ gateway.address }} {{ dwelling.id }}", RADIATOR, "10.77.1.1 A101"),
        ("{{ gateway is none }} {{ dwelling is none }} {{ served | length }}", "les-sables/gw-1", "True True 6"),
        ("{{ loop.volume_l }} {{ model.water_max_c }}", "hot-water/boiler-2", "1500.0 65.0"),
        ("{% for u in served %}{{ u.id }} {% endfor %}", "hot-water/gw-1", "boiler-1 boiler-2 boiler-3 "),
        ("{% if true %}\nx\n{% endif %}\ny\n", RADIATOR, "x\ny\n"),
        ("<{{ site.title | toml }}>", RADIATOR, '<"Site 1">'),
        ("{{ 'a \"b\" $c \\\\ `d`' | env }}", RADIATOR, '"a \\"b\\" \\$c \\\\ \\`d\\`"'),
        ("{{ secret }}", RADIATOR, "secret"),
        ("{{ labels | prometheus }}", "hot-water/gw-1", '{unit="hot-water/gw-1",site="hot-water",kind="gateway",'),
    ],
)
def test_a_template_sees_its_unit(text: str, unit: str, expected: str) -> None:
    assert content(text, unit).startswith(expected)


def test_the_last_line_break_is_kept() -> None:
    assert content("x\n\n").endswith("x\n\n")


def test_templates_include_others_and_nothing_else() -> None:
    templates = some_templates(file="{% include '_part' %}", _part="part of {{ unit.id }}")

    assert rendered(templates)[RADIATOR].files[0].content == "part of a101-1"
    (problem,) = problems(some_templates(file="{% include '/etc/passwd' %}"))
    assert problem.code == "unknown-template"
    assert "/etc/passwd" in problem.message


@given(st.randoms(use_true_random=False), st.integers(1, 6), st.text(max_size=8))
def test_same_input_same_bytes_same_digest_in_any_order(random: Random, radiators: int, floor: str) -> None:
    units = tuple(a_radiator("s", 1, place, labels={"floor": floor}) for place in range(radiators))
    site = a_building("s", 1, 0)
    fleet = a_fleet(a_site("s", 1, (*site.units.values(), *units)))
    templates = some_templates(own="{{ labels | prometheus }}", alike="{{ heat.watchdog_s }} {{ model.power_w }}")
    shuffled = list(fleet.units())
    random.shuffle(shuffled)

    there = {config.unit: config for config in Renderer(templates, fleet).configs(shuffled)}

    assert there == rendered(templates, fleet)
    assert {c.digest for c in there.values()} == {c.digest for c in rendered(templates, fleet).values()}


def test_a_file_whose_inputs_are_alike_is_rendered_once() -> None:
    fleet = a_fleet(a_building("s", 1, 30))
    renderer = Renderer(some_templates(own="{{ unit.id }}", heat="{{ heat.max_power_w }}", site="{{ site.id }}"), fleet)

    list(renderer.configs(fleet.units()))

    assert renderer.renderings == 31 + 1 + 1


def test_a_file_differs_where_one_of_its_inputs_does() -> None:
    units = [a_radiator("s", 1, place) for place in range(3)]
    units[1] = replace(units[1], heat=HeatSettings(watchdog_s=99))
    fleet = a_fleet(a_site("s", 1, (*a_building("s", 1, 0).units.values(), *units)))

    found = rendered(some_templates(heat="{% include '_heat' %}", _heat="{{ heat.watchdog_s }}"), fleet)

    assert [found[unit.name].files[0].content for unit in units] == ["60", "99", "60"]


def test_a_template_whose_parts_are_named_at_run_time_is_rendered_for_each_unit() -> None:
    templates = some_templates(file="{% include '_' ~ unit.id[-1] %}", _1="one {{ unit.id }}", _2="two {{ unit.id }}")

    found = rendered(templates, a_fleet(a_building("s", 1, 2)))

    assert [config.files[0].content for config in found.values()] == ["one gw-1", "one a101-1", "two a101-2"]


def test_sites_that_look_alike_are_told_apart() -> None:
    fleet = a_fleet(a_building("one", 1, 1), a_building("two", 2, 1))

    found = rendered(some_templates(file="{{ network.cidr }} {{ gateway.address if gateway }}"), fleet)

    assert found["one/a101-1"].files[0].content == "10.77.1.0/24 10.77.1.1"
    assert found["two/a101-1"].files[0].content == "10.77.2.0/24 10.77.2.1"


def test_a_secret_is_a_mark_with_its_version() -> None:
    templates = some_templates(file="key={{ secret('compute-token') }}")
    before = rendered(templates)[RADIATOR]
    rotated = replace(FLEET, secrets={"compute-token": SecretRef("compute-token", "env", "OTHER", "2+b~1")})
    after = rendered(templates, rotated)[RADIATOR]

    assert before.files[0].content == "key=⟦secret:compute-token@1⟧"
    assert before.files[0].secrets == after.files[0].secrets == {"compute-token"}
    assert before.digest != after.digest


def test_where_a_secret_comes_from_does_not_change_the_digest() -> None:
    templates = some_templates(file="key={{ secret('compute-token') }}")
    moved = replace(FLEET, secrets={"compute-token": SecretRef("compute-token", "age", "keys.age#token", "1")})

    assert rendered(templates)[RADIATOR].digest == rendered(templates, moved)[RADIATOR].digest


def test_an_unknown_secret_names_template_line_and_unit() -> None:
    (problem,) = problems(some_templates(file="a\n{{ secret('compute-tokken') }}\n"), a_fleet(a_building("s", 1, 2)))

    assert (problem.code, problem.file, problem.line) == ("unknown-secret", "templates/file", 2)
    assert problem.message.endswith("(for 3 units, the first is s/gw-1)")
    assert problem.hint == "did you mean 'compute-token'?"


def test_a_mark_that_no_template_asked_for_is_refused() -> None:
    forged = a_radiator("s", 1, 0, labels={"note": "⟦secret:compute-token@1⟧"})
    fleet = a_fleet(a_site("s", 1, (*a_building("s", 1, 0).units.values(), forged)))

    (problem,) = problems(some_templates(file="{{ labels | prometheus }}"), fleet)

    assert problem.code == "template-failed"
    assert "holds a secret's mark" in problem.message


def test_a_secret_in_a_file_that_others_may_read_is_refused() -> None:
    (problem, *_) = problems(some_templates(0o644, file="{{ secret('compute-token') }}"))

    assert "mode 0644 lets others read it" in problem.message


@pytest.mark.parametrize(
    ("text", "code", "line", "message", "hint"),
    [
        ("a\nb\n{{ untt.address }}", "template-undefined", 3, "'untt' is undefined", "did you mean 'unit'?"),
        ("\n{{ unit.adress }}", "template-undefined", 2, "'Unit' has no 'adress'", "docs/templates.md"),
        ("{{ gateway.nothing.at_all }}", "template-undefined", 1, "'None' has no attribute 'nothing'", ""),
        ("\n\n{{ 1 / 0 }}", "template-failed", 3, "ZeroDivisionError: division by zero", ""),
        ("{{ 'a\\nb' | env }}", "template-failed", 1, "control characters", ""),
        ("{{ unit.__class__ }}", "template-failed", 1, "SecurityError", ""),
        ("{{ unit.labels.clear() }}", "template-failed", 1, "SecurityError", ""),
        ("{{ range(10 ** 9) | list }}", "template-failed", 1, "OverflowError", ""),
    ],
)
def test_a_failing_template_names_itself_line_and_unit(
    text: str, code: str, line: int, message: str, hint: str
) -> None:
    found = problems(some_templates(file=text), a_fleet(a_building("s", 1, 1)))

    assert {(p.code, p.file, p.line) for p in found} == {(code, "templates/file", line)}
    assert message in found[0].message
    assert "s/gw-1" in found[0].message
    assert hint in found[0].hint


def test_what_a_template_may_not_see_is_refused_each_time_it_is_asked_for() -> None:
    for text in ("{{ unit.__class__ }}", "{{ unit.labels.__init__ }}", "{{ unit.labels.update }}"):
        renderer = Renderer(some_templates(file=text), FLEET)
        for _ in range(2):
            with pytest.raises(Unrenderable, match="unsafe"):
                renderer.config(FLEET.by_name[RADIATOR])


def test_a_failure_in_an_included_template_names_that_one() -> None:
    (problem,) = problems(some_templates(file="{% include '_part' %}", _part="\n{{ nope }}"), a_fleet(a_building()))

    assert (problem.file, problem.line) == ("templates/_part", 2)


def test_one_mistake_is_one_problem_for_a_whole_fleet_and_all_mistakes_come_at_once() -> None:
    fleet = a_fleet(a_building("s", 1, 40), a_plant("p", 2, 5))
    templates = some_templates(one="{{ nope }}", two="{{ loop.volume_l }}", three="{{ unit.id }}")

    by_file = {problem.file: problem for problem in problems(templates, fleet)}

    assert "(for 47 units, the first is s/gw-1)" in by_file["templates/one"].message
    assert "(for 42 units, the first is s/gw-1)" in by_file["templates/two"].message
    assert len(by_file) == 2


def test_templates_that_do_not_compile_are_all_named() -> None:
    found = problems(some_templates(one="a\n{% if %}", two="{{ 'x", three="fine", four="{{ x | nofilter }}"))

    assert [(p.code, p.file, p.line) for p in found] == [
        ("template-syntax", "templates/four", 1),
        ("template-syntax", "templates/one", 2),
        ("template-syntax", "templates/two", 1),
    ]


@pytest.mark.parametrize("text", ["{{ lipsum() }}", "{{ [1, 2, 3] | random }}"])
def test_nothing_that_differs_between_two_runs_is_there(text: str) -> None:
    assert problems(some_templates(file=text), a_fleet(a_building("s", 1, 1)))


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_every_variable_is_there_for_every_unit(name: str) -> None:
    assert len(rendered(some_templates(file=f"{{{{ {name} is defined }}}}"))) == len(FLEET.by_name)
