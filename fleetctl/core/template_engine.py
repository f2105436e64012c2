"""The one Jinja2 environment: what templates may do, how they are compiled, and what their errors mean in words.

Templates run in an immutable sandbox with strict undefined variables. What could differ between two runs of the same
input (a random choice, filler text) is taken away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from jinja2 import (
    FunctionLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
    meta,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from fleetctl.core.labels import exposition
from fleetctl.core.names import did_you_mean
from fleetctl.core.problems import Problem, refuse
from fleetctl.core.scene import ALIKE, VARIABLES, UnknownSecret, Variables
from fleetctl.core.templates import Source, Templates

_UNDEFINED_NAME = re.compile(r"'(?P<name>\w+)' is undefined")
_TYPE_IN_MESSAGE = re.compile(r"'(?:\w+\.)*(?P<type>\w+) object' has no attribute")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled template.

    Attributes:
        alike: what tells apart the units that it differs for; None if it differs for every unit.
    """

    template: Template
    alike: tuple[Callable[[Variables], Hashable], ...] | None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a template could not be filled in for a unit."""

    template: str
    line: int
    unit: str
    code: str
    message: str
    hint: str = ""


def compile_all(templates: Templates) -> Mapping[str, Program]:
    """Compile every template that becomes a file.

    Raises:
        InvalidInput: with every template that is not one.
    """
    environment = _environment(templates.sources)
    programs: dict[str, Program] = {}
    problems: list[Problem] = []
    for name in templates.used:
        try:
            used = _variables_of(name, environment, templates.sources, frozenset())
            programs[name] = Program(environment.get_template(name), _alike(used))
        except (TemplateSyntaxError, TemplateNotFound) as error:
            problems.append(_not_a_template(error, name, templates.sources))
    refuse(problems)
    return programs


def failure_of(error: Exception, template: str, unit: str, sources: Mapping[str, Source]) -> Failure:
    """Say in words what a template's error means, at the innermost template and line that it passed through."""
    template, line = _place(error.__traceback__, sources) or (template, 0)
    if isinstance(error, UnknownSecret):
        return Failure(template, line, unit, "unknown-secret", str(error), error.hint)
    if isinstance(error, UndefinedError):
        message = _TYPE_IN_MESSAGE.sub(r"'\g<type>' has no", str(error))
        return Failure(template, line, unit, "template-undefined", message, _hint(message))
    fact = f"{type(error).__name__}: {error}"
    return Failure(template, line, unit, "template-failed", f"the template failed with {fact}")


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, which remembers its verdicts: they depend on an object's class and the attribute's name alone.

    Judging every access anew costs a quarter of what a large fleet's rendering does.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._verdicts: dict[tuple[type[Any], str], bool] = {}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Say whether a template may see an attribute."""
        key = (type(obj), attr)
        if key not in self._verdicts:
            self._verdicts[key] = super().is_safe_attribute(obj, attr, value)
        return self._verdicts[key]


def _environment(sources: Mapping[str, Source]) -> ImmutableSandboxedEnvironment:
    def load(name: str) -> tuple[str, str, None] | None:
        # The template's name stands in for a file name: that is how `_place` finds its frames in a traceback.
        return (sources[name].text, name, None) if name in sources else None

    environment = Sandbox(
        loader=FunctionLoader(load),
        undefined=StrictUndefined,
        autoescape=False,  # configuration files, not HTML
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    del environment.globals["lipsum"], environment.filters["random"]
    environment.filters |= {"toml": _toml, "env": _env, "prometheus": exposition}
    return environment


def _variables_of(
    name: str, environment: ImmutableSandboxedEnvironment, sources: Mapping[str, Source], seen: frozenset[str]
) -> frozenset[str]:
    """Return the variables that a template uses, itself and through those that it includes."""
    if name not in sources:
        raise TemplateNotFound(name)
    environment.get_template(name)  # its errors tell the template, those of `meta` do not
    tree = environment.parse(sources[name].text, name, name)
    used = frozenset(meta.find_undeclared_variables(tree))
    for other in meta.find_referenced_templates(tree):
        if other is None:  # the name is computed: it may be any template
            return VARIABLES
        if other not in seen:
            used |= _variables_of(other, environment, sources, seen | {name, other})
    return used


def _alike(used: frozenset[str]) -> tuple[Callable[[Variables], Hashable], ...] | None:
    if used & (VARIABLES - ALIKE.keys()):
        return None
    return tuple(ALIKE[name] for name in sorted(used & ALIKE.keys()))


def _place(trace: TracebackType | None, sources: Mapping[str, Source]) -> tuple[str, int] | None:
    place = None
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name in sources:
            place = (name, trace.tb_lineno)
        trace = trace.tb_next
    return place


def _hint(message: str) -> str:
    undefined = _UNDEFINED_NAME.fullmatch(message)
    return did_you_mean(undefined["name"], VARIABLES) if undefined else "docs/templates.md lists what a template sees"


def _not_a_template(error: TemplateSyntaxError | TemplateNotFound, name: str, sources: Mapping[str, Source]) -> Problem:
    if isinstance(error, TemplateSyntaxError):
        origin = sources[error.name or name].origin
        return Problem("template-syntax", f"not a Jinja2 template: {error.message}", origin, error.lineno)
    missing = str(error.name)
    return Problem(
        "unknown-template",
        f"includes '{missing}', which there is not",
        sources[name].origin,
        hint=did_you_mean(missing, sources),
    )


def _toml(value: Any) -> str:
    """Write a value as TOML; JSON's strings, numbers, truth values and lists are TOML's."""
    return json.dumps(value, ensure_ascii=False)


def _env(value: Any) -> str:
    """Write a value in double quotes for an environment file, as the shell and systemd both read it."""
    text = str(value)
    if _CONTROL.search(text):
        raise ValueError("a value of an environment file must not hold control characters")
    return '"' + re.sub(r'(["\\$`])', r"\\\1", text) + '"'
