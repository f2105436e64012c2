"""What the log of a rollout says happened: the words that programs know an entry by.

They are all here, so that a test can hold that a controller was killed at each of them.
"""

from __future__ import annotations

from enum import StrEnum


class Event(StrEnum):
    """A kind of entry; entries of what belongs to no rollout, as a hold or a pinned key, have words of their own."""

    WAVE_OPENED = "wave-opened"
    APPROVAL_NEEDED = "approval-needed"
    SITE_HALTED = "site-halted"

    ATTEMPT_STARTED = "attempt-started"
    ATTEMPT_FAILED = "attempt-failed"
    STEP_IN_DOUBT = "step-in-doubt"
    HEAT_INTERRUPTED = "heat-interrupted"
    JOBS_LOST = "jobs-lost"
    DEFERRED_AGAIN = "deferred-again"

    UNIT_STAGES = "unit-stages"
    UNIT_RESUMES = "unit-resumes"
    UNIT_INSTALLS = "unit-installs"
    UNIT_INSTALLED = "unit-installed"
    UNIT_DRAINS = "unit-drains"
    UNIT_WAITS = "unit-waits"
    UNIT_WAITS_AGAIN = "unit-waits-again"
    UNIT_REBOOTS = "unit-reboots"
    UNIT_FLASHES = "unit-flashes"
    UNIT_REGISTERS = "unit-registers"
    UNIT_ROLLS_BACK = "unit-rolls-back"
    UNIT_RELEASES = "unit-releases"
    UNIT_SOAKS = "unit-soaks"

    UNIT_SUCCEEDED = "unit-succeeded"
    UNIT_FAILED = "unit-failed"
    UNIT_ROLLED_BACK = "unit-rolled-back"
    UNIT_DEFERRED = "unit-deferred"
    UNIT_SKIPPED = "unit-skipped"
    UNIT_CANCELLED = "unit-cancelled"

    ROLLOUT_HALTED = "rollout-halted"
    ROLLOUT_ABORTED = "rollout-aborted"
    ROLLOUT_SUCCEEDED = "rollout-succeeded"
    ROLLOUT_FAILED = "rollout-failed"

    COMMAND_PAUSE = "command-pause"
    COMMAND_RESUME = "command-resume"
    COMMAND_ABORT = "command-abort"
    COMMAND_RETRY = "command-retry"
    COMMAND_APPROVE = "command-approve"
