"""The difference between rendered files and what the units have."""

from __future__ import annotations

from datetime import UTC, datetime

from fleetctl.core.facts import Cause, Facts, Unobserved
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.plan import Desired
from fleetctl.core.render_diff import Change, FileChange, differences

AT = datetime(2026, 11, 23, tzinfo=UTC)
WANT = Desired("s/a", "s", Kind.RADIATOR, "gw-1", "1", "new", files={"/etc/a": "1", "/etc/b": "2", "/etc/c": "3"})


def seen(files: dict[str, str], changed: tuple[str, ...] = ()) -> Facts:
    return Facts("s/a", AT, "boot", "QR", "qh-1", "radiator", "1", "A", "A", "old", config_changed=changed, files=files)


def test_each_file_that_differs_says_how() -> None:
    (found,) = differences([WANT], {"s/a": seen({"/etc/a": "1", "/etc/b": "0", "/etc/old": "9"}, ("/etc/a",))})

    assert found.files == (
        FileChange("/etc/a", Change.EDITED),
        FileChange("/etc/b", Change.DIFFERENT),
        FileChange("/etc/c", Change.MISSING),
        FileChange("/etc/old", Change.LEFT_OVER),
    )


def test_a_unit_that_has_what_is_rendered_is_not_listed() -> None:
    assert not list(differences([WANT], {"s/a": seen(dict(WANT.files))}))


def test_a_unit_of_which_nothing_is_known_says_why() -> None:
    gone = Unobserved("s/a", AT, Cause.UNREACHABLE, "no answer on port 22")

    assert [found.unknown for found in differences([WANT], {})] == ["never observed"]
    assert [found.unknown for found in differences([WANT], {"s/a": gone})] == ["no answer on port 22"]
