"""Servers that are processes of their own: they sleep, are killed with SIGKILL and come back, while players wait in the limbo.

A server greets who joins, so what the player hears tells where it is; the client counts the worlds that it was put into.
"""

import itertools

from . import moving, places
from .catalogue import LIBRARY_NAME
from .cells import Cell, Steps, check_equal
from .limbo import visitor
from .ports import free_port
from .processes import Daemon

SHORT = ["1.8.8", "1.12.2", "1.20.4", "26.1"]
WORDS = "please wait"
# Who wakes a server and leaves soon has to wait before the next time, so each player has an address of its own.
sources = (f"127.0.8.{n}" for n in itertools.count(1))


class Server:
    """node/sleeper.js at a port of its own: started by the proxy's keeper or by the cell."""

    def __init__(self, plan, version: str, what: str):
        self.name = f"{what}-{version.replace('.', '-')}"
        self.domain = f"{self.name}.test"
        self.version = version
        self.port = free_port()
        self.process = Daemon(self.name, plan.lab.folder / f"{self.name}.log")

    @property
    def arguments(self) -> list[str]:
        return [str(places.PEERS / "node" / "sleeper.js"), "awake", str(self.port),
                LIBRARY_NAME.get(self.version, self.version)]

    async def start(self) -> None:
        await self.process.start([places.tool("node"), *self.arguments], env={"NODE_PATH": str(places.NODE_MODULES)})
        await self.process.accepts(self.port)

    async def kill(self) -> None:
        if not self.process.gone:
            self.process.process.kill()
            await self.process.process.wait()


async def enter(plan, door, server: Server, words: str):
    player = await plan.lab.join(door, visitor(server.version, door.port), domain=server.domain, source=next(sources))
    await player.hears(words.format(player.name))
    return player


async def worlds(player, wanted: int) -> None:
    check_equal("the worlds that the player was put into", (await player.look())["worlds"], wanted)


async def woken(step: Steps, plan, door, server: Server) -> None:
    with step("into the limbo"):
        player = await enter(plan, door, server, WORDS)
    with step("to the server that was woken"):
        await player.hears(f"welcome {player.name}")
        await worlds(player, 2)
    with step("leave"):
        await moving.leave(player)


async def brought_back(step: Steps, plan, door, server: Server) -> None:
    try:
        with step("login"):
            await server.start()
            player = await enter(plan, door, server, "welcome {}")
        with step("into the limbo as the server is killed"):
            await server.kill()
            await player.hears(WORDS)
            await worlds(player, 2)
        with step("back to the server"):
            await server.start()
            await player.ask("heardTimes", text=f"welcome {player.name}", times=2)
            await worlds(player, 3)
        with step("leave"):
            await moving.leave(player)
    finally:
        await server.kill()


async def taken_over(step: Steps, plan, door, server: Server, other) -> None:
    try:
        with step("login"):
            await server.start()
            player = await enter(plan, door, server, "welcome {}")
        with step("to the fallback as the server is killed"):
            await server.kill()
            await moving.arrives(player, other, 2)
            await worlds(player, 2)
        with step("leave"):
            await moving.leave(player)
    finally:
        await server.kill()


async def chosen(step: Steps, plan, door, server: Server, other, worlds_seen: int) -> None:
    """By somebody who plays elsewhere: stays there until it is ready, or waits in the limbo."""
    with step("login elsewhere"):
        player = await plan.lab.join(door, other, domain=elsewhere(server.version), source=next(sources))
        await moving.arrives(player, other, 1)
    with step("to the server that was woken"):
        await moving.send(door, player, server)
        await player.ask("heardTimes", text=f"welcome {player.name}", times=2)
        await worlds(player, worlds_seen)
    with step("leave"):
        await moving.leave(player)


def elsewhere(version: str) -> str:
    return f"other-{version.replace('.', '-')}.test"


def keeper(server: Server, folder, way: str = "limbo") -> dict:
    return {"type": "local", "command": places.tool("node"), "args": [*server.arguments, "late"],
            "working_dir": str(folder), "while_starting": way, "poll_interval": "500ms", "shutdown_after": "3s",
            "wakes_per_source": 1000, "wakes_per_server": 1000, "environment.NODE_PATH": str(places.NODE_MODULES)}


async def cells(plan) -> list[Cell]:
    if not plan.proxied:
        return []
    found = []
    for mode in plan.intercepted:
        door = await plan.door(f"waiting-{mode.name}", mode, limbo={"chat": WORDS})
        for version in SHORT if plan.short else plan.server_versions["minecraft-protocol"]:
            found += cells_of_version(plan, door, mode.name, version)
        await door.start()
    return found


def cells_of_version(plan, door, mode: str, version: str) -> list[Cell]:
    found = []

    def add(what: str, server: Server, scenario, *more, **settings) -> None:
        door.write_server(server.name, f"127.0.0.1:{server.port}", [server.domain], **settings)
        found.append(Cell("waiting", f"{what} {version} {mode}",
                          lambda step: scenario(step, plan, door, server, *more), row=version, column=f"{what}, {mode}"))

    def sleeping(what: str, way: str):
        server = Server(plan, version, f"{what}-{mode}")
        folder = plan.folder / server.name
        folder.mkdir()
        return server, keeper(server, folder, way)

    server, keys = sleeping("sleeping", "limbo")
    add("woken while the player is in the limbo", server, woken, server_manager=keys)
    add("brought back to a killed server", Server(plan, version, f"returning-{mode}"), brought_back,
        limbo_handlers=["reconnect"])
    other = plan.lab.backends[moving.second_name(version)]
    other_name = elsewhere(version).removesuffix(".test")
    door.write_server(other_name, f"127.0.0.1:{other.port}", [elsewhere(version)])
    add("taken over from a killed server", Server(plan, version, f"killed-{mode}"), taken_over, other,
        fallback=[other_name])
    for way, what, worlds_seen in (("hold", "woken while the player is on another server", 2),
                                   ("limbo", "woken from another server, by way of the limbo", 3)):
        server, keys = sleeping(f"chosen-{way}", way)
        add(what, server, chosen, other, worlds_seen, server_manager=keys)
    return found
