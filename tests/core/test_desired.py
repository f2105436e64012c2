"""Summaries of configs: what a plan needs, and the form in which they are kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.config import Config, ConfigFile
from fleetctl.core.desired import Summary, desired, pack, summary, unpack
from tests.builders.fleets import a_radiator

PATHS = st.sampled_from([f"/etc/{name}" for name in "abcdef"])
DIGESTS = st.text("0123456789abcdef", min_size=4, max_size=4)
SUMMARIES = st.builds(
    lambda digest, files, flags: Summary(digest, files, frozenset(files) & flags, flags & frozenset(files)),
    DIGESTS,
    st.dictionaries(PATHS, DIGESTS, max_size=5),
    st.frozensets(PATHS),
)


def test_desired_state_names_files_by_digest_and_what_they_need() -> None:
    files = (
        ConfigFile("/etc/boot", "b", reboot=True),
        ConfigFile("/etc/net", "n", service="network", confirm=True),
        ConfigFile("/etc/plain", "p"),
    )
    config = Config("s/a101-1", files)
    unit = a_radiator("s", 1, 0)

    want = desired(unit, summary(config))

    assert (want.unit, want.site, want.gateway, want.serial) == ("s/a101-1", "s", "gw-1", unit.serial)
    assert want.release == "2026.11"
    assert want.config_digest == config.digest
    assert want.files == config.file_digests
    assert (set(want.reboots), set(want.confirms)) == ({"/etc/boot"}, {"/etc/net"})


@given(st.dictionaries(st.sampled_from("uvwxyz"), SUMMARIES))
def test_what_is_packed_comes_back(summaries: dict[str, Summary]) -> None:
    assert unpack(pack(summaries)) == summaries


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"shapes":[],"digests":[],"units":{"a":[0,"d",[]]}}',
        b'{"shapes":3,"digests":[],"units":{}}',
    ],
)
def test_something_else_is_not_unpacked(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        unpack(content)
