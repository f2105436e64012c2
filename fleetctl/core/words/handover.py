"""Texts of the handover report."""

from __future__ import annotations

from collections.abc import Mapping

from fleetctl.core.commissioning.lifecycle import Lifecycle
from fleetctl.core.commissioning.standing import State
from fleetctl.core.words.text import Counted, Text

COLON = Text(en=":", fr=" :")
TITLE = Text(en="Handover report", fr="Procès-verbal de réception")
NUMBER = Text(en="Report no. {number}", fr="Procès-verbal n° {number}")
MADE = Text(en="made on {moment}", fr="établi le {moment}")
SITE = Text(en="Site", fr="Site")
DWELLING = Text(en="Dwelling {dwelling}", fr="Logement {dwelling}")
SCOPE = Text(en="covers", fr="objet")
WHOLE_SITE = Text(en="the whole site", fr="le site entier")
TIMES = Text(en="Times are those of {zone}.", fr="Les heures sont celles de {zone}.")
PLACE = Text(en="building {building}, floor {floor}, {area}", fr="bâtiment {building}, étage {floor}, {area}")

ACCEPTED = Text(en="Accepted", fr="Réceptionné")
ACCEPTED_WITH = Counted(
    one=Text(en="Accepted, with {n} open reserve", fr="Réceptionné, avec {n} réserve ouverte"),
    many=Text(en="Accepted, with {n} open reserves", fr="Réceptionné, avec {n} réserves ouvertes"),
)
NOT_ACCEPTED = Text(en="Not accepted yet", fr="Pas encore réceptionné")
UNITS_ACCEPTED = Counted(
    one=Text(en="{accepted} of {n} unit accepted", fr="{accepted} unité sur {n} réceptionnée"),
    many=Text(en="{accepted} of {n} units accepted", fr="Unités réceptionnées : {accepted} sur {n}"),
)

SUMMARY = Text(en="Summary", fr="Synthèse")
DWELLINGS = Text(en="Dwellings", fr="Logements")
UNITS = Text(en="Units", fr="Unités")
PLANT = Text(en="Gateways and boilers", fr="Passerelles et chaudières")
LEFT_OUT = Text(en="left out from “{stage}” on: {reason}", fr="laissé de côté à partir de « {stage} » : {reason}")
ATTENTION = Text(en="To be looked after", fr="Points à suivre")
NO_ATTENTION = Text(en="Nothing failed, and nothing waits.", fr="Aucun échec, rien en attente.")
FAILED_STAGE = Text(en="{stage}: failed ({reason})", fr="{stage} : échec ({reason})")
PENDING_STAGE = Text(en="{stage}: pending ({reason})", fr="{stage} : en attente ({reason})")
VOID_STAGE = Text(
    en="{stage}: void, for what it rested on was redone or failed",
    fr="{stage} : caduc, car ce qui le fondait a été refait ou a échoué",
)
SKIPPED_STAGE = Text(en="{stage}: left out ({reason})", fr="{stage} : laissé de côté ({reason})")
VOUCHED = Text(
    en="no instrument could prove its room; {person} confirmed it",
    fr="aucun instrument n'a pu prouver sa pièce ; {person} l'a confirmée",
)
MARKS: Mapping[Lifecycle, Text] = {
    Lifecycle.QUARANTINED: Text(en="quarantined: {reason}", fr="en quarantaine : {reason}"),
    Lifecycle.MAINTENANCE: Text(en="in maintenance: {reason}", fr="en maintenance : {reason}"),
    Lifecycle.RETIRED: Text(en="retired: {reason}", fr="retiré du service : {reason}"),
}
OTHER_SERIAL = Text(
    en="serial {installed} was read where {declared} is declared",
    fr="numéro de série {installed} lu à la place de {declared}",
)
NO_REASON = Text(en="no reason given", fr="sans motif")

