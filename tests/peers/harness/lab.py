"""Everything that runs during the tests: backends, clients, doors. Built once, shared by all cells."""

import asyncio
import base64
import itertools
import json
import struct
import zlib
from pathlib import Path

from . import places
from .catalogue import VERSIONS, Backend
from .processes import ANSWER_SECONDS, START_SECONDS, Worker
from .session_server import SessionServer

VERSIONS_PER_PROCESS = 3
CLIENT_PROCESSES = 2


def favicon(shade: int) -> str:
    """A 64x64 PNG of one grey, as a data URL."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    pixels = (b"\0" + bytes([shade]) * 64) * 64
    png = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0))
           + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b""))
    return "data:image/png;base64," + base64.b64encode(png).decode()


class Player:
    """A client that is in the game, or was refused. Every method asks the Node program that holds it."""

    def __init__(self, worker: Worker, name: str, account: dict | None):
        self.worker = worker
        self.name = name
        self.account = account

    async def ask(self, do: str, seconds: float = ANSWER_SECONDS, **arguments):
        return await self.worker.ask(do, seconds, handle=self.name, **arguments)

    async def chat(self, text: str) -> None:
        await self.ask("chat", text=text)

    async def hears(self, text: str) -> None:
        await self.ask("heard", text=text)

    async def send(self, sizes: list[int]) -> None:
        """Plugin messages. Nothing answers them: say something behind them to know that they have arrived."""
        await self.ask("send", sizes=sizes)

    async def look(self) -> dict:
        return await self.ask("look")

    async def leave(self) -> dict:
        return await self.ask("close")


class Lab:
    def __init__(self, folder: Path):
        self.folder = folder
        self.backends: dict[str, Backend] = {}
        self.workers: list[Worker] = []
        self.clients: list[Worker] = []
        self.session_server = SessionServer()
        self.names = itertools.count(1)

    async def launch(self, script: str, label: str, *arguments: str) -> Worker:
        worker = Worker(label, self.folder / f"{label}.log")
        self.workers.append(worker)
        await worker.launch(script, *arguments)
        return worker

    async def start_clients(self) -> None:
        self.clients = [await self.launch("client.js", f"clients-{n + 1}") for n in range(CLIENT_PROCESSES)]

    async def start_backends(self, backends: list[Backend]) -> None:
        """All of one version share a process, since loading a version is what costs; flying-squid generates worlds
        and gets one each."""
        groups: dict[tuple, list[Backend]] = {}
        for backend in backends:
            place = VERSIONS.index(backend.version)
            group = place if backend.kind == "flying-squid" else place // VERSIONS_PER_PROCESS
            groups.setdefault((backend.kind, group), []).append(backend)
        gate = asyncio.Semaphore(2)  # more at once would only wait for the processors

        async def start(group: list[Backend]) -> None:
            async with gate:
                await self.start_group(group)

        await asyncio.gather(*(start(group) for group in groups.values()))

    async def start_group(self, group: list[Backend]) -> None:
        label = "backend-" + group[0].name
        waiting = {backend.name: backend for backend in group}
        ready = asyncio.Event()

        def on_event(event: dict) -> None:
            if event["event"] == "ready":
                backend = waiting.pop(event["server"])
                backend.port, backend.protocol = event["port"], event["protocol"]
                backend.release, backend.worker = event["release"], worker
                if not waiting:
                    ready.set()

        worker = Worker(label, self.folder / f"{label}.log")
        worker.on_event = on_event
        self.workers.append(worker)
        await worker.launch("backend.js", json.dumps([backend.spec() for backend in group]))
        try:
            await asyncio.wait_for(ready.wait(), START_SECONDS)
        except TimeoutError:
            raise places.Unusable(f"{label} did not start:\n{worker.tail()}") from None
        self.backends.update({backend.name: backend for backend in group})

    def new_name(self) -> str:
        return f"Peer{next(self.names):05d}"

    def client(self, backend: Backend) -> Worker:
        """One program has all clients of a version, so that only it has to load that version."""
        return self.clients[VERSIONS.index(backend.version) % len(self.clients)]

    async def ping(self, door, backend: Backend, domain: str | None = None, source: str = "127.0.0.1") -> dict:
        return await self.client(backend).ask("ping", version=backend.library_version, host=door.host,
                                       port=door.port_for(backend), domain=domain or backend.domain, **{"from": source})

    def target(self, door, backend: Backend, domain: str | None, source: str) -> dict:
        return {"version": backend.library_version, "host": door.host, "port": door.port_for(backend),
                "domain": domain or backend.domain, "from": source}

    async def join(self, door, backend: Backend, domain: str | None = None, source: str = "127.0.0.1",
                   name: str | None = None, account: dict | None = None, **more) -> Player:
        """Comes with an account where one is asked for. `more`: `protocol`, `intent`, `hostTail`,
        `viewDistance` of client.js."""
        if door.mode.authenticates and account is None:
            account = self.new_account()
        name = account["name"] if account else name or self.new_name()
        player = Player(self.client(backend), name, account)
        await player.ask("open", username=name, account=account,
                         **self.target(door, backend, domain, source), **more)
        return player

    async def refused(self, door, backend: Backend, domain: str | None = None, source: str = "127.0.0.1",
                      account: dict | None = None, **more) -> dict:
        """A login that must not succeed, without an account unless one is given."""
        name = account["name"] if account else self.new_name()
        return await self.client(backend).ask("refused", handle=name, username=name, account=account,
                                              **self.target(door, backend, domain, source), **more)

    def new_account(self, **more) -> dict:
        """Somebody whom the session server knows."""
        return {**self.session_server.new_account(self.new_name()), **more}

    async def stop(self) -> None:
        await asyncio.gather(*(worker.stop() for worker in self.workers))
        await self.session_server.stop()
