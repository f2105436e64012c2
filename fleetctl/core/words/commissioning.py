"""Texts of the commissioning screens: short, for they are read on a phone."""

from __future__ import annotations

from collections.abc import Mapping

from fleetctl.core.commissioning.talk.sayings import Code
from fleetctl.core.words.text import Text

TEXTS: Mapping[Code, Text] = {
    Code.BEGUN: Text(
        en="{site}: {accepted} of {total} units accepted", fr="{site} : {accepted} unités reçues sur {total}"
    ),
    Code.ENDED: Text(en="everything selected is accepted", fr="tout ce qui est choisi est reçu"),
    Code.LEFT: Text(
        en="left; all is kept, the same command goes on",
        fr="arrêté ; tout est gardé, la même commande continue",
    ),
    Code.WENT: Text(en="you are in {place}", fr="vous êtes à {place}"),
    Code.NO_PLACE: Text(
        en="no dwelling '{place}' here; there are {known}…", fr="pas de logement « {place} » ici ; il y a {known}…"
    ),
    Code.INSTALLED: Text(en="{unit} is in {room}", fr="{unit} est posé : {room}"),
    Code.DELIVERED: Text(en="{unit} is delivered, for {place}", fr="{unit} est livré, pour {place}"),
    Code.DELIVERY: Text(
        en="delivery: scan what was unloaded; 'dwelling NAME' ends it",
        fr="livraison : scannez l'arrivage ; « logement NOM » finit",
    ),
    Code.LABEL_USED: Text(
        en="{label} was used before: {unit} in {place} {room}, {at}, by {who}",
        fr="{label} a déjà servi : {unit}, {place} {room}, {at}, par {who}",
    ),
    Code.LABEL_ELSEWHERE: Text(
        en="{label} is {unit} of {place} {room}; you are in {here}",
        fr="{label} est {unit}, {place} {room} ; vous êtes à {here}",
    ),
    Code.LABEL_UNKNOWN: Text(en="{label} is nobody's at this site", fr="{label} n'est à personne sur ce site"),
    Code.LABEL_NOT_SELECTED: Text(
        en="{label} is {unit} of {place}, which is not selected now",
        fr="{label} est {unit}, {place}, hors de la sélection",
    ),
    Code.UNDONE: Text(en="taken back: {subject}, {stage}", fr="annulé : {subject}, {stage}"),
    Code.NOTHING_TO_UNDO: Text(en="nothing to take back", fr="rien à annuler"),
    Code.NEEDS_REASON: Text(en="say why or what, after the word", fr="dites pourquoi ou quoi, après le mot"),
    Code.PLACE_SKIPPED: Text(
        en="{place} is left out from {stage} on: {reason}",
        fr="{place} est passé dès {stage} : {reason}",
    ),
    Code.UNIT_SKIPPED: Text(en="{unit}: {stage} is left out: {reason}", fr="{unit} : {stage} est passé : {reason}"),
    Code.NOTHING_TO_SKIP: Text(en="nothing to leave out here", fr="rien à passer ici"),
    Code.VISITED: Text(en="visited again: {place} {unit}", fr="nouvelle visite : {place} {unit}"),
    Code.NOTHING_TO_VISIT: Text(
        en="{place}: nothing was left out, nothing failed",
        fr="{place} : rien n'a été passé, aucun échec",
    ),
    Code.SEEN: Text(en="{unit} was seen blinking", fr="{unit} a été vu clignoter"),
    Code.NOT_SEEN: Text(
        en="{unit} does not blink in {room}: look at its cable",
        fr="{unit} ne clignote pas, {room} : voyez son câble",
    ),
    Code.VOUCHED: Text(en="{unit} heats {room}, you say", fr="{unit} chauffe bien {room}, selon vous"),
    Code.NOT_VOUCHED: Text(en="{unit} does not heat {room}, you say", fr="{unit} ne chauffe pas {room}, selon vous"),
    Code.NOTHING_TO_CONFIRM: Text(en="nothing is to be confirmed here", fr="rien à confirmer ici"),
    Code.ACCEPTED: Text(en="{place} is accepted", fr="{place} est reçu"),
    Code.NOT_ACCEPTED: Text(en="{place} is not ready: {reason}", fr="{place} n'est pas prêt : {reason}"),
    Code.NOTED: Text(en="reserve {reserve} noted: {subject}", fr="réserve {reserve} notée : {subject}"),
    Code.LIFTED: Text(en="reserve {reserve} is lifted", fr="réserve {reserve} levée"),
    Code.BAD_RESERVE: Text(en="not noted: {reason}", fr="non noté : {reason}"),
    Code.NOT_UNDERSTOOD: Text(
        en="'{line}' is no label and no word; 'help' tells them",
        fr="« {line} » n'est ni étiquette ni mot ; « aide » les donne",
    ),
    Code.HELP: Text(
        en="scan a label, or: dwelling NAME, undo, skip [UNIT] WHY, visit [NAME], confirm, refuse, accept, "
        "note [UNIT] TEXT, lift NUMBER, delivery, show, quit",
        fr="scannez une étiquette, ou : logement NOM, annuler, passer [UNITÉ] RAISON, revoir [NOM], confirmer, "
        "refuser, accepter, réserve [UNITÉ] TEXTE, lever NUMÉRO, livraison, voir, quitter",
    ),
    Code.STAGE_BEGUN: Text(en="{stage} begins: {units}", fr="{stage} commence : {units}"),
    Code.STAGE_DONE: Text(en="{subject}: {stage}", fr="{subject} : {stage}"),
    Code.STAGE_FAILED: Text(en="{subject}: {stage} failed: {reason}", fr="{subject} : {stage}, échec : {reason}"),
    Code.STAGE_PENDING: Text(en="{subject}: {stage} pending: {reason}", fr="{subject} : {stage} en attente : {reason}"),
    Code.STAGE_CONFIRMED: Text(en="{subject}: {stage}, vouched for", fr="{subject} : {stage}, attesté"),
    Code.STAGE_NOTED: Text(en="{subject}: {stage}: {reason}", fr="{subject} : {stage} : {reason}"),
    Code.WAITS: Text(en="{subject}: {stage} waits: {reason}", fr="{subject} : {stage} attend : {reason}"),
    Code.TROUBLE: Text(en="{stage} could not be done: {reason}", fr="{stage} impossible : {reason}"),
    Code.NOT_KEPT: Text(
        en="could not be written, held in memory until it can: {reason}",
        fr="écriture impossible, gardé en mémoire : {reason}",
    ),
    Code.KEPT: Text(en="all is written again", fr="tout est de nouveau écrit"),
    Code.STUCK: Text(en="units that wait for a person: {n}", fr="unités qui attendent une personne : {n}"),
    Code.BLINKS: Text(
        en="{subject} blinks in {room}: confirm or refuse?", fr="{subject} clignote ({room}) : confirmer ou refuser ?"
    ),
}