RESERVES = Text(en="Reserves", fr="Réserves")
NO_RESERVES = Text(en="None was noted.", fr="Aucune réserve n'a été émise.")
RESERVE_NUMBER = Text(en="No.", fr="N°")
RESERVE_ABOUT = Text(en="about", fr="objet")
RESERVE_TEXT = Text(en="reserve", fr="réserve")
RESERVE_NOTED = Text(en="noted", fr="émise")
RESERVE_LIFTED = Text(en="lifted", fr="levée")
STILL_OPEN = Text(en="open", fr="ouverte")
BY = Text(en="{person}, {moment}", fr="{person}, le {moment}")

ROOM = Text(en="room", fr="pièce")
MODEL = Text(en="model", fr="modèle")
SERIAL = Text(en="serial", fr="numéro de série")
NETWORK = Text(en="network", fr="réseau")
PORT = Text(en="port {port}", fr="port {port}")
IDENTITY = Text(en="identity", fr="identité")
NO_IDENTITY = Text(en="not known yet", fr="pas encore connue")
CERTIFICATE = Text(en="certificate", fr="certificat")
STAGE = Text(en="stage", fr="étape")
STATE = Text(en="state", fr="état")
PERSON = Text(en="by", fr="par")
WHEN = Text(en="when", fr="le")
REMARK = Text(en="remark", fr="remarque")
TRIES = Counted(one=Text(en="{n} try", fr="{n} essai"), many=Text(en="{n} tries", fr="{n} essais"))

STATES: Mapping[State, Text] = {
    State.OPEN: Text(en="open", fr="à faire"),
    State.DONE: Text(en="done", fr="fait"),
    State.CONFIRMED: Text(en="confirmed", fr="confirmé"),
    State.PENDING: Text(en="pending", fr="en attente"),
    State.SKIPPED: Text(en="left out", fr="laissé"),
    State.FAILED: Text(en="failed", fr="échec"),
    State.VOID: Text(en="void", fr="caduc"),
}

PASSED = Text(en="passed", fr="réussi")
NOT_PASSED = Text(en="failed", fr="échec")
CHECK = Text(en="check", fr="contrôle")
ARITHMETIC = Text(en="arithmetic", fr="calcul")
RESULT = Text(en="result", fr="résultat")
HOLDS = Text(en="holds", fr="tenu")
HOLDS_NOT = Text(en="does not hold", fr="non tenu")
NOT_JUDGED = Text(en="not judged", fr="non jugé")
CHECKS: Mapping[str, Text] = {
    "power": Text(en="electrical power", fr="puissance électrique"),
    "heatsink": Text(en="heatsink", fr="dissipateur"),
    "rise": Text(en="temperature rise", fr="échauffement"),
    "throttling": Text(en="throttling", fr="bridage"),
    "network": Text(en="network interface", fr="interface réseau"),
    "sensor": Text(en="temperature sensor", fr="capteur de température"),
}
ARITHMETICS: Mapping[str, Text] = {  # by the check's name, or its name and why there is nothing to judge
    "power": Text(
        en="{measured_w} of {expected_w} ({off}), ±{share} allowed",
        fr="{measured_w} sur {expected_w} ({off}), ±{share} admis",
    ),
    "heatsink": Text(
        en="{rise_k} over what it heats, {low_k} to {high_k} allowed",
        fr="{rise_k} au-dessus de ce qu'il chauffe, {low_k} à {high_k} admis",
    ),
    "rise": Text(
        en="{rise_k}, {expected_k} expected, {low_k} to {high_k} allowed",
        fr="{rise_k}, {expected_k} attendu, {low_k} à {high_k} admis",
    ),
    "rise:little": Text(
        en="{rise_k}, {expected_k} expected: too little to tell",
        fr="{rise_k}, {expected_k} attendu : trop peu pour juger",
    ),
    "rise:loop": Text(
        en="{rise_k}; on a loop others heat and draw as well",
        fr="{rise_k} ; sur une boucle, d'autres chauffent et puisent aussi",
    ),
    "rise:silent": Text(en="its sensor told no temperature", fr="son capteur n'a donné aucune température"),
    "rise:gap": Text(
        en="its sensor told no temperature for {for_min}, after {after_min}",
        fr="son capteur n'a donné aucune température pendant {for_min}, après {after_min}",
    ),
    "throttling": Text(en="{count} counted, {most} allowed", fr="{count} compté, {most} admis"),
    "network": Text(en="{count} errors counted, {most} allowed", fr="{count} erreurs comptées, {most} admises"),
    "sensor": Text(
        en="{told_c}, {source} {reference_c}, {allowed_k} apart allowed",
        fr="{told_c}, {source} {reference_c}, {allowed_k} d'écart admis",
    ),
    "sensor:alone": Text(en="nothing to compare its sensor with", fr="rien à quoi comparer son capteur"),
}
CURVES: Mapping[str, Text] = {
    "power": Text(en="Electrical power", fr="Puissance électrique"),
    "ambient": Text(en="Temperature of the room or the water", fr="Température de la pièce ou de l'eau"),
}
CURVE_SAID = Text(
    en="{curve} over {duration}: lowest {least}, highest {most}",
    fr="{curve} sur {duration} : minimum {least}, maximum {most}",
)
BAND_SAID = Text(en="between the dashed lines, {low} to {high} allowed", fr="entre les tirets, {low} à {high} admis")

