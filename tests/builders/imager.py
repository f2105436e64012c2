"""A small image, a server, and imagers in a sandbox: the RAM disk's own programs in a folder, the disk a file in it."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fleetctl.adapters.clock import SystemClock
from fleetctl.adapters.imaging.images import ImageFolders
from fleetctl.adapters.imaging.programs import members_with_folders, programs, script_archive
from fleetctl.adapters.imaging.server import serving
from fleetctl.adapters.imaging.share import FairShare
from fleetctl.adapters.log_key import LogKey
from fleetctl.core.images.cpio import archive
from fleetctl.core.images.disk import MIB, Disk
from fleetctl.core.imaging.claim import Claim, Register
from fleetctl.core.imaging.image import SCHEMA
from fleetctl.core.inventory.fleet import Fleet, Unit
from fleetctl.core.releases.catalogue import Catalogue
from fleetctl.core.route import Pin
from fleetctl.ports import Images, State
from fleetctl.services.imaging import Ground, ImagingDesk, Supply
from tests.builders.imaging import MODEL, OFFER, fleet
from tests.builders.memory_state import MemoryState

DISK = Disk(boot_mib=8, slot_mib=16, data_mib=8)
CODE = b"\xeb\x63\x90a boot loader"
AUTHORIZED = "ssh-ed25519 AAAAC3Nz operator\n"
DEVICES = ("null", "zero", "urandom")
"""All that a sandbox has of this machine's; no disk is among them."""
NEEDED = ("busybox", "zstd", "ssh-keygen", "debugfs", "blkdiscard", "mke2fs", "unshare", "cpio")


def lacking() -> str:
    """Return why imagers cannot be run here; empty if they can."""
    missing = [name for name in NEEDED if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None]
    if missing:
        return f"{', '.join(missing)} not installed"
    namespaces = subprocess.run(["unshare", "-rm", "true"], capture_output=True)
    return "" if namespaces.returncode == 0 else "no user namespaces"


def write_image(folder: Path, content: bytes = b"the system", **says: object) -> Path:
    """Write an image whose slot A holds `content` here and there; returns its folder."""
    folder.mkdir(parents=True)
    boot, a, _, data = DISK.partitions
    with (folder / "disk.img").open("wb") as disk:
        disk.truncate(DISK.size)
        disk.write(DISK.record(CODE))
        for place in (512, boot.start, a.start, a.start + 9 * MIB):
            disk.seek(place)
            disk.write(content)
    offset = f"offset={data.start}"
    file_system = ["mke2fs", "-q", "-F", "-t", "ext4", "-E", offset, str(folder / "disk.img"), f"{data.size // 1024}k"]
    subprocess.run(file_system, check=True, env={**os.environ, "PATH": f"{os.environ['PATH']}:/sbin:/usr/sbin"})
    for name in ("vmlinuz", "imager.cpio.gz"):
        (folder / name).write_bytes(name.encode())
    document = {
        "schema": SCHEMA,
        "version": OFFER.release,
        "kind": "radiator",
        "compatible": MODEL.compatible,
        "disk": {"file": "disk.img"},
        "devices": ["/disk"],
        "kernel": "vmlinuz",
        "imager": "imager.cpio.gz",
        "data_partition": 4,
        **says,
    }
    (folder / "image.json").write_text(json.dumps(document))
    return folder


@dataclass
class Bench:
    """An imaging server's parts, in the tests' own process."""

    folder: Path
    image: Path
    fleet: Fleet = field(default_factory=fleet)
    state: State = field(default_factory=MemoryState)
    share: FairShare = field(default_factory=FairShare)
    catalogue: Catalogue | None = None
    stale: str | None = None
    tokens: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.signer = LogKey(self.folder / "key")
        self.images: Images = ImageFolders(self.image, self.folder, self.signer, lambda _: None)

    def ground(self) -> Ground:
        return Ground(self.fleet, Register(self.fleet.units()), self.catalogue, self.stale)

    def token(self) -> str:
        self.tokens += 1
        return f"token-{self.tokens}"

    def authorized(self, _: Unit) -> str:
        return AUTHORIZED

    def desk(self) -> ImagingDesk:
        supply = Supply(self.images, self.signer, self.token, self.authorized)
        return ImagingDesk(self.state, self.ground, supply, SystemClock())

    @contextmanager
    def serving(self, port: int = 0, address: str = "127.0.0.1") -> Iterator[str]:
        """Serve for the length of a block; yields the URL."""
        self.images.images()
        with serving((address, port), self.desk(), self.images, self.share) as chosen:
            yield f"http://{address}:{chosen}"


def pin_of(key: str) -> Pin:
    return Pin(*key.split())


def unpack(root: Path, public: str) -> None:
    """Make a folder of what the kernel would unpack."""
    root.mkdir()
    first = archive(members_with_folders(programs(Path("/"))))
    for packed in (first, gzip.decompress(script_archive(public))):
        subprocess.run(["cpio", "--quiet", "-idu"], input=packed, cwd=root, check=True)
    for name in ("dev", "tmp"):
        (root / name).mkdir()
    for name in DEVICES:
        (root / "dev" / name).touch()
    applets = subprocess.run([root / "bin/busybox", "--list"], capture_output=True, text=True, check=True)
    for applet in set(applets.stdout.split()) - {"busybox"}:
        (root / "bin" / applet).symlink_to("/bin/busybox")


def imager(root: Path, server: str, claim: Claim, **variables: str) -> list[str]:
    """Return the command that runs an imager in a folder, as root of a user namespace, with the network of this one."""
    said = {
        "FLEET_SERVER": server,
        "FLEET_SERIAL": claim.serial,
        "FLEET_MAC": claim.mac,
        "FLEET_BOOT": claim.boot,
        "FLEET_DEVICES": "/disk",
        "FLEET_PATIENCE": "2",
        **variables,
    }
    binds = "".join(f'mount --bind /dev/{name} "$1/dev/{name}" && ' for name in DEVICES)
    environment = [f"{name}={value}" for name, value in said.items()]
    run: Sequence[str] = (
        "unshare",
        "-rm",
        "--kill-child",
        "--fork",
        "sh",
        "-c",
        f'{binds}exec chroot "$@"',
        "sh",
        str(root),
    )
    return [*run, "/bin/busybox", "env", "-i", "PATH=/bin:/usr/bin", *environment, "/bin/busybox", "sh", "/imager"]


def blank(root: Path, size: int = DISK.size, filled: bytes = b"\xaa") -> Path:
    """Put a disk in the machine, with what somebody left on it."""
    disk = root / "disk"
    disk.write_bytes(filled * size)
    return disk
