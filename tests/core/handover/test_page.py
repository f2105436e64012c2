"""The report's page: everything on it in both languages, nothing from elsewhere, and nobody's words become elements."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetctl.adapters.reports import template
from fleetctl.core.commissioning.ledger import Entry, dwelling_subject
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.handover.document import to_document
from fleetctl.core.handover.issue import Issue
from fleetctl.core.handover.page import to_html
from fleetctl.core.handover.report import handover
from fleetctl.core.inventory.fleet import Site
from fleetctl.core.log_heads import Head
from fleetctl.core.words.language import Language
from fleetctl.core.words.speech import Speech
from fleetctl.core.words.text import NARROW, NO_BREAK
from tests.builders.field import T0, Field, a_mixed_ledger, burn_in, fingerprints, room_proof

SITE, ENTRIES = a_mixed_ledger()
ALONE = {"br", "meta", "path"}


def page(
    language: Language = Language.EN, *, site: Site = SITE, entries: list[Entry] | None = None, dwelling: str = ""
) -> str:
    issue = Issue(3, site.id, dwelling, T0.replace(hour=13, minute=5), "state-1", Head(812, "ab" * 32), "cd" * 32)
    report = handover(site, ENTRIES if entries is None else entries, issue, fingerprints(site))
    speech = Speech(language, ZoneInfo(site.time_zone))
    return to_html(report, to_document(report), "SHA256:key", speech, template("handover"))


class Elements(HTMLParser):
    """What a page is made of: elements with their attributes' names, and the text that is seen."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.seen: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(f"{tag} {sorted(name for name, _ in attrs)}")
        self.open += [] if tag in ALONE else [tag]

    def handle_endtag(self, tag: str) -> None:
        assert tag in ALONE or self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.seen.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.seen).replace(NARROW, " ").replace(NO_BREAK, " "))


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        (
            Language.EN,
            [
                "Report no. 3, made on 23 November 2026, 14:05.",
                "Not accepted yet",
                "5 of 10 units accepted.",
                "A103: left out from “installed” on: nobody at home",
                "a102-2, bedroom: no instrument could prove its room; Karim Benali confirmed it",
                "640 W of 650 W (−1.5%), ±10% allowed",
                "Engineers, names as typed: Léa Martin and Karim Benali",
                "Accepted by Léa Martin on 23 November 2026, 09:39.",
                "It rests on 71 entries of the ledger.",
                "(2 tries)",
            ],
        ),
        (
            Language.FR,
            [
                "Procès-verbal n° 3, établi le 23 novembre 2026 à 14 h 05.",
                "Pas encore réceptionné",
                "Unités réceptionnées : 5 sur 10.",
                "A103 : laissé de côté à partir de « pose » : nobody at home",
                "a102-2, bedroom : aucun instrument n’a pu prouver sa pièce ; Karim Benali l’a confirmée",
                "640 W sur 650 W (−1,5 %), ±10 % admis",
                "Intervenants, noms tels que saisis : Léa Martin et Karim Benali",
                "Réception prononcée par Léa Martin le 23 novembre 2026 à 9 h 39.",
                "Il repose sur 71 écritures du registre.",
                "(2 essais)",
            ],
        ),
    ],
)
def test_the_page_says_it_in_its_language(language: Language, texts: list[str]) -> None:
    made = page(language)
    assert f'<html lang="{language.value}">' in made
    seen = Elements(made).text
    assert [text for text in texts if text not in seen] == []
    for digest in ("ab" * 32, "cd" * 32, ENTRIES[-1].digest, "SHA256:key"):
        assert digest in seen


def test_every_element_is_closed_and_nothing_comes_from_elsewhere() -> None:
    made = page()
    elements = Elements(made)
    assert elements.open == []
    assert "default-src 'none'" in made
    attributes = {name for tag in elements.tags for name in re.findall(r"'([a-z-]+)'", tag)}
    assert not attributes & {"src", "href", "srcset", "style", "onload", "onclick"}
    assert not re.findall(r"url\(|@import|https?:", made)


def test_pictures_are_told_to_those_who_do_not_see_them() -> None:
    labels = re.findall(r'<svg class="plot"[^>]*aria-label="([^"]*)"', page())
    assert len(labels) == page().count("<svg") == 12
    assert all("lowest" in label and "highest" in label for label in labels)


@pytest.mark.parametrize(
    ("reserve", "verdict"), [("", "Réceptionné"), ("rayure", "Réceptionné, avec 1 réserve ouverte")]
)
def test_a_dwelling_is_accepted_with_or_without_reserves(reserve: str, verdict: str) -> None:
    field = Field(SITE)
    field.unit(SITE.units["gw-1"])
    field.dwelling("A101")
    if reserve:
        field.reserve(dwelling_subject(SITE.id, "A101"), reserve)
    made = page(Language.FR, entries=field.entries(), dwelling="A101")
    assert f'<p class="verdict">{verdict}</p>' in made
    assert "Aucun échec, rien en attente." in Elements(made).text


def test_a_site_where_nothing_was_done_has_a_page() -> None:
    seen = Elements(page(entries=[])).text
    assert "0 of 10 units accepted." in seen
    assert "None was noted." in seen
    assert "It rests on 0 entries" in seen


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=30), min_size=8, max_size=8))
def test_nobodys_words_become_elements(words: list[str]) -> None:
    """Names, reasons, serials, sensors: whatever is in a ledger or an inventory stays text."""
    assert Elements(hostile(words)).tags == Elements(hostile(["x"] * 8)).tags


@pytest.mark.parametrize(
    "word", ["</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "<!--", "{{ 7 * 7 }}"]
)
def test_words_that_mean_harm_stay_text(word: str) -> None:
    made = hostile([word] * 8)
    assert Elements(made).tags == Elements(hostile(["x"] * 8)).tags
    assert "<img" not in made
    assert "<script>" not in made
    assert "49" not in Elements(hostile(["{{ 7 * 7 }}"] * 8)).text.replace("{{ 7 * 7 }}", "")[:400]


def hostile(words: list[str]) -> str:
    """Return the page of a dwelling in which everything that people or machines write is one of these words."""
    name, actor, reason, serial, sensor, text, title, room = (word or "x" for word in words)
    unit = replace(SITE.units["a101-1"], serial=serial, room=room)
    site = replace(SITE, title=title, units={"gw-1": SITE.units["gw-1"], "a101-1": unit})
    field = Field(site, actor=actor, name=name)
    told = burn_in(power_w=100.0, verdict="failed") | {"reason": reason, "curve": []}
    told["checks"].append({"name": "new", "holds": None, "text": text, "about": {}})
    field.say(unit.name, Stage.INSTALLED, serial=serial)
    field.say(unit.name, Stage.BURN_IN, Outcome.FAILED, **told)
    proof = room_proof(unit, "other", heats=text, reason=reason) | {"with": name, "responses": {sensor: [1, 0.1]}}
    field.say(unit.name, Stage.ROOM_PROOF, Outcome.FAILED, **proof)
    field.say(unit.name, Stage.REGISTERED, Outcome.PENDING, reason=reason)
    field.say(dwelling_subject(site.id, "A101"), Stage.INSTALLED, Outcome.SKIPPED, reason=reason)
    field.reserve(unit.name, "".join(c for c in text if c.isprintable()).strip() or "x")
    return page(site=site, entries=field.entries(), dwelling="A101")
