"""Everything that runs during the tests: backends, clients, doors. Built once, shared by all cells."""

import asyncio
import base64
import itertools
import json
import struct
import zlib
from pathlib import Path

from . import places
from .catalogue import Backend
from .processes import Worker

BACKENDS_PER_PROCESS = 3
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

    def __init__(self, worker: Worker, name: str):
        self.worker = worker
        self.name = name

    async def ask(self, do: str, seconds: float = 20, **arguments):
        return await self.worker.ask(do, seconds, handle=self.name, **arguments)

    async def chat(self, text: str) -> None:
        await self.ask("chat", text=text)

    async def hears(self, text: str) -> None:
        await self.ask("heard", text=text)

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
        self.names = itertools.count(1)
        self.turns = itertools.count()

    async def launch(self, script: str, label: str, *arguments: str) -> Worker:
        worker = Worker(label, self.folder / f"{label}.log")
        self.workers.append(worker)
        await worker.launch(script, *arguments)
        return worker

    async def start_clients(self) -> None:
        self.clients = [await self.launch("client.js", f"clients-{n + 1}") for n in range(CLIENT_PROCESSES)]

    async def start_backends(self, backends: list[Backend]) -> None:
        """Several of one kind share a process (and its session server); flying-squid gets one each, since it generates worlds."""
        for kind, online in sorted({(backend.kind, backend.online) for backend in backends}):
            of_kind = [backend for backend in backends if (backend.kind, backend.online) == (kind, online)]
            size = 1 if kind == "flying-squid" else BACKENDS_PER_PROCESS
            for at in range(0, len(of_kind), size):
                await self.start_group(of_kind[at:at + size])

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
            await asyncio.wait_for(ready.wait(), 40)
        except TimeoutError:
            raise places.Unusable(f"{label} did not start:\n{worker.tail()}") from None
        self.backends.update({backend.name: backend for backend in group})

    def new_name(self) -> str:
        return f"Peer{next(self.names):05d}"

    def client(self) -> Worker:
        return self.clients[next(self.turns) % len(self.clients)]

    async def ping(self, door, backend: Backend, domain: str | None = None, source: str = "127.0.0.1") -> dict:
        return await self.client().ask("ping", version=backend.library_version, host=door.host,
                                       port=door.port_for(backend), domain=domain or backend.domain, **{"from": source})

    def target(self, door, backend: Backend, domain: str | None, source: str) -> dict:
        return {"version": backend.library_version, "host": door.host, "port": door.port_for(backend),
                "domain": domain or backend.domain, "from": source}

    async def join(self, door, backend: Backend, domain: str | None = None, source: str = "127.0.0.1",
                   name: str | None = None, auth: dict | None = None) -> Player:
        player = Player(self.client(), name or self.new_name())
        await player.ask("open", username=player.name, auth=auth, **self.target(door, backend, domain, source))
        return player

    async def refused(self, door, backend: Backend, domain: str | None = None, source: str = "127.0.0.1",
                      auth: dict | None = None) -> dict:
        name = self.new_name()
        return await self.client().ask("refused", handle=name, username=name, auth=auth,
                                       **self.target(door, backend, domain, source))

    async def stop(self) -> None:
        await asyncio.gather(*(worker.stop() for worker in self.workers))
