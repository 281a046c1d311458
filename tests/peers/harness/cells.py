"""A cell is one thing that is tried, with one outcome. Cells run several at a time, each with a deadline.

Most of the time a cell waits for a player who stays. So many cells are under way, and only a few of them do something
at the same moment: more would only starve each other, and what is tested has deadlines.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


class Turn:
    """One cell's right to be busy. It may be given up twice, and a cell that was cancelled need not have it."""

    def __init__(self, turns: asyncio.Semaphore):
        self.turns = turns
        self.held = False

    async def take(self) -> None:
        await self.turns.acquire()
        self.held = True

    def give_up(self) -> None:
        if self.held:
            self.turns.release()
        self.held = False


turn_of_cell: ContextVar[Turn] = ContextVar("turn_of_cell")


async def rest(seconds: float) -> None:
    """A while in which the cell does nothing and others may."""
    turn = turn_of_cell.get()
    turn.give_up()
    await asyncio.sleep(seconds)
    await turn.take()


class Steps:
    """Remembers what a cell was doing, so that a failure says where."""

    def __init__(self):
        self.now = "start"
        self.done: list[str] = []

    @contextmanager
    def __call__(self, name: str):
        self.now = name
        yield
        self.done.append(name)


@dataclass
class Cell:
    group: str
    name: str
    run: Callable[[Steps], Awaitable[None]]
    deadline: float = 300  # seconds, and however long a player stays; the last resort behind those of single steps
    # Coordinates for the tables of docs/matrix.md.
    row: str = ""
    column: str = ""
    steps: Steps = field(default_factory=Steps)
    failure: str | None = None
    seconds: float = 0

    @property
    def passed(self) -> bool:
        return self.failure is None


def check(condition: bool, complaint: str) -> None:
    if not condition:
        raise AssertionError(complaint)


def check_equal(what: str, got, wanted) -> None:
    if got != wanted:
        raise AssertionError(f"{what} is {got!r}, not {wanted!r}")


async def run_cell(cell: Cell, turns: asyncio.Semaphore) -> None:
    turn = Turn(turns)
    turn_of_cell.set(turn)
    await turn.take()
    began = time.monotonic()
    try:
        await asyncio.wait_for(cell.run(cell.steps), cell.deadline)
    except TimeoutError:
        cell.failure = f"{cell.steps.now}: not done within {cell.deadline} s"
    except Exception as error:  # whatever went wrong in a cell is that cell's failure, never the run's
        cell.failure = f"{cell.steps.now}: {error or type(error).__name__}"
    finally:
        turn.give_up()
    cell.seconds = time.monotonic() - began


async def run_cells(cells: list[Cell], under_way: int, busy: int, report: Callable[[Cell], None]) -> None:
    waiting = iter(cells)
    turns = asyncio.Semaphore(busy)

    async def lane() -> None:
        for cell in waiting:
            await run_cell(cell, turns)
            report(cell)

    await asyncio.gather(*(lane() for _ in range(under_way)))
