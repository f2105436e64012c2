"""Files of reports: every byte counts, and nothing in a report can end its place in a page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.digest import digest, digest_of
from fleetctl.core.handover.seal import Seal, embedded, html_file, json_file, opened

REPORT: dict[str, Any] = {"title": "Les Sables </script><!-- é", "ledger": [], "rise_k": 0.5, "issue": {"number": 1}}
PAGE = f'<p>Les Sables</p><script type="application/json" id="report">{embedded(REPORT)}</script>\n'.encode()
JSON_SEAL = Seal(digest_of(REPORT), digest_of(REPORT), "ssh-ed25519 AAAA", "c2ln")
HTML_SEAL = Seal(digest_of(REPORT), digest(PAGE), "ssh-ed25519 AAAA", "c2ln")
FILES = {"json": json_file(REPORT, JSON_SEAL), "html": html_file(PAGE, HTML_SEAL)}

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("form", FILES)
def test_a_file_comes_apart_as_it_was_put_together(form: str) -> None:
    sealed = opened(FILES[form])
    assert sealed.report == REPORT
    assert sealed.seal == (JSON_SEAL if form == "json" else HTML_SEAL)
    assert sealed.changed is None


@pytest.mark.parametrize("form", FILES)
def test_every_byte_that_is_changed_shows(form: str) -> None:
    """The signature's own bytes are for whoever holds the key: here everything else is looked at."""
    whole = FILES[form]
    for place in range(len(whole)):
        changed = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        try:
            sealed = opened(changed)
        except ValueError:
            continue
        of = HTML_SEAL if form == "html" else JSON_SEAL
        is_seen = sealed.changed is not None or sealed.seal != of
        assert is_seen, f"byte {place}: {whole[max(0, place - 20) : place + 20]!r}"


@pytest.mark.parametrize("form", FILES)
@pytest.mark.parametrize("place", [0, 40, -1])
def test_what_is_put_in_or_left_out_shows(form: str, place: int) -> None:
    whole = FILES[form]
    at = place % len(whole)
    for changed in (whole[:at] + b" " + whole[at:], whole[:at] + whole[at + 1 :], whole + b"\n", b" " + whole):
        with pytest.raises(ValueError, match=r"changed|no handover|cannot be read"):
            _checked(changed)


def _checked(content: bytes) -> None:
    flaw = opened(content).changed
    if flaw:
        raise ValueError(flaw)


def test_a_second_report_hidden_in_a_page_is_refused() -> None:
    doubled = PAGE + b'<script type="application/json" id="report">{}</script>\n'
    with pytest.raises(ValueError, match="changed"):
        opened(html_file(doubled, replace(HTML_SEAL, content=digest(doubled))))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"schema": "x"}', b"<html>", b"\xff\xfe", b"{" * 10_000]
)
def test_what_is_no_report_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(ValueError, match="it "):
        opened(content)


@given(st.dictionaries(st.text(), plain, max_size=4))
def test_any_data_stands_safely_in_a_page_and_comes_back(report: dict[str, Any]) -> None:
    page = f'<script type="application/json" id="report">{embedded(report)}</script>'.encode()
    assert page.count(b"<") == 2
    sealed = opened(html_file(page, replace(HTML_SEAL, report=digest_of(report), content=digest(page))))
    assert sealed.report == report
    assert sealed.changed is None
