"""File systems, disks and trees as files of this machine: the same bytes each time, and all that was put there."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from fleetctl.adapters.images.disk import LOADER, Contents, write_disk
from fleetctl.adapters.images.file_systems import write_ext4
from fleetctl.adapters.images.trees import content_of, read_folder, read_tar, write_folder
from fleetctl.core.images.disk import Disk
from fleetctl.core.images.tree import Node, What, file, folder, link
from fleetctl.core.problems import CouldNot

NOON = 1764000000
TREE = {
    "etc": folder(NOON),
    "etc/shadow": Node(What.FILE, 0o640, gid=42, mtime_s=5, content=b"secret"),
    "etc/a name": file(b"spaces\n", mtime_s=NOON),
    "lib": link("usr/lib", NOON),
    "usr": folder(NOON),
    "usr/lib": folder(NOON),
}


def debugfs(image: Path, command: str) -> str:
    return subprocess.run(["debugfs", "-R", command, image], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "one.ext4"
    write_ext4(path, TREE, "slot", NOON)
    return path


def test_one_tree_gives_one_file_to_the_last_byte(image: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.ext4"
    write_ext4(other, dict(reversed(TREE.items())), "slot", NOON)
    assert other.read_bytes() == image.read_bytes()


def test_owner_mode_time_content_and_links_are_kept(image: Path) -> None:
    assert debugfs(image, "cat /etc/shadow") == "secret"
    assert debugfs(image, 'cat "/etc/a name"') == "spaces\n"
    about = debugfs(image, "stat /etc/shadow")
    assert "Mode:  0640" in about
    assert "Group:    42" in about
    assert "mtime: 0x00000005" in about
    assert 'Fast link dest: "usr/lib"' in debugfs(image, "stat /lib")


def test_it_is_sound_and_its_clock_is_the_locks(image: Path) -> None:
    assert subprocess.run(["e2fsck", "-fn", image], capture_output=True).returncode == 0
    head = subprocess.run(
        ["dumpe2fs", "-h", image], capture_output=True, text=True, env={**os.environ, "TZ": "UTC"}
    ).stdout
    assert "Nov 24 16:00:00 2025" in next(line for line in head.splitlines() if line.startswith("Last checked"))


def test_what_does_not_fit_is_told(tmp_path: Path) -> None:
    with pytest.raises(CouldNot, match="debugfs"):
        write_ext4(tmp_path / "x", {"big": file(b"x" * (20 << 20))}, "slot", NOON, 16 << 20)


@pytest.mark.skipif(not LOADER.is_dir() or shutil.which("grub-mkimage") is None, reason="GRUB is not installed")
def test_a_disk_holds_boot_loader_slot_and_data(image: Path, tmp_path: Path) -> None:
    config = tmp_path / "grub.cfg"
    config.write_text("set timeout=0\n")
    disk, path = Disk(boot_mib=16, slot_mib=64, data_mib=64), tmp_path / "disk.img"
    write_disk(path, disk, Contents(image, config, b"ssh-ed25519 AAAA ada\n"), NOON)
    boot, a, b, data = disk.partitions
    content = path.read_bytes()
    assert content[:440].strip(b"\0")
    assert content[512:2048].strip(b"\0")
    assert content[a.start : a.start + image.stat().st_size] == image.read_bytes()
    assert not content[b.start : b.start + b.size].strip(b"\0")
    parts = {}
    for part in (boot, data):
        parts[part.name] = tmp_path / part.name
        parts[part.name].write_bytes(content[part.start : part.start + part.size])
    assert "A_OK=1" in debugfs(parts["boot"], "cat /grub/grubenv")
    assert debugfs(parts["data"], "cat /identity/authorized_keys") == "ssh-ed25519 AAAA ada\n"
    assert path.stat().st_blocks * 512 < disk.size / 2, "it is sparse"


def test_a_root_that_is_larger_than_its_slot_is_refused(image: Path, tmp_path: Path) -> None:
    with pytest.raises(CouldNot, match="does not fit"):
        write_disk(tmp_path / "disk.img", Disk(slot_mib=8), Contents(image, image), NOON)


def a_tar(path: Path) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, kind, target in (("./usr", tarfile.DIRTYPE, ""), ("./usr/perl", tarfile.REGTYPE, "")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mode, info.mtime = kind, target, 0o755, 9
            info.size = 3 if kind == tarfile.REGTYPE else 0
            tar.addfile(info, io.BytesIO(b"abc"))
        for name, kind, target in (("./usr/perl5", tarfile.LNKTYPE, "./usr/perl"), ("./dev", tarfile.CHRTYPE, "")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            tar.addfile(info)
    return path


def test_a_second_name_becomes_a_link_and_devices_stay_out(tmp_path: Path) -> None:
    tree = read_tar(a_tar(tmp_path / "x.tar"), tmp_path / "contents")
    assert set(tree) == {"usr", "usr/perl", "usr/perl5"}
    assert tree["usr/perl5"].target == "perl"
    assert content_of(tree, "usr/perl5") == b"abc"
    assert tree["usr/perl"].mtime_s == 9


def test_a_folder_is_read_and_written(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "bin").mkdir(parents=True)
    (source / "bin/run").write_text("#!/bin/sh\n")
    (source / "bin/run").chmod(0o755)
    (source / "masked").symlink_to("/dev/null")
    (source / "__pycache__").mkdir()
    tree = read_folder(source)
    assert set(tree) == {"bin", "bin/run", "masked"}
    write_folder(tree, tmp_path / "copy")
    assert (tmp_path / "copy/bin/run").stat().st_mode & 0o111
    assert str((tmp_path / "copy/masked").readlink()) == "/dev/null"
