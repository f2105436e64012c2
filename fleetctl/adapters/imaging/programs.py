"""The imager's RAM disk: programs and kernel modules of a unit's own system, and over them our script and key.

The kernel unpacks archives one after the other, so the large first one is built with the image and kept, and the
small second one, which changes with fleetctl and with the key, is put behind it when it is served.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from fleetctl.adapters.images.programs import run
from fleetctl.core.images.cpio import Member, archive, file, folder
from fleetctl.core.images.modules import needed
from fleetctl.core.imaging.manifest import NAMESPACE
from fleetctl.core.imaging.sshsig import allowed_signers
from fleetctl.core.problems import CouldNot

PROGRAMS = ("/usr/bin/zstd", "/usr/bin/ssh-keygen", "/sbin/debugfs", "/sbin/blkdiscard")
"""What busybox cannot do; `/bin/busybox` has to be a static one."""
MODULES = (
    *("virtio_pci", "virtio_blk", "virtio_net", "virtio_rng", "ahci", "sd_mod", "nvme"),
    *("af_packet", "e1000e", "igb", "r8169"),
)
SCRIPTS = Path(__file__).parents[2] / "imager"
_LOADER = "/lib64/ld-linux-x86-64.so.2"
_LIBRARIES = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu")
_LEVEL = 6


def write_programs(root: Path, modules: Path, out: Path, wanted: Iterable[str] = MODULES) -> None:
    """Write the first archive, the same bytes for the same input.

    Args:
        root: an unpacked system with busybox-static, zstd, openssh-client, e2fsprogs and util-linux.
        modules: the kernel's folder `lib/modules/VERSION`, with what `depmod` wrote.
        out: the file to write.
        wanted: names of kernel modules.

    Raises:
        CouldNot: if something of it is missing.
    """
    members = [*_modules(modules, wanted), *programs(root)]
    out.write_bytes(gzip.compress(archive(members_with_folders(members)), _LEVEL, mtime=0))


def programs(root: Path) -> Iterator[Member]:
    """Yield busybox, the other programs and the libraries that they are linked with."""
    yield _copied(root, "/bin/busybox", "/bin/busybox")
    libraries = {_LOADER}
    for program in PROGRAMS:
        yield _copied(root, program, f"/usr/bin/{PurePosixPath(program).name}")
        libraries |= _linked(root, program)
    for library in sorted(libraries):
        yield _copied(root, library, library)


def script_archive(public: str) -> bytes:
    """Return the second archive: our scripts, and the one key whose manifests are believed, `ssh-ed25519 AAAA…`."""
    scripts = [("init", 0o755), ("imager", 0o755), ("udhcpc", 0o755)]
    places = {"init": "/init", "imager": "/imager", "udhcpc": "/etc/udhcpc"}
    members = [file(places[name][1:], (SCRIPTS / name).read_bytes(), mode) for name, mode in scripts]
    members += [
        file("etc/allowed_signers", allowed_signers(public, NAMESPACE).encode()),
        file("etc/passwd", b"root:x:0:0:root:/tmp:/bin/sh\n"),
    ]
    return gzip.compress(archive(members_with_folders(members)), _LEVEL, mtime=0)


def members_with_folders(members: Iterable[Member]) -> list[Member]:
    """Return members sorted, each after the folders that it is in."""
    by_path = {member.path: member for member in members}
    parents = {str(parent) for path in by_path for parent in PurePosixPath(path).parents}
    return sorted([*by_path.values(), *(folder(path) for path in parents - {"."})], key=lambda member: member.path)


def _modules(modules: Path, wanted: Iterable[str]) -> Iterator[Member]:
    try:
        builtin = (modules / "modules.builtin").read_text()
        paths = needed((modules / "modules.dep").read_text(), wanted, builtin)
        for path in paths:
            yield file(f"modules/{PurePosixPath(path).name}", (modules / path).read_bytes())
    except (OSError, ValueError) as error:
        raise CouldNot(f"the imager cannot be made of the kernel in {modules}: {error}") from error
    order = "".join(f"{PurePosixPath(path).name}\n" for path in paths)
    yield file("modules/order", order.encode())


def _linked(root: Path, program: str) -> set[str]:
    """Return the libraries of a program as paths in the system, found by that system's own loader."""
    found = ":".join(str(root / folder) for folder in _LIBRARIES)
    said = run([_real(root, _LOADER), "--library-path", found, "--list", _real(root, program)]).decode()
    names = [line.split()[0] for line in said.splitlines() if " => " in line]
    return {f"/lib/x86_64-linux-gnu/{name}" for name in names if "/" not in name}


def _copied(root: Path, path: str, to: str) -> Member:
    return file(to[1:], _real(root, path).read_bytes(), 0o755)


def _real(root: Path, path: str) -> Path:
    """Return a file of the system, wherever links inside of it lead.

    Raises:
        CouldNot: if it is not there.
    """
    place = PurePosixPath(path)
    for candidate in (place, PurePosixPath("/usr") / place.relative_to("/")):
        found = _followed(root, candidate)
        if found.is_file():
            return found
    raise CouldNot(f"the imager needs {path}, and {root} has none", hint="add its package to the image's recipe")


def _followed(root: Path, place: PurePosixPath) -> Path:
    found = root / place.relative_to("/")
    for _ in range(8):
        if not found.is_symlink():
            break
        target = PurePosixPath(found.readlink())
        found = root / target.relative_to("/") if target.is_absolute() else found.parent / target
    return found
