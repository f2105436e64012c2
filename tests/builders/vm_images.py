"""Images for virtual machines: built once, and cheap variants of their bundles by editing the root file system."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]

EPOCH = "1764000000"
FLEETCTL = (sys.executable, "-c", "from fleetctl.cli.main import run; run()")
_PACK = "-comp zstd -Xcompression-level 1 -b 4096 -no-progress -quiet"


@dataclass(frozen=True)
class ImageWorks:
    """Builds with keys and a cache of its own below a folder.

    Several processes may use one folder: each image is built once.

    Attributes:
        folder: for images and keys.
        cache: of packages; may outlive the tests.
    """

    folder: Path
    cache: Path

    @property
    def login(self) -> Path:
        """Return the key of who may log in; its public half is beside it."""
        with self._alone():
            if not (self.folder / "key").exists():
                words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "vms", "-f", str(self.folder / "key")]
                subprocess.run(words, check=True)
        return self.folder / "key"

    @property
    def keyring(self) -> Path:
        return self.folder / "keys/authority.pem"

    @property
    def _signing(self) -> list[str]:
        keys = self.folder / "keys"
        return [f"--cert={keys / 'builder.pem'}", f"--key={keys / 'builder.key'}", f"--keyring={self.keyring}"]

    def first(self, kind: str) -> Path:
        """Return the folder of the image that machines of a kind begin with."""
        return self.image(kind, f"{kind}-1")

    def image(self, kind: str, version: str) -> Path:
        """Return the folder of an image, built if it is not there."""
        out, login = self.folder / version, self.login.with_suffix(".pub")
        with self._alone():
            if not self.keyring.exists():
                self._fleetctl("image", "keys", str(self.folder / "keys"))
            if (out / "image.json").exists():
                return out
            words = ["image", "build", kind, "--version", version, "--out", str(out), "--cache", str(self.cache)]
            words += ["--lock", str(self.folder / f"{kind}.lock"), "--no-bill", "--authorized-keys", str(login)]
            self._fleetctl(*words, "--model", f"vm-{kind}", "--compatible", f"vm-{kind}", *self._signing)
        return out

    def variant(self, image: Path, version: str, *, compatible: str, breaks: str = "") -> Path:
        """Pack another release of an image's root: the same system with another version.

        Args:
            image: folder of the image.
            version: of the variant.
            compatible: that it is packed for.
            breaks: `panic` takes its first process away, `cold` lets its heat agent give no heat.
        """
        work = self.folder / f"variant-{version}"
        work.mkdir()
        root = work / "rootfs.ext4"
        subprocess.run(["cp", "--sparse=always", image / "rootfs.ext4", root], check=True)
        (work / "release").write_text(_release(version, compatible))
        edits = ["rm /usr/lib/fleet/release", "cd /usr/lib/fleet", f"write {work / 'release'} release"]
        (work / "hardware").write_text('{"power_w": 0.0, "water_c": 5.0}\n')
        cold = ["rm hardware.json", f"write {work / 'hardware'} hardware.json"]
        edits += {"panic": ["rm /usr/lib/systemd/systemd"], "cold": cold, "": []}[breaks]
        script = "\n".join([*edits, ""])
        subprocess.run(["debugfs", "-w", "-f", "-", root], input=script.encode(), check=True, capture_output=True)
        subprocess.run(["e2fsck", "-fy", root], capture_output=True)
        for name in ("release", "hardware"):
            (work / name).unlink()
        return self._pack(work, version, compatible)

    def hollow(self, version: str, *, compatible: str) -> Path:
        """Pack a release without a system, whose slot has no kernel for GRUB: small, for what never is to run."""
        work = self.folder / f"variant-{version}"
        (work / "content").mkdir(parents=True)
        # What no program makes smaller fills blocks that a test may damage.
        (work / "content/filling").write_bytes(os.urandom(2**22))
        words = ["mke2fs", "-q", "-t", "ext4", "-d", str(work / "content"), str(work / "rootfs.ext4"), "16M"]
        subprocess.run(words, check=True, capture_output=True)
        shutil.rmtree(work / "content")
        return self._pack(work, version, compatible)

    def _pack(self, work: Path, version: str, compatible: str) -> Path:
        """Sign what a folder holds as a bundle, and remove the folder."""
        text = f"[update]\ncompatible={compatible}\nversion={version}\n\n[bundle]\nformat=verity\n\n"
        (work / "manifest.raucm").write_text(f"{text}[image.rootfs]\nfilename=rootfs.ext4\n")
        bundle = self.folder / f"{version}.raucb"
        words = ["rauc", "bundle", *self._signing, f"--mksquashfs-args={_PACK}", str(work), str(bundle)]
        subprocess.run(words, check=True, capture_output=True)
        shutil.rmtree(work)
        return bundle

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _fleetctl(self, *words: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "SOURCE_DATE_EPOCH": EPOCH}
        ran = subprocess.run([*FLEETCTL, *words], env=environment, cwd=self.folder, capture_output=True, text=True)
        assert ran.returncode == 0, f"{words}: {ran.stderr[-3000:]}"


def _release(version: str, compatible: str) -> str:
    kind = compatible.removeprefix("vm-")
    return f"VERSION={version}\nMODEL=vm-{kind}\nKIND={kind}\nCOMPATIBLE={compatible}\n"