ANSWERS: Mapping[str, Text] = {
    "own": Text(
        en="the sensor of its own room answered, and no other", fr="le capteur de sa pièce a répondu, lui seul"
    ),
    "other": Text(en="it heats another room: {heats}", fr="il chauffe une autre pièce : {heats}"),
    "other_unknown": Text(
        en="its own room answers to another unit: {with_unit}", fr="sa pièce répond à un autre appareil : {with_unit}"
    ),
    "none": Text(en="it gave heat, and no sensor answered", fr="il a chauffé, et aucun capteur n'a répondu"),
    "built_in": Text(
        en="only its built-in sensor answered, which moves with it and proves no room",
        fr="seul son capteur intégré a répondu ; il se déplace avec lui et ne prouve aucune pièce",
    ),
    "not_proven": Text(en="not proven", fr="non prouvé"),
}
SWAPPED = Text(en="swapped with {unit}", fr="échangé avec {unit}")
RESPONSES = Text(en="answers of sensors", fr="réponses des capteurs")
RESPONSE = Text(en="{sensor} {rise} (±{error})", fr="{sensor} {rise} (±{error})")

SIGNATURES = Text(en="Signatures", fr="Signatures")
ACCEPTED_BY = Text(en="Accepted by {person} on {moment}.", fr="Réception prononcée par {person} le {moment}.")
ENGINEERS = Text(en="Engineers, names as typed: {names}", fr="Intervenants, noms tels que saisis : {names}")
FOR_ENGINEER = Text(en="For the installer: name, date, signature", fr="Pour l'installateur : nom, date, signature")
FOR_OWNER = Text(en="For the owner: name, date, signature", fr="Pour le maître d'ouvrage : nom, date, signature")

PROOF = Text(en="What vouches for this report", fr="Ce qui garantit ce procès-verbal")
RESTS_ON = Counted(
    one=Text(en="It rests on {n} entry of the ledger.", fr="Il repose sur {n} écriture du registre."),
    many=Text(en="It rests on {n} entries of the ledger.", fr="Il repose sur {n} écritures du registre."),
)
WRITER = Text(en="written by {writer}: up to no. {number}", fr="tenu par {writer} : jusqu'au n° {number}")
LOG_HEAD = Text(en="event log up to no. {number}", fr="journal jusqu'au n° {number}")
PREVIOUS = Text(en="report before", fr="procès-verbal précédent")
NO_PREVIOUS = Text(en="none: this is the first of the site", fr="aucun : c'est le premier du site")
KEY = Text(en="signed with the key", fr="signé avec la clé")
VERIFY = Text(
    en="The data and the digests of all entries are in this file, and a signature stands at its end. "
    "“fleetctl report verify” finds every byte that was changed, and holds it against ledger and log.",
    fr="Les données et les empreintes de toutes les écritures sont dans ce fichier, et une signature figure à sa fin. "
    "« fleetctl report verify » trouve tout octet modifié, et le confronte au registre et au journal.",
)