STOPPING = Text(
    en="stopping: what goes on at units goes on there (again to leave at once)",
    fr="arrêt : ce qui tourne sur les unités y continue (encore une fois pour quitter tout de suite)",
)
PLANT = Text(en="plant room", fr="local technique")
"""What the place of units that stand in no dwelling is called."""
ASK_LABEL = Text(en="scan the label of {unit} ({room})", fr="scannez l'étiquette de {unit} ({room})")
ASK_DELIVERY = Text(en="scan what was unloaded", fr="scannez ce qui arrive")
ASK_LAMP = Text(en="does {unit} blink in {room}? confirm", fr="{unit} clignote-t-il ({room}) ? confirmer")
ASK_ROOM = Text(en="does {unit} heat {room}? confirm", fr="{unit} chauffe-t-il {room} ? confirmer")
ASK_ACCEPTANCE = Text(en="accept {place}", fr="accepter {place}")
ASK_NOTHING = Text(en="nothing for you here now", fr="rien à faire ici pour l'instant")
ASK_ELSEWHERE = Text(en="go on in {place}", fr="continuez à {place}")
HERE = Text(en="{place}: {done} of {total}", fr="{place} : {done} sur {total}")
WHOLE = Text(en="site {done} of {total}", fr="site {done} sur {total}")
NEXT = Text(en="next: {ask}", fr="ensuite : {ask}")
TIME = Text(en="{left} of work left", fr="{left} de travail restant")
TIME_LATE = Text(en="{left} of work left, {late} behind plan", fr="{left} de travail restant, {late} de retard")
