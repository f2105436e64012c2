"""Planning a whole fleet: what is remembered, what a change costs, and that remembering changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from fleetctl.core.digest import digest_of
from fleetctl.core.facts import Cause, Observation, Unobserved
from fleetctl.core.inventory.fleet import Fleet, Site, Unit
from fleetctl.core.plan import Desired, Plan
from fleetctl.core.planning import Occasion, make_plan
from fleetctl.core.route import Pin
from fleetctl.services.declared import Declared
from fleetctl.services.plan import Memory, plan, with_blank_machines
from fleetctl.services.render import configs, desired_states, rendered_from
from tests.builders.fleets import a_building, a_fleet
from tests.builders.memory_state import MemoryState
from tests.builders.rollouts import facts
from tests.builders.templates import CacheInMemory, TemplatesInMemory, some_templates
from tests.builders.world import START

OCCASION = Occasion("p-1", "les-sables", "state-1", START)
SITES = 3


@dataclass
class Planned:
    """A fleet with its state, planned again and again with one memory."""

    fleet: Fleet = field(default_factory=lambda: a_fleet(*(a_building(f"site-{n}", n, 2) for n in range(SITES))))
    templates: TemplatesInMemory = field(default_factory=lambda: TemplatesInMemory(some_templates(own="{{ unit.id }}")))
    state: MemoryState = field(default_factory=MemoryState)
    verdicts: CacheInMemory = field(default_factory=CacheInMemory)
    judged: list[str] = field(default_factory=list)

    @property
    def units(self) -> Sequence[Unit]:
        return list(self.fleet.units())

    def site(self, number: int) -> Site:
        return self.fleet.sites[f"site-{number}"]

    def plan(self) -> Plan:
        memory = Memory(self.verdicts, lambda site: rendered_from(self.fleet, site, self.templates))
        declared = Declared(self.fleet, self._desired, lambda units: configs(self.fleet, units, self.templates))
        return plan(declared, self.units, self.state, OCCASION, memory)

    def plan_from_nothing(self) -> Plan:
        """Return what a plan says that remembers nothing."""
        names = [unit.name for unit in self.units]
        sites = {site.id: site.digest for site in self.fleet.sites.values()}
        wanted = desired_states(self.fleet, self.units, self.templates, CacheInMemory())
        return make_plan(OCCASION, wanted, self.state.units.facts(), sites, declared=names)

    def _desired(self, units: Sequence[Unit]) -> tuple[Desired, ...]:
        self.judged += sorted({unit.site for unit in units})
        return desired_states(self.fleet, units, self.templates, CacheInMemory())

    # --- what may happen between two plans ---

    def observe(self, number: int, of: Callable[[str], Observation]) -> None:
        unit = self.units[number % len(self.units)].name
        self.state.units.save_facts([of(unit)])

    def configure(self, number: int) -> None:
        wanted = desired_states(self.fleet, self.units, self.templates, CacheInMemory())[number % len(self.units)]
        seen = replace(facts(wanted.unit, serial=wanted.serial), config_digest=wanted.config_digest, files=wanted.files)
        self.state.units.save_facts([seen])

    def change_site(self, number: int) -> None:
        site = self.site(number % SITES)
        title = f"{site.title}+"
        changed = replace(site, title=title, digest=digest_of([site.digest, title]))
        self.fleet = replace(self.fleet, sites={**self.fleet.sites, site.id: changed})

    def change_templates(self, number: int) -> None:
        self.templates = TemplatesInMemory(some_templates(own=f"{number} {{{{ unit.id }}}}"))

    def forget_unit(self, number: int) -> None:
        """Take a unit out of the inventory; what the state knows of it is then an orphan."""
        site = self.site(number % SITES)
        units = dict(list(site.units.items())[: max(1, len(site.units) - 1)])
        changed = replace(site, units=units, digest=digest_of(sorted(units)))
        self.fleet = replace(self.fleet, sites={**self.fleet.sites, site.id: changed})


CHANGES: dict[str, Callable[[Planned, int], None]] = {
    "differs": lambda of, number: of.observe(number, lambda unit: facts(unit, config=f"old-{number}")),
    "edited": lambda of, number: of.observe(number, lambda unit: replace(facts(unit), config_changed=("/etc/motd",))),
    "silent": lambda of, number: of.observe(number, lambda unit: Unobserved(unit, START, Cause.UNREACHABLE, "silent")),
    "other": lambda of, number: of.observe(number, lambda unit: facts(unit, serial=f"other-{number}")),
    "configured": lambda of, number: of.configure(number),
    "site": lambda of, number: of.change_site(number),
    "templates": lambda of, number: of.change_templates(number),
    "forgotten": lambda of, number: of.forget_unit(number),
}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(0, 11)), max_size=8))
def test_a_plan_that_remembers_says_what_one_from_nothing_says(changes: list[tuple[str, int]]) -> None:
    planned = Planned()
    for change, number in changes:
        CHANGES[change](planned, number)
        assert planned.plan() == planned.plan_from_nothing()
    assert planned.plan() == planned.plan_from_nothing()


def test_only_what_changed_is_judged_again() -> None:
    planned = Planned()
    planned.plan()
    planned.judged.clear()

    planned.plan()
    assert planned.judged == []

    planned.change_site(1)
    planned.plan()
    assert planned.judged == ["site-1"]

    planned.judged.clear()
    planned.observe(0, facts)
    planned.plan()
    assert planned.judged == ["site-0"]


def test_what_cannot_be_read_back_is_judged_again() -> None:
    planned = Planned()
    first = planned.plan()
    planned.verdicts.blobs = {place: (key, b"[]") for place, (key, _) in planned.verdicts.blobs.items()}

    assert planned.plan() == first


def test_a_silent_unit_that_never_had_a_host_key_is_left_out_with_how_it_is_imaged() -> None:
    planned = Planned()
    silent = Unobserved("", START, Cause.UNREACHABLE, "no answer")
    labelled = [number for number, unit in enumerate(planned.units) if unit.serial and unit.mac]
    for number in labelled[:2]:
        planned.observe(number, lambda unit: replace(silent, unit=unit))
    blank, known = (planned.units[number].name for number in labelled[:2])
    planned.state.units.pin({known: (Pin("ssh-ed25519", "AAAA"),)}, actor="ada", at=START, why="")
    said = with_blank_machines(planned.plan(), planned.fleet, planned.state)
    reasons = {out.unit: out.reason for out in said.left_out}
    assert reasons[known] == "no answer"
    assert reasons[blank].startswith("no answer; to be imaged")
    assert f"'fleetctl image request {blank}'" in reasons[blank]
