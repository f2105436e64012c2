"""What stages of a commissioning and their outcomes are called."""

from __future__ import annotations

from collections.abc import Mapping

from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.words.text import Text

STAGES: Mapping[Stage, Text] = {
    Stage.DELIVERED: Text(en="delivered", fr="livraison"),
    Stage.INSTALLED: Text(en="installed", fr="pose"),
    Stage.DISCOVERED: Text(en="discovered", fr="découverte"),
    Stage.IDENTIFIED: Text(en="identified", fr="identification"),
    Stage.IMAGED: Text(en="imaged", fr="image système"),
    Stage.CONFIGURED: Text(en="configured", fr="configuration"),
    Stage.BURN_IN: Text(en="burn-in", fr="rodage"),
    Stage.ROOM_PROOF: Text(en="room proof", fr="preuve de pièce"),
    Stage.REGISTERED: Text(en="registered", fr="enregistrement"),
    Stage.ACCEPTED: Text(en="accepted", fr="réception"),
}

OUTCOMES: Mapping[Outcome, Text] = {
    Outcome.DONE: Text(en="done", fr="fait"),
    Outcome.FAILED: Text(en="failed", fr="échec"),
    Outcome.SKIPPED: Text(en="skipped", fr="passé"),
    Outcome.UNDONE: Text(en="taken back", fr="annulé"),
    Outcome.PENDING: Text(en="pending", fr="en attente"),
    Outcome.CONFIRMED: Text(en="confirmed by a person", fr="confirmé par une personne"),
    Outcome.NOTE: Text(en="note", fr="remarque"),
}

KINDS: Mapping[Kind, Text] = {
    Kind.RADIATOR: Text(en="radiator", fr="radiateur"),
    Kind.BOILER: Text(en="boiler", fr="chaudière"),
    Kind.GATEWAY: Text(en="gateway", fr="passerelle"),
}
