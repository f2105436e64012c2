"""A rollout's report as JUnit XML: each unit is a test case, so that a CI system shows it among its test results.

So is each zone whose heat was interrupted: it fails if it was seen below its floor and had not been before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree as Xml

from fleetctl.core.clock import to_text
from fleetctl.core.report.heat import SpaceReport
from fleetctl.core.rollout.state import COUNTED_AS_FAILED, Phase
from fleetctl.core.rollout_report import RolloutReport, UnitReport

_NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""XML 1.0 has no form at all for these, not even an escaped one (section 2.2)."""
_REPLACEMENT = "\ufffd"


def to_junit(report: RolloutReport) -> str:
    """Return the XML document: a suite for each site.

    Failed and rolled back units are failures, one in doubt is an error, whatever was not tried to an end is skipped.
    """
    root = Xml.Element("testsuites", name=f"rollout {report.rollout.id}", time=f"{report.duration_s:.3f}")
    for site in dict.fromkeys(unit.progress.site for unit in report.units):
        root.append(_suite(report, site))
    if report.spaces:
        root.append(_heat(report))
    if report.rollout.left_out:
        root.append(_left_out(report))
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _suite(report: RolloutReport, site: str) -> Xml.Element:
    waves = {wave.index: wave.name for wave in report.waves}
    cases = [_case(unit, waves[unit.progress.wave]) for unit in report.units if unit.progress.site == site]
    suite = _counted(site, cases)
    suite.set("timestamp", to_text(report.began))
    suite.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")
    return suite


def _heat(report: RolloutReport) -> Xml.Element:
    return _counted("heat", [_space_case(space) for space in report.spaces])


def _space_case(space: SpaceReport) -> Xml.Element:
    case, lowest = _empty_case(space.name), space.lowest
    figures = {
        "temperature before": (space.before_c, "°C"),
        "lowest temperature": (lowest.temperature_c if lowest else None, "°C"),
        "floor": (space.floor_c, "°C"),
        "heat debt": (space.debt_kh, "K·h"),
        "heat not delivered": (space.lacked_kwh, "kWh"),
    }
    said = ", ".join(f"{name} {value:.2f} {unit}" for name, (value, unit) in figures.items() if value is not None)
    if space.is_too_cold:
        Xml.SubElement(case, "failure", type="too_cold", message=_clean(said))
    _properties(case, {name: f"{value:.3f}" for name, (value, _) in figures.items() if value is not None})
    return case


def _properties(case: Xml.Element, values: Mapping[str, str]) -> None:
    properties = Xml.SubElement(case, "properties")
    for name, value in values.items():
        Xml.SubElement(properties, "property", name=name, value=_clean(value))


def _left_out(report: RolloutReport) -> Xml.Element:
    cases = []
    for unit, reason in report.rollout.left_out.items():
        case = _empty_case(unit)
        Xml.SubElement(case, "skipped", message=_clean(f"left out: {reason}"))
        cases.append(case)
    return _counted("left out", cases)


def _counted(name: str, cases: list[Xml.Element]) -> Xml.Element:
    suite = Xml.Element("testsuite", name=name, tests=str(len(cases)))
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(key, str(sum(case.find(tag) is not None for case in cases)))
    suite.extend(cases)
    return suite


def _case(unit: UnitReport, wave: str) -> Xml.Element:
    progress = unit.progress
    case = _empty_case(unit.unit, unit.duration_s)
    said = _clean(progress.reason or progress.phase.value)
    standing = {"wave": wave, "config": unit.standing.config.value, "version": unit.standing.version}
    left = {"left drained": unit.is_left_drained, "left without heat": unit.is_left_cold}
    _properties(case, {**standing, **{what: "yes" for what, it_is in left.items() if it_is}})
    if progress.in_doubt:
        Xml.SubElement(case, "error", type="in_doubt", message=said).text = _history(unit)
    elif progress.phase in COUNTED_AS_FAILED:
        kind = progress.cause.value if progress.cause else progress.phase.value
        Xml.SubElement(case, "failure", type=kind, message=said).text = _history(unit)
    elif progress.phase is not Phase.SUCCEEDED:
        Xml.SubElement(case, "skipped", message=_clean(f"{progress.phase.value}: {said}"))
    return case


def _empty_case(unit: str, duration_s: float = 0.0) -> Xml.Element:
    site, _, name = unit.partition("/")
    return Xml.Element("testcase", classname=site, name=name, time=f"{duration_s:.3f}")


def _history(unit: UnitReport) -> str:
    lines = (f"attempt {a.number} {a.outcome or 'under way'}: {a.text}" for a in unit.attempts)
    return _clean("\n".join(lines))


def _clean(text: str) -> str:
    """Replace what XML cannot hold; a unit's console output may carry terminal escapes."""
    return _NOT_IN_XML.sub(_REPLACEMENT, text)
