"""RAUC's manifest: what a bundle says of itself. Nothing of it is true before its signature was checked."""

from __future__ import annotations

from configparser import ConfigParser
from configparser import Error as BadIni
from dataclasses import dataclass

PLAIN, VERITY = "plain", "verity"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself.

    Attributes:
        compatible: of the units that it is made for.
        version: of the system in it.
        images: size of each image in bytes, by the class of its slot.
        form: `plain` or `verity`.
        verity_hash: root of the hash tree over the payload, in hexadecimal; empty if the form has none.
        verity_salt: of the hash tree, in hexadecimal.
        verity_size: size of the hash tree in bytes.
    """

    compatible: str
    version: str
    images: tuple[tuple[str, int], ...] = ()
    form: str = PLAIN
    verity_hash: str = ""
    verity_salt: str = ""
    verity_size: int = 0


def parse(text: str) -> Manifest:
    """Read a manifest.

    Raises:
        ValueError: if it is none; says what is missing or misshapen.
    """
    ini = ConfigParser(interpolation=None, delimiters=("=",))
    try:
        ini.read_string(text)
        update, bundle = ini["update"], ini["bundle"] if ini.has_section("bundle") else {}
        images = [(name.removeprefix("image."), ini[name]) for name in ini.sections() if name.startswith("image.")]
        return Manifest(
            update["compatible"],
            update["version"],
            tuple((name, int(image.get("size", "0"))) for name, image in images),
            bundle.get("format", PLAIN),
            bytes.fromhex(bundle.get("verity-hash", "")).hex(),
            bytes.fromhex(bundle.get("verity-salt", "")).hex(),
            int(bundle.get("verity-size", "0")),
        )
    except BadIni as error:
        raise ValueError(f"it is not in the form of a manifest ({error.message.splitlines()[0]})") from error
    except KeyError as error:
        raise ValueError(f"it lacks {error}") from error
