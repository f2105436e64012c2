"""What names of places mean."""

from __future__ import annotations

import pytest

from fleetctl.core.handover.subjects import subject_of
from fleetctl.core.problems import InvalidInput
from tests.builders.fleets import a_fleet

FLEET = a_fleet()


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("les-sables", "les-sables"),
        ("les-sables/a101-1", "les-sables/a101-1"),
        ("les-sables/A101", "les-sables/dwelling:A101"),
        ("les-sables/dwelling:A101", "les-sables/dwelling:A101"),
        ("hot-water/boiler-1", "hot-water/boiler-1"),
    ],
)
def test_a_place_is_named_as_people_write_it(name: str, subject: str) -> None:
    site, found = subject_of(FLEET, name)
    assert (site.id, found) == (name.partition("/")[0], subject)


@pytest.mark.parametrize(
    ("name", "code", "hint"),
    [
        ("les-sable/A101", "unknown-site", "did you mean 'les-sables'?"),
        ("les-sables/a101-9", "unknown-place", "did you mean 'a101-"),
        ("les-sables/dwelling:A999", "unknown-place", ""),
        ("", "unknown-site", ""),
    ],
)
def test_a_place_that_is_not_there_is_refused_with_the_nearest(name: str, code: str, hint: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        subject_of(FLEET, name)
    (problem,) = raised.value.problems
    assert problem.code == code
    assert hint in problem.hint
