"""The words of installers, in French and English: for columns, kinds of units, rooms, and rows that are no unit."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from fleetctl.core.inventory.fleet import Kind

_SPELLINGS: dict[str, str] = {
    "unit": "unit",
    "id": "id, unit id, host, host name, hostname, repère, repère radiateur, identifiant, équipement",
    "site": "site, site id, building site, chantier, résidence, programme, opération",
    "kind": "kind, unit type, equipment type, type d'équipement",
    "building": "building, block, bâtiment, bât, immeuble, tour",
    "dwelling": "dwelling, apartment, flat, apt, logement, appartement, appt, lot, n° logement, n° lot, "
    "numéro de logement, n° appartement",
    "room": "room, pièce, local, emplacement",
    "loop": "loop, boucle, boucle d'eau",
    "serial": "serial, serial number, serial no, s/n, sn, n° de série, n° série, numéro de série, num série, série",
    "mac": "mac, mac address, ethernet address, adresse mac, @mac, adresse ethernet",
    "address": "address, ip, ip address, ipv4, adresse ip, @ip, ip fixe",
    "port": "port, switch port, port switch, port du switch, prise, prise réseau, port réseau",
    "model": "model, hardware, modèle, gamme",
    "gateway": "gateway, passerelle",
    "uplink_address": "uplink address, uplink, adresse uplink, adresse wan, ip wan",
    "power_w": "power, power w, rated power, puissance, puissance w, puissance en w, puissance nominale, p w",
}
"""Names of columns. Left out are those that often mean something else: `Nom` (of a resident), `Adresse` (of the house),
`Type` (of the dwelling), `Circuit` (electrical), `Référence`."""

_KINDS = {
    Kind.RADIATOR: ("radiator", "radiators", "radiateur", "radiateurs", "rad"),
    Kind.BOILER: ("boiler", "boilers", "chaudiere", "chaudieres", "chaudiere numerique", "ballon"),
    Kind.GATEWAY: ("gateway", "gateways", "passerelle", "passerelles", "gw", "routeur"),
}
_ROOMS = {
    "living": ("living room", "lounge", "sejour", "salon", "sejour salon", "salle de sejour", "piece de vie"),
    "bedroom": ("chambre", "ch", "chb"),
    "kitchen": ("cuisine", "cuis"),
    "bath": ("bathroom", "shower", "salle de bain", "salle de bains", "sdb", "salle d eau", "sde"),
    "hall": ("entrance", "entree", "hall d entree", "couloir", "degagement"),
    "office": ("bureau", "study"),
}
_TOTAL = re.compile(r"(?:(?:sous|sub|grand) ?)?(?:totaux|total|subtotal|somme|sum)\b.*")
_HEADING = re.compile(r"(?:batiment|bat|building|block|etage|floor|niveau|rdc|cage|hall|escalier|zone|site)\b.*")


@lru_cache(maxsize=8192)
def folded(text: str) -> str:
    """Return a text as people mean it: lower case, no accents, every run of other characters one space."""
    letters = text.casefold()
    if not text.isascii():
        plain = unicodedata.normalize("NFKD", text.replace("°", "o "))
        letters = "".join(c for c in plain if not unicodedata.combining(c)).casefold()
    return re.sub(r"[^a-z0-9@]+", " ", letters).strip()


def squeezed(text: str) -> str:
    """Return what is left of a name if case, accents and separators do not count: `Appt. A 101` is `appta101`."""
    return folded(text).replace(" ", "")


COLUMNS = {folded(name): key for key, names in _SPELLINGS.items() for name in names.split(",")}
"""Every known column name, folded, with the key that it stands for."""
KEYS = tuple(_SPELLINGS)
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words}
_ROOM_OF = {word: room for room, words in _ROOMS.items() for word in words}


def kind_named(text: str) -> Kind | None:
    """Return the kind of unit that a word names."""
    return _KIND_OF.get(folded(text))


def room_named(text: str) -> str:
    """Return the usual English id of a room, number included (`Chambre n° 2` is `bedroom-2`); empty if unknown."""
    words = re.fullmatch(r"(?P<room>.*?)(?: ?(?:no )?(?P<number>[0-9]+))?", folded(text))
    room = _ROOM_OF.get(words["room"], "") if words else ""
    return f"{room}-{words['number']}" if words and words["number"] and room else room


def is_total(text: str) -> bool:
    """Say whether a row that begins with `text` adds others up."""
    return _TOTAL.fullmatch(folded(text)) is not None


def is_heading(text: str) -> bool:
    """Say whether `text`, alone in its row, is a heading between rows."""
    return _HEADING.fullmatch(folded(text)) is not None
