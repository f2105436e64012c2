from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.adapters import yaml_reader
from fleetctl.adapters.yaml_edit import edited
from fleetctl.core.document import SourceFile
from fleetctl.core.inventory.edit import Put

SITE = """\
# who to call: see the door
title: "A site"   # kept

radiators:
  # first floor
  a-1:   {room: living,  serial: 'QR-1', mac: 02:00:00:00:00:11}   # by the window
  a-2: {room: bath, serial: , mac: null}
  a-3:
    room: hall  # dark
    serial: QR-3

  # second floor
  a-4: {
    room: living,  # south
    serial: QR-4,
  }
  # the end of the list

boilers: {}
sensors:
"""


def changed(text: str, *puts: Put) -> list[str]:
    """Return the lines that an edit takes out and puts in."""
    after = edited(SourceFile("s.yaml", text.encode()), puts).decode()
    diff = difflib.ndiff(text.splitlines(keepends=True), after.splitlines(keepends=True))
    return [line.rstrip("\r\n") for line in diff if line[0] in "+-"]


@pytest.mark.parametrize(
    ("id", "values", "lines"),
    [
        (
            "a-1",
            {"serial": "QR-9", "port": "sw1/1"},
            [
                "-   a-1:   {room: living,  serial: 'QR-1', mac: 02:00:00:00:00:11}   # by the window",
                "+   a-1:   {room: living,  serial: 'QR-9', mac: 02:00:00:00:00:11, port: sw1/1}   # by the window",
            ],
        ),
        (
            "a-2",
            {"serial": "QR-2", "mac": "02:00:00:00:00:12"},
            [
                "-   a-2: {room: bath, serial: , mac: null}",
                "+   a-2: {room: bath, serial: QR-2 , mac: 02:00:00:00:00:12}",
            ],
        ),
        ("a-3", {"room": "living"}, ["-     room: hall  # dark", "+     room: living  # dark"]),
        ("a-3", {"port": "sw1/3"}, ["+     port: sw1/3"]),
        ("a-4", {"port": "sw1/4"}, ["-     serial: QR-4,", "+     serial: QR-4, port: sw1/4,"]),
        ("a-5", {"room": "hall", "serial": "0012"}, ['+   a-5: {room: hall, serial: "0012"}']),
    ],
)
def test_only_what_changes_is_touched(id: str, values: dict[str, str], lines: list[str]) -> None:
    assert changed(SITE, Put("radiators", id, values)) == lines


@pytest.mark.parametrize(
    ("text", "section", "lines"),
    [
        (SITE, "boilers", ["- boilers: {}", "+ boilers:", "+   b-1: {loop: dhw}"]),
        (SITE, "sensors", ["+   b-1: {loop: dhw}"]),
        (SITE, "gateways", ["+ ", "+ gateways:", "+   b-1: {loop: dhw}"]),
        ("a: 1", "boilers", ["- a: 1", "+ a: 1", "+ ", "+ boilers:", "+   b-1: {loop: dhw}"]),
        ("boilers: {x: {c: a}}\n", "boilers", ["- boilers: {x: {c: a}}", "+ boilers: {x: {c: a}, b-1: {loop: dhw}}"]),
        ("{a: 1}\n", "boilers", ["- {a: 1}", "+ {a: 1, boilers: {b-1: {loop: dhw}}}"]),
    ],
)  # fmt: skip
def test_objects_are_added_where_their_section_is(text: str, section: str, lines: list[str]) -> None:
    assert [line for line in changed(text, Put(section, "b-1", {"loop": "dhw"})) if line != "?"] == lines


def test_line_ends_and_byte_order_mark_stay() -> None:
    content = b"\xef\xbb\xbf" + SITE.replace("\n", "\r\n").encode()
    after = edited(SourceFile("s.yaml", content), [Put("radiators", "a-5", {"room": "entrée"})])
    assert after.startswith(b"\xef\xbb\xbf# who")
    assert after.count(b"\n") == after.count(b"\r\n") == content.count(b"\r\n") + 1


TEXTS = st.text(max_size=12).map(str.strip)
KEYS = st.sampled_from(["room", "serial", "mac", "port", "model"])
IDS = st.sampled_from(["a-1", "a-2", "a-3", "a-4", "a-5", "a-6"])
EDITS = st.dictionaries(IDS, st.dictionaries(KEYS, TEXTS, min_size=1))


@given(EDITS, st.booleans())
def test_any_edit_reads_back_as_what_was_meant_and_keeps_every_comment(
    edits: dict[str, dict[str, str]], windows: bool
) -> None:
    text = SITE.replace("\n", "\r\n") if windows else SITE
    after = edited(SourceFile("s.yaml", text.encode()), [Put("radiators", id, of) for id, of in edits.items()])
    meant = yaml_reader.read(SourceFile("s.yaml", text.encode())).data
    for id, values in edits.items():
        meant["radiators"].setdefault(id, {}).update(values)
    document = yaml_reader.read(SourceFile("s.yaml", after))
    assert (document.data, document.problems) == (meant, ())
    assert list(document.data["radiators"])[:4] == ["a-1", "a-2", "a-3", "a-4"]
    comments = [line.partition("#")[2] for line in SITE.splitlines() if "#" in line]
    assert all(comment in after.decode() for comment in comments)
