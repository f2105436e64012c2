"""Recipes: what an image of each kind of unit is made of, as `images/recipes.yaml` declares it.

Reading the file is an adapter's; resolving packages to versions is the lock's business.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, Strict, ValidationError

from fleetctl.core.document import Document
from fleetctl.core.images.disk import Disk
from fleetctl.core.inventory.declared.quantities import Declared, Text
from fleetctl.core.inventory.explain import flaws_of
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.problems import InvalidInput, Problem

COMMON = "common"
"""The overlay of every image; each kind has one of its own name on top."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an image of one kind is made of.

    Attributes:
        packages: of Debian, by name; what they depend on comes with them.
        kernel: package whose dependency is the kernel.
        boot_modules, modules: of the kernel, for the first RAM file system and for the running system.
        enable, mask: units of systemd.
        remove: patterns of paths that packages leave and no unit reads.
        overlays: folders of files that are laid over what packages bring, in order.
    """

    kind: Kind
    suite: str
    architecture: str
    kernel: str
    disk: Disk
    packages: tuple[str, ...]
    boot_modules: tuple[str, ...]
    modules: tuple[str, ...]
    enable: tuple[str, ...]
    mask: tuple[str, ...]
    remove: tuple[str, ...]

    @property
    def overlays(self) -> tuple[str, str]:
        """Return the overlays' names, the last one wins."""
        return COMMON, self.kind.value


Texts = Annotated[tuple[Text, ...], Strict(False)]
Mebibytes = Annotated[int, Field(ge=8, le=1 << 20)]


class _Disk(Declared):
    boot_mib: Mebibytes
    slot_mib: Mebibytes
    data_mib: Mebibytes


class _Kind(Declared):
    packages: Texts = ()
    modules: Texts = ()
    enable: Texts = ()
    mask: Texts = ()


class _Kinds(Declared):
    radiator: _Kind
    boiler: _Kind
    gateway: _Kind


class _Recipes(Declared):
    """The file as it is written."""

    api: Literal["fleetctl/images/v1"]
    suite: Text
    architecture: Text
    kernel: Text
    disk: _Disk
    packages: Texts
    boot_modules: Texts
    modules: Texts
    enable: Texts
    mask: Texts
    remove: Texts
    kinds: _Kinds


def recipe_of(document: Document, kind: Kind) -> Recipe:
    """Return the recipe of a kind.

    Raises:
        InvalidInput: with every mistake in the file, at its line.
    """
    try:
        declared = _Recipes.model_validate(document.data)
    except ValidationError as error:
        raise InvalidInput([*document.problems, *_problems(error, document)]) from None
    if document.problems:
        raise InvalidInput(document.problems)
    own: _Kind = getattr(declared.kinds, kind.value)
    masked = _joined(declared.mask, own.mask)
    return Recipe(
        kind,
        declared.suite,
        declared.architecture,
        declared.kernel,
        Disk(declared.disk.boot_mib, declared.disk.slot_mib, declared.disk.data_mib),
        packages=_joined(declared.packages, own.packages),
        boot_modules=declared.boot_modules,
        modules=_joined(declared.modules, own.modules),
        enable=tuple(name for name in _joined(declared.enable, own.enable) if name not in masked),
        mask=masked,
        remove=declared.remove,
    )


def _joined(common: Iterable[str], own: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*common, *own}))


def _problems(error: ValidationError, document: Document) -> list[Problem]:
    places = document.positions
    found = []
    for flaw in flaws_of(error, _Recipes, ()):
        around = (places.of(flaw.path[:length]) for length in range(len(flaw.path), 0, -1))
        place = next((one for one in around if one), None)
        line, column = (place.line, place.column) if place else (1, 1)
        found.append(Problem(flaw.code, flaw.message, document.file, line, column, flaw.hint))
    return found
