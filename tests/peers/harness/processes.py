"""Child processes: workers that speak JSON lines, and plain daemons whose log we read."""

import asyncio
import itertools
import json
import os
import signal
from pathlib import Path

from . import places

START_SECONDS = 120  # a machine that compiles at the same time is slow
ANSWER_SECONDS = 45
READ_LIMIT = 16 * 1024 * 1024  # longest line that a worker may print


class Daemon:
    """A program that runs until we end it. Its output goes to a log file."""

    def __init__(self, name: str, log: Path):
        self.name = name
        self.log = log
        self.process: asyncio.subprocess.Process | None = None

    async def start(self, command: list[str], stdin=asyncio.subprocess.DEVNULL, stdout=None, env=None) -> None:
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *command, stdin=stdin, stdout=stdout or log, stderr=log, limit=READ_LIMIT,
                env={**os.environ, **(env or {})})

    @property
    def gone(self) -> bool:
        return self.process is None or self.process.returncode is not None

    async def accepts(self, port: int, seconds: float = START_SECONDS) -> None:
        """Waits until something listens on `port`; raises when the program ends first."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            if self.gone:
                raise places.Unusable(f"{self.name} ended at once:\n{self.tail()}")
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            except OSError:
                if asyncio.get_running_loop().time() > deadline:
                    raise places.Unusable(f"{self.name} does not listen on {port}:\n{self.tail()}") from None
                await asyncio.sleep(0.05)

    def tail(self, lines: int = 30) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    async def logged(self, *parts: str, seconds: float = 10) -> str:
        """Waits for a log line that has all `parts`."""
        deadline = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < deadline:
            for line in self.log.read_text(errors="replace").splitlines():
                if all(part in line for part in parts):
                    return line
            await asyncio.sleep(0.1)
        raise AssertionError(f"{self.name} logged no line with {' and '.join(parts)}")

    async def stop(self, seconds: float = 5) -> int | None:
        if self.gone:
            return self.process and self.process.returncode
        self.process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self.process.wait(), seconds)
        except TimeoutError:
            self.process.kill()
            return await self.process.wait()


class Worker(Daemon):
    """A program of ours: requests go to its stdin, answers and events come from its stdout."""

    def __init__(self, name: str, log: Path):
        super().__init__(name, log)
        self.ids = itertools.count(1)
        self.pending: dict[int, asyncio.Future] = {}
        self.on_event = lambda event: None

    async def launch(self, script: str, *arguments: str) -> None:
        await self.converse([places.tool("node"), str(places.PEERS / "node" / script), *arguments])

    async def converse(self, command: list[str]) -> None:
        await self.start(command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                         env={"NODE_PATH": str(places.NODE_MODULES)})
        self.reading = asyncio.create_task(self.read())

    async def read(self) -> None:
        while line := await self.process.stdout.readline():
            message = json.loads(line)
            if "id" not in message:
                self.on_event(message)
                continue
            future = self.pending.pop(message["id"], None)
            if future is None or future.done():
                continue  # its deadline had passed
            if "error" in message:
                future.set_exception(AssertionError(message["error"]))
            else:
                future.set_result(message["result"])
        for future in self.pending.values():
            if not future.done():
                future.set_exception(AssertionError(f"{self.name} crashed:\n{self.tail()}"))

    async def ask(self, do: str, seconds: float = ANSWER_SECONDS, **arguments):
        """One request. Raises AssertionError with the worker's words, or when no answer comes in time."""
        number = next(self.ids)
        future = asyncio.get_running_loop().create_future()
        self.pending[number] = future
        self.process.stdin.write(json.dumps({"id": number, "do": do, **arguments}).encode() + b"\n")
        try:
            return await asyncio.wait_for(future, seconds)
        except TimeoutError:
            raise AssertionError(f"nothing for {seconds} s on '{do}'") from None
