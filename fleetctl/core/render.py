"""Rendering: templates and a unit in, the unit's config out. Same input, same bytes, same digest.

Templates are filled in with `core.scene`'s variables by `core.template_engine`. A template that fails names itself, the
line and the unit; the same failure of many units is one problem.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from fleetctl.core.config import SECRET_MARK, Config, ConfigFile
from fleetctl.core.inventory.fleet import Fleet, Unit
from fleetctl.core.problems import InvalidInput, Problem
from fleetctl.core.scene import SecretMarks, Stage, Variables
from fleetctl.core.template_engine import Failure, Program, compile_all, failure_of
from fleetctl.core.templates import Rule, Source, Templates

_READABLE_BY_OTHERS = 0o007
_MARK_START = "⟦secret:"


class MisusedSecret(Exception):
    """Raised when a rendered file would give a secret away."""


class Unrenderable(Exception):
    """Raised for one unit; carries the failure of each of its files."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        self.failures = tuple(failures)
        super().__init__("; ".join(f"{f.template}:{f.line}: {f.message}" for f in failures))


class Renderer:
    """Renders the configs of a fleet's units. Templates are compiled once, when the first unit needs them.

    Attributes:
        renderings: how many times a template has been filled in so far.
    """

    def __init__(self, templates: Templates, fleet: Fleet) -> None:
        self.renderings = 0
        self._templates = templates
        self._fleet = fleet
        self._secret = SecretMarks(fleet.secrets)
        self._stage: Stage | None = None
        self._shared: dict[Hashable, ConfigFile] = {}

    def configs(self, units: Iterable[Unit]) -> Iterator[Config]:
        """Yield the configs of units, in their order; units of one site should stand together.

        Raises:
            InvalidInput: after the last unit, with every failure of every unit, alike ones as one problem.
        """
        failures: list[Failure] = []
        for unit in units:
            try:
                yield self.config(unit)
            except Unrenderable as unrenderable:
                failures.extend(unrenderable.failures)
        if failures:
            raise InvalidInput(grouped(failures, self._templates.sources))

    def config(self, unit: Unit) -> Config:
        """Return the config of a unit.

        Raises:
            InvalidInput: if templates do not compile; says so of all of them.
            Unrenderable: if templates fail for this unit.
        """
        programs, variables = self._programs, self._stage_of(unit.site).variables(unit)
        files: list[ConfigFile] = []
        failures: list[Failure] = []
        for rule in self._templates.rules[unit.kind]:
            try:
                files.append(self._file(rule, programs[rule.template], variables))
            except Exception as error:  # a template is a program of its author: whatever it raises is its problem
                failures.append(failure_of(error, rule.template, unit.name, self._templates.sources))
        if failures:
            raise Unrenderable(failures)
        return Config(unit.name, tuple(files))

    @cached_property
    def _programs(self) -> Mapping[str, Program]:
        return compile_all(self._templates)

    def _stage_of(self, site: str) -> Stage:
        """Return the stage of a site; only the last one is kept, for units come site by site."""
        if self._stage is None or self._stage.site.id != site:
            self._stage = Stage(self._fleet, self._fleet.sites[site], self._secret)
        return self._stage

    def _file(self, rule: Rule, program: Program, variables: Variables) -> ConfigFile:
        if program.alike is None:
            return self._fill(rule, program, variables)
        key = (rule.template, rule.path, *[of(variables) for of in program.alike])
        if key not in self._shared:
            self._shared[key] = self._fill(rule, program, variables)
        return self._shared[key]

    def _fill(self, rule: Rule, program: Program, variables: Variables) -> ConfigFile:
        self.renderings += 1
        self._secret.asked.clear()
        text = program.template.render(variables)
        if _MARK_START in text:
            _check_marks(text, self._secret.asked, rule)
        return ConfigFile(rule.path, text, rule.mode, rule.service, rule.confirm, rule.reboot)


def grouped(failures: Iterable[Failure], sources: Mapping[str, Source]) -> list[Problem]:
    """Return one problem for each place and kind of failure, with the number of units and the first of them."""
    first: dict[tuple[str, int, str], Failure] = {}
    counts: Counter[tuple[str, int, str]] = Counter()
    for failure in failures:
        key = (failure.template, failure.line, failure.code)
        first.setdefault(key, failure)
        counts[key] += 1
    return [_problem(failure, counts[key], sources) for key, failure in first.items()]


def _check_marks(text: str, asked: set[str], rule: Rule) -> None:
    """Refuse marks that the template did not ask for (somebody wrote one into a label), and files that all may read."""
    if {mark.group() for mark in SECRET_MARK.finditer(text)} - asked:
        raise MisusedSecret("a value of the inventory holds a secret's mark; only 'secret(name)' in a template may")
    if rule.mode & _READABLE_BY_OTHERS:
        raise MisusedSecret(f"{rule.path} holds a secret but its mode {rule.mode:04o} lets others read it")


def _problem(failure: Failure, count: int, sources: Mapping[str, Source]) -> Problem:
    whose = f"for {failure.unit}" if count == 1 else f"for {count} units, the first is {failure.unit}"
    origin = sources[failure.template].origin if failure.template in sources else failure.template
    return Problem(failure.code, f"{failure.message} ({whose})", origin, failure.line, hint=failure.hint)
