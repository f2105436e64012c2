from __future__ import annotations

from dataclasses import replace

from fleetctl.core.rollout.state import Ending, Noted, Phase, Status
from fleetctl.core.rollout_json import to_document
from fleetctl.core.rollout_report import attempts_of
from tests.builders.play import building, progress
from tests.builders.rollout_logs import ended, evening, note, reported, row_of


def test_a_unit_has_every_attempt_with_its_times_and_its_end() -> None:
    good, bad = evening().units
    assert [(a.number, a.outcome, a.duration_s) for a in good.attempts] == [(1, "succeeded", 10.0)]
    assert [(a.number, a.outcome, a.duration_s) for a in bad.attempts] == [(1, "failed", 20.0), (2, "failed", 15.0)]
    assert bad.duration_s == 35.0


def test_an_attempt_without_an_end_is_under_way() -> None:
    (attempt,) = attempts_of([note(0, "s/a", "attempt-started"), note(3, "s/a", "step-in-doubt", "no outcome")])
    assert (attempt.ended, attempt.outcome, attempt.duration_s) == (None, "", 0.0)


def test_a_unit_that_was_cancelled_before_its_start_has_no_attempt() -> None:
    assert attempts_of([note(0, "s/a", "unit-cancelled", "aborted before it started")]) == ()


def test_an_update_is_an_attempt_from_its_turn_on_and_one_that_was_not_staged_has_failed() -> None:
    staged = [note(0, "s/a", "unit-stages"), note(5, "s/a", "unit-installed"), note(99, "s/a", "attempt-started")]
    (attempt,) = attempts_of([*staged, note(109, "s/a", "unit-succeeded")])
    assert (attempt.number, attempt.duration_s, attempt.outcome) == (1, 10.0, "succeeded")
    (failed,) = attempts_of([note(0, "s/a", "unit-stages"), note(7, "s/a", "unit-failed", "no room")])
    assert (failed.duration_s, failed.outcome) == (7.0, "failed")


def test_what_happens_after_an_end_does_not_change_the_attempt() -> None:
    log = [note(0, "s/a", "attempt-started"), note(5, "s/a", "unit-failed", "first"), note(9, "s/a", "unit-cancelled")]
    (attempt,) = attempts_of(log)
    assert (attempt.outcome, attempt.text) == ("failed", "first")


def test_a_rollout_that_ended_took_until_its_last_event() -> None:
    assert evening().duration_s == 40.0


def test_a_rollout_that_goes_on_took_until_now() -> None:
    units = [ended("s/a"), progress("s/b")]
    report = reported(row_of(units), units, [note(5, "s/a", "attempt-started")])
    assert (report.duration_s, report.counts) == (60.0, {"succeeded": 1, "pending": 1})


def test_whoever_failed_or_is_in_doubt_needs_somebody() -> None:
    doubtful = replace(progress("s/c"), phase=Phase.CONFIGURING, in_doubt=True)
    units = [ended("s/a"), ended("s/b", Phase.DEFERRED), doubtful]
    assert [unit.unit for unit in reported(row_of(units), units, []).attention] == ["s/b", "s/c"]


def test_the_document_names_every_unit_and_who_was_left_out() -> None:
    document = to_document(evening())
    assert document["schema"] == "fleetctl/report/v1"
    assert document["status"] == "failed"
    assert [(unit["unit"], unit["phase"], len(unit["attempts"])) for unit in document["units"]] == [
        ("s/good", "succeeded", 1),
        ("s/bad", "failed", 2),
    ]
    assert document["left_out"] == [{"unit": "s/gone", "reason": "no answer"}]


def test_a_played_rollout_reports_as_many_attempts_as_were_made() -> None:
    """The words of the log are `decide`'s; this fails if it says them differently."""
    play = building(4)
    play.world.units["s/r02"].endings = [Ending.FAILED, Ending.FAILED]
    status = play.run()
    notes = [change for change in play.log if isinstance(change, Noted)]
    report = reported(play.row, list(play.rows.values()), notes)
    assert status is Status.FAILED
    assert sum(len(unit.attempts) for unit in report.units) == 6
    assert [len(unit.attempts) for unit in report.units] == [unit.progress.attempt for unit in report.units]
    assert all(attempt.ended for unit in report.units for attempt in unit.attempts)
