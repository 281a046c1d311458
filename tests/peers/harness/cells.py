"""A cell is one thing that is tried, with one outcome. Cells run several at a time, each with a deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from dataclasses import dataclass, field


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
    deadline: float = 150  # seconds, and however long a player stays
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


async def run_cell(cell: Cell) -> None:
    began = time.monotonic()
    try:
        await asyncio.wait_for(cell.run(cell.steps), cell.deadline)
    except TimeoutError:
        cell.failure = f"{cell.steps.now}: not done within {cell.deadline} s"
    except Exception as error:  # whatever went wrong in a cell is that cell's failure, never the run's
        cell.failure = f"{cell.steps.now}: {error or type(error).__name__}"
    cell.seconds = time.monotonic() - began


async def run_cells(cells: list[Cell], at_once: int, report: Callable[[Cell], None]) -> None:
    waiting = iter(cells)

    async def lane() -> None:
        for cell in waiting:
            await run_cell(cell)
            report(cell)

    await asyncio.gather(*(lane() for _ in range(at_once)))
