"""The root file system of an image: packages, kernel, overlays, `fleet-unit`, and the texts that make it a unit's."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fleetctl.adapters.images.compiling import compiled
from fleetctl.adapters.images.trees import content_of, read_folder, read_tar
from fleetctl.core.images import cpio, texts
from fleetctl.core.images.recipe import Recipe
from fleetctl.core.images.texts import Identity
from fleetctl.core.images.tree import Node, Tree, file, folder, laid_over, link, services, without
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.problems import InvalidInput, Problem

AGENT = ("__init__", "alone", "heat", "heat_settings", "place", "pulse", "room", "settings")
"""Modules of the lab's units that make the stand-in of a heat agent."""
_LEVEL = 9
_MOUNT_POINTS = ("boot/loader", "data", "run", "proc", "sys", "dev", "tmp")
_LINKS = {
    "usr/bin/fleet-unit": "../lib/fleet/fleet-unit",
    "etc/fleet/release": "/run/fleet/release",
    "etc/resolv.conf": "/run/systemd/resolve/resolv.conf",
}


@dataclass(frozen=True)
class Sources:
    """What a root file system is put together from.

    Attributes:
        base, kernel: tar files.
        images: folder of overlays, and of `boot`.
        fleet_unit: folder that has `fleet-unit` and its modules.
        package: folder of the package `fleetctl`, for the stand-in of a heat agent.
        keyring: certificates that the unit believes.
        overlays: folders that are laid over everything else, in order.
    """

    base: Path
    kernel: Path
    images: Path
    fleet_unit: Path
    package: Path
    keyring: Path
    overlays: tuple[Path, ...] = ()


def compose(recipe: Recipe, identity: Identity, sources: Sources, contents: Path, epoch_s: int) -> Tree:
    """Return the root file system.

    Args:
        recipe: says what is removed, started and masked.
        identity: what the image says that it is.
        sources: what it is put together from.
        contents: folder for contents of packages' files.
        epoch_s: time of everything that no package brought.

    Raises:
        InvalidInput: if an overlay puts something where it cannot be.
    """
    tree = without(read_tar(sources.base, contents / "base"), recipe.remove)
    kernel = read_tar(sources.kernel, contents / "kernel")
    layers = [kernel, _initial(tree | kernel, sources), _texts(recipe, identity, sources), *_overlays(recipe, sources)]
    try:
        for layer in layers:
            tree = laid_over(tree, layer, epoch_s)
    except ValueError as error:
        raise InvalidInput([Problem("bad-overlay", str(error), hint="name the place that the link leads to")]) from None
    return tree


def _overlays(recipe: Recipe, sources: Sources) -> Iterator[Tree]:
    yield {path: folder() for path in _MOUNT_POINTS} | {path: link(target) for path, target in _LINKS.items()}
    yield services(recipe.enable, recipe.mask)
    yield _below("usr/lib/fleet", _fleet_unit(sources.fleet_unit))
    if recipe.kind is not Kind.GATEWAY:
        yield _below("usr/lib/fleet/lab", agent(sources.package))
    for name in recipe.overlays:
        yield _modes(read_folder(sources.images / name))
    for own in sources.overlays:
        yield _modes(read_folder(own))


def _texts(recipe: Recipe, identity: Identity, sources: Sources) -> Tree:
    written = {
        "usr/lib/fleet/release": texts.release(identity),
        "etc/fstab": texts.file_systems(recipe.disk),
        "etc/rauc/system.conf": texts.rauc_system(identity, recipe.disk),
    }
    tree = {path: file(text.encode()) for path, text in written.items()}
    tree["etc/rauc/keyring.pem"] = file(sources.keyring.read_bytes())
    return tree


def _initial(tree: Tree, sources: Sources) -> Tree:
    """Return `boot/initrd`: busybox, the drivers of disks, and the script that finds the slot."""
    order = content_of(tree, "boot/modules").decode().split()
    modules = next(
        path.partition("/kernel/")[0] for path in tree if path.startswith("usr/lib/modules/") and "/kernel/" in path
    )
    names = [path.rpartition("/")[2] for path in order]
    members = [cpio.folder(name) for name in ("bin", "dev", "modules", "proc", "slot", "sys")]
    members += [cpio.file("bin/busybox", content_of(tree, "usr/bin/busybox"), 0o755)]
    members += [
        cpio.file(f"modules/{name}", content_of(tree, f"{modules}/{path}"))
        for name, path in zip(names, order, strict=True)
    ]
    members += [cpio.file("modules/order", "".join(f"{name}\n" for name in names).encode())]
    members += [cpio.file("init", (sources.images / "boot/init").read_bytes(), 0o755)]
    return {"boot/initrd": file(gzip.compress(cpio.archive(members), _LEVEL, mtime=0))}


def _fleet_unit(playbooks: Path) -> Tree:
    modules = read_folder(playbooks / "fleet_unit")
    found = {f"fleet_unit/{path}": node for path, node in modules.items() if path.endswith(".py")}
    return found | compiled(found, "/usr/lib/fleet") | {"fleet-unit": file(playbooks / "fleet-unit", 0o755)}


def agent(package: Path) -> Tree:
    """Return the stand-in of a heat agent, as the folder that its program looks for modules in.

    Args:
        package: folder of the package `fleetctl`.
    """
    found = {f"fleetctl/lab/unit/{name}.py": file(package / f"lab/unit/{name}.py") for name in AGENT}
    found |= {f"fleetctl/{name}": file(package / name) for name in ("__init__.py", "lab/__init__.py")}
    return found | compiled(found, "/usr/lib/fleet/lab")


def _below(place: str, tree: Tree) -> Tree:
    return {f"{place}/{path}": node for path, node in tree.items()}


def _modes(tree: Tree) -> Tree:
    """Give the files that their readers refuse otherwise a narrower mode: a checkout keeps none."""
    return {path: _private(node) if path.startswith("etc/sudoers.d/") else node for path, node in tree.items()}


def _private(node: Node) -> Node:
    return file(node.content, 0o440)
