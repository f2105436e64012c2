"""`scripts/record-demo`: what a terminal showed at the end, as a picture that any renderer shows alike."""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/record-demo"
SPACE = "{http://www.w3.org/XML/1998/namespace}space"


@pytest.fixture(scope="module")
def recorder() -> ModuleType:
    """Return the script as a module."""
    spec = spec_from_loader("record_demo", SourceFileLoader("record_demo", str(SCRIPT)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_bar_that_was_drawn_anew_stands_there_once(recorder: ModuleType) -> None:
    said = "begin\r\n\x1b[2Kbar 1/2\r\n\x1b[1A\x1b[2Kfact\r\nbar 2/2\r\nend"
    assert recorder.screen(said) == ["begin", "fact", "bar 2/2", "end"]


def test_the_picture_keeps_indentation_and_loads_nothing(recorder: ModuleType) -> None:
    text = recorder.picture("plan\n    it has no config yet\n")
    svg = ElementTree.fromstring(text)
    lines = [element.text for element in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert svg.get(SPACE) == "preserve"
    assert "\N{NO-BREAK SPACE}" * 4 + "it\N{NO-BREAK SPACE}has" in next(line for line in lines if line and "it" in line)
    assert "@font-face" not in text
    assert "url(http" not in text
