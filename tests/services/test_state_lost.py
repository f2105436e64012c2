"""The state's server goes away in mid-rollout: nothing is done that is not written, and the end is the same.

The real loop of a command. On a state in memory it is lost at every step of the journal; on a real PostgreSQL server
connections are cut in the middle of transactions, and the server is restarted, or stopped for a while.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from typing import cast

import pytest
from sqlalchemy import Connection, Engine, event

from fleetctl.adapters.store import engine
from fleetctl.adapters.store.state import open_state
from fleetctl.core.rollout.state import Noted, Step
from fleetctl.core.route import Route
from fleetctl.ports import Lost, State
from fleetctl.services.patience import AWAY_S
from fleetctl.services.run import run, serve
from tests.builders import postgres
from tests.builders.crashes import Tripwire
from tests.builders.memory_state import MemoryState
from tests.builders.scenes import Scene

Scenes = Callable[[], Scene]


def lost() -> Lost:
    return Lost("the state could not be used: server closed the connection", hint="see that its server runs")


def wanted_end() -> object:
    scene = Scene(MemoryState())
    scene.plant.drive()
    return scene.end()


def test_lost_at_any_journal_step_the_same_command_goes_on_and_tells_every_event_once() -> None:
    """Before a commit, after it and before anybody hears of that, and after acting."""
    wanted = wanted_end()
    for step in itertools.count(1, 4):
        scene = Scene(MemoryState())
        scene.plant.wire = Tripwire(step, lost)
        told = list(run(scene.plant.seat(), "r1"))
        assert scene.end() == wanted, f"lost at step {step}"
        assert told == [note for _, note in scene.plant.state.journal.events("r1")]
        scene.check()
        if scene.plant.wire.count < step:
            break
    assert step > 150


def test_a_controller_that_serves_all_rollouts_goes_on_as_well() -> None:
    scene, wanted = Scene(MemoryState()), wanted_end()
    scene.plant.wire = Tripwire(40, lost)
    with closing(cast(Generator[Noted], serve(scene.plant.seat()))) as serving:
        while not scene.plant.status.is_end:
            next(serving)
    assert scene.end() == wanted
    scene.check()


@pytest.mark.parametrize("at", [1, 5, 12])
def test_a_state_that_is_lost_while_the_way_to_a_unit_is_looked_up_is_not_a_unit_out_of_reach(at: int) -> None:
    """Ways stand in the state: without it nothing is known of any unit, and none is given up for that."""
    wanted, scene, asked = wanted_end(), Scene(MemoryState()), itertools.count(1)

    def route(rollout: str, unit: str) -> Route:
        if next(asked) == at:
            raise lost()
        return known(rollout, unit)

    known, scene.plant.surroundings.routes = scene.plant.surroundings.routes, route
    list(run(scene.plant.seat(), "r1"))
    assert next(asked) > at
    assert scene.end() == wanted
    scene.check()


# --- on a real server -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    """Run a PostgreSQL server that these tests alone use, for they stop it."""
    programs = postgres.programs()
    if programs is None:
        pytest.skip("PostgreSQL's server programs are not installed")
    with postgres.running(programs) as server:
        yield server


@pytest.fixture
def on_server(server: postgres.Server) -> Iterator[Scenes]:
    """Return what sets the scene anew, each time on a database of its own."""
    opened: list[State] = []

    def scene() -> Scene:
        opened.append(open_state(server.new_database()))
        return Scene(opened[-1])

    yield scene
    for state in opened:
        state.close()


@contextmanager
def at_statement(number: int, act: Callable[[], None]) -> Iterator[list[str]]:
    """Do something right before a statement of a transaction that writes; yields the statements so far."""
    seen: list[str] = []

    def before(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if connection.get_execution_options().get("writes"):
            seen.append(statement)
            if len(seen) == number:
                act()

    event.listen(Engine, "before_cursor_execute", before)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", before)


@pytest.mark.postgres
@pytest.mark.parametrize("number", [30, 101, 172, 243, 314, 385])
def test_a_connection_that_is_cut_in_a_transaction_is_made_anew(
    server: postgres.Server, on_server: Scenes, number: int
) -> None:
    scene = on_server()
    said: list[str] = []
    with at_statement(number, server.cut) as seen:
        told = list(run(scene.plant.seat(said.append), "r1"))
    assert len(seen) > number
    assert len(said) == 1
    assert "could not be used" in said[0]
    assert said[0].endswith("waited for up to 15 min; see that its server runs and can be reached from here")
    ended_well(scene, told)


@pytest.mark.postgres
def test_a_server_that_restarts_between_an_effect_and_its_outcome_is_not_even_noticed(
    server: postgres.Server, on_server: Scenes
) -> None:
    scene, said, done = on_server(), list[str](), list[Step]()

    def after(effect: Step) -> None:
        done.append(effect)
        if len(done) in {2, 9}:
            server.restart()

    scene.world.after_effect = after
    told = list(run(scene.plant.seat(said.append), "r1"))
    assert len(done) > 9
    assert said == []
    ended_well(scene, told)


@pytest.mark.postgres
def test_a_server_that_is_down_for_a_while_is_waited_for_and_nothing_is_started_meanwhile(
    server: postgres.Server, on_server: Scenes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "AWAY_TIMEOUT_S", 0.0)
    scene = on_server()
    sent: list[int] = []

    def down(_: Step) -> None:
        if len(scene.world.submitted) >= 6 and not sent:
            sent.append(len(scene.world.submitted))
            server.stop()

    def back(_said: str) -> None:
        assert [len(scene.world.submitted)] == sent
        server.start()

    scene.world.after_effect = down
    told = list(run(scene.plant.seat(back), "r1"))
    assert sent
    ended_well(scene, told)


@pytest.mark.postgres
def test_a_server_that_stays_away_ends_the_command_which_says_how_to_go_on(
    server: postgres.Server, on_server: Scenes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "AWAY_TIMEOUT_S", 0.0)
    scene = on_server()
    began_s = scene.world.clock.at_s
    scene.world.after_effect = lambda _: server.stop()
    with pytest.raises(Lost, match=r"could not be used: .*it was waited for 15 min") as ended:
        list(run(scene.plant.seat(), "r1"))
    assert "rollout resume" in ended.value.hint
    assert AWAY_S <= scene.world.clock.at_s - began_s < AWAY_S + 60
    sent = len(scene.world.submitted)
    scene.world.after_effect = lambda _: None
    server.start()
    scene.plant.kill()
    assert len(scene.world.submitted) == sent
    list(run(scene.plant.seat(), "r1"))
    assert scene.end() == wanted_end()
    scene.check()


def ended_well(scene: Scene, told: list[Noted]) -> None:
    """Hold the end against that of a rollout that nothing disturbed, and what was told against what is written."""
    assert scene.end() == wanted_end()
    assert told == [note for _, note in scene.plant.state.journal.events("r1")]
    scene.check()
