"""Root file systems in layers."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetctl.core.images.ext4 import script, size_for
from fleetctl.core.images.tree import Node, What, file, folder, laid_over, link, services, without

BASE = {
    "etc": folder(),
    "etc/ssh": Node(What.FOLDER, 0o700, uid=3),
    "etc/ssh/key": file(b"x"),
    "bin": link("usr/bin"),
    "var": folder(),
    "var/log": folder(),
    "var/log/dpkg.log": file(b""),
}


def test_what_matches_goes_with_all_that_is_below_it() -> None:
    assert set(without(BASE, ["etc/ssh", "var/log/*"])) == {"etc", "bin", "var", "var/log"}


def test_a_layer_brings_its_folders_and_leaves_those_that_are_there() -> None:
    whole = laid_over(BASE, {"etc/ssh/key": file(b"y", 0o600), "srv/a/b": file(b"")}, 7)
    assert (whole["etc/ssh"].mode, whole["etc/ssh"].uid) == (0o700, 3)
    assert whole["etc/ssh/key"] == file(b"y", 0o600, 7)
    assert whole["srv/a"] == folder(7)


def test_a_layer_that_leads_through_a_link_is_refused() -> None:
    with pytest.raises(ValueError, match=r"/bin/x leads through /bin, which is no folder"):
        laid_over(BASE, {"bin/x": file(b"")}, 7)


def test_units_are_started_and_masked_by_links() -> None:
    found = services(["ssh.service"], ["getty@tty1.service"])
    assert found["etc/systemd/system/multi-user.target.wants/ssh.service"].target.endswith("/ssh.service")
    assert found["etc/systemd/system/getty@tty1.service"].target == "/dev/null"


def test_folders_are_made_before_what_is_in_them_and_nothing_can_break_out_of_its_quotes() -> None:
    tree = {"a": folder(), "a/b": folder(), 'a/b/c "d': file(b""), "z": link("a")}
    lines = list(script(tree, lambda _: Path("/tmp/1"), 5))
    made = [line for line in lines if line.startswith(("mkdir", "write", "symlink"))]
    assert made == ['mkdir "a"', 'symlink "z" "a"', 'mkdir "b"', 'write "/tmp/1" "c ""d"']
    assert 'set_inode_field "/a/b/c ""d" mode 0100644' in lines


def test_a_file_system_has_room_for_what_it_holds() -> None:
    big = {"x": file(b"x" * (50 << 20))}
    assert size_for(big, lambda node: len(node.content) if isinstance(node.content, bytes) else 0) > 53 << 20
