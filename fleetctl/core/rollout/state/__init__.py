"""What a rollout is made of: units and their phases, attempts, steps, and the changes that a journal commits.

Words: an *attempt* is one try at one unit; its *steps* are journalled as intent, then outcome. A step whose intent
has no outcome is *in doubt*. Everything here is a frozen value; `board` holds the working set that `decide` reads.
"""

from __future__ import annotations

from fleetctl.core.rollout.state.changes import (
    Change,
    CommandHandled,
    Decision,
    Inputs,
    Noted,
    RolloutChanged,
    RowChange,
    SitesHalted,
    SitesWaited,
    StepEnded,
    StepIntended,
    UnitChanged,
    WaveChanged,
    followed,
)
from fleetctl.core.rollout.state.events import Event
from fleetctl.core.rollout.state.progress import COUNTED_AS_FAILED, ENDS, Action, Phase, Progress
from fleetctl.core.rollout.state.row import Command, CommandKind, Rollout, Status
from fleetctl.core.rollout.state.steps import Ending, Step, StepKind, StepResult, StepTaken

__all__ = [
    "COUNTED_AS_FAILED",
    "ENDS",
    "Action",
    "Change",
    "Command",
    "CommandHandled",
    "CommandKind",
    "Decision",
    "Ending",
    "Event",
    "Inputs",
    "Noted",
    "Phase",
    "Progress",
    "Rollout",
    "RolloutChanged",
    "RowChange",
    "SitesHalted",
    "SitesWaited",
    "Status",
    "Step",
    "StepEnded",
    "StepIntended",
    "StepKind",
    "StepResult",
    "StepTaken",
    "UnitChanged",
    "WaveChanged",
    "followed",
]
