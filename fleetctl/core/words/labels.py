"""Texts of the sheet of labels."""

from __future__ import annotations

from fleetctl.core.words.text import Counted, Text

TITLE = Text(en="Labels of {site}", fr="Étiquettes de {site}")
HOW = Text(
    en="Print at 100%, without scaling, on sheets of {columns} × {rows} labels ({width} × {height}).",
    fr="À imprimer à 100 %, sans mise à l'échelle, sur planches de {columns} × {rows} étiquettes ({width} × {height}).",
)
COUNT = Counted(
    one=Text(en="{n} label", fr="{n} étiquette"),
    many=Text(en="{n} labels", fr="{n} étiquettes"),
)
CODE = Text(en="QR code of {serial}", fr="code QR de {serial}")
