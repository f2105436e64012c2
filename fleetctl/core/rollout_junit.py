"""A rollout's report as JUnit XML: each unit is a test case, so that a CI system shows it among its test results."""

from __future__ import annotations

import re
from xml.etree import ElementTree as Xml

from fleetctl.core.clock import to_text
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
    if report.rollout.left_out:
        root.append(_left_out(report))
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _suite(report: RolloutReport, site: str) -> Xml.Element:
    cases = [_case(unit) for unit in report.units if unit.progress.site == site]
    suite = _counted(site, cases)
    suite.set("timestamp", to_text(report.began))
    suite.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")
    return suite


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


def _case(unit: UnitReport) -> Xml.Element:
    progress = unit.progress
    case = _empty_case(unit.unit, unit.duration_s)
    said = _clean(progress.reason or progress.phase.value)
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
