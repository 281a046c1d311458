"""The worlds of Drawbridge's own: the lobby that a fresh start has, and a server with `limbo = true`.

The programs that serve as clients take more than vanilla ones do, so two things are looked at besides: that no packet had
bytes that the client's schema does not know, and that what is sent of registries is what a real server sends.
"""

from . import moving
from .catalogue import SHORT_VERSIONS, VERSIONS, Backend
from .cells import Cell, Steps, check, check_equal, rest
from .doors import Shipped
from .lab import favicon
from .ports import free_port

KEEP_ALIVE_SECONDS = 10
LOBBY_SECONDS = 20  # that a player stands in the shipped lobby at least


def visitor(version: str, port: int) -> Backend:
    """What the harness calls a backend: here only a version of the client and a port."""
    backend = Backend(f"limbo-{version}", "minecraft-protocol", version, "", favicon(0))
    backend.port = port
    return backend


async def visit(step: Steps, plan, door, version: str, domain: str, words: str, stay: float) -> None:
    backend = visitor(version, door.port)
    with step("login"):
        player = await plan.lab.join(door, backend, domain=domain)
    with step("chat"):
        await player.hears(words)
        await player.ask("command", text="help")
        await player.ask("heardTimes", text=words if domain == "localhost" else "no commands here", times=2
                         if domain == "localhost" else 1)
    with step("stay"):
        await rest(stay)
        record = await player.look()
        check(not record["over"], f"the connection ended: {record.get('kick')} {record.get('failure')}")
    with step("leave"):
        record = await player.leave()
        check_equal("packets with bytes that nobody read", record["unread"], [])
        check_equal("the client's complaint", record.get("failure"), None)
        check(record["chunks"]["count"] >= 9, f"only {record['chunks']['count']} chunks came")
        check_equal("frames of the wrong form", record["frames"]["odd"], 0)
        expected = int(max(0, stay - 2) / KEEP_ALIVE_SECONDS)
        check(record["keepAlives"] >= expected, f"{record['keepAlives']} keep-alives came of {expected}")


async def moved_in(step: Steps, plan, door, backend: Backend) -> None:
    """From the limbo to a server that an operator names."""
    with step("login"):
        player = await plan.lab.join(door, visitor(backend.version, door.port), domain="waiting.test")
        await player.hears("please wait")
    with step("to the server"):
        await moving.send(door, player, backend)
        await moving.arrives(player, backend, 1)
    with step("leave"):
        await moving.leave(player)


async def welcomed(step: Steps, plan, door, versions: list[str]) -> None:
    """Clients of all versions in the lobby at once; then a server file appears, and that is the end of the lobby for others."""
    players = {}
    for version in versions:
        with step(f"{version} joins"):
            players[version] = await plan.lab.join(door, visitor(version, door.port), domain="localhost")
            await players[version].hears("/help")
    with step("stay"):
        await rest(max(plan.stay, LOBBY_SECONDS))
    door.write_server("survival", f"127.0.0.1:{free_port()}", ["survival.test"])
    for version, player in players.items():
        with step(f"{version} is told of the server"):
            await player.hears("survival.test")
            await moving.leave(player)


async def cells(plan) -> list[Cell]:
    if not plan.proxied:
        return []
    mode = next((mode for mode in plan.intercepted if not mode.authenticates), None)
    if mode is None:
        return []
    lobby = await plan.door("lobby", mode)
    waiting = await plan.door("limbo", mode, limbo={"chat": "please wait", "title": "Wait", "subtitle": "a moment",
                                                    "boss_bar": "{player} waits"})
    (waiting.servers / "waiting.toml").write_text('limbo = true\ndomains = ["waiting.test"]\n')
    for version in plan.server_versions["minecraft-protocol"]:
        waiting.serve(plan.backend("minecraft-protocol", version))
    shipped = Shipped(plan.binary, plan.folder / "shipped", mode)
    plan.doors.append(shipped)
    await lobby.start()
    await waiting.start()
    await shipped.start()
    versions = SHORT_VERSIONS if plan.short else VERSIONS
    found = [Cell("limbo", "lobby of the shipped configuration",
                  lambda step: welcomed(step, plan, shipped, versions), row="all versions at once",
                  column="lobby of the shipped configuration")]
    for version in versions:
        found.append(Cell("limbo", f"lobby {version}",
                          lambda step, v=version: visit(step, plan, lobby, v, "localhost", "/help", plan.stay),
                          row=version, column="lobby of a fresh start"))
        found.append(Cell("limbo", f"limbo {version}",
                          lambda step, v=version: visit(step, plan, waiting, v, "waiting.test", "please wait", plan.stay),
                          row=version, column="limbo = true"))
    for version in plan.server_versions["minecraft-protocol"]:
        found.append(Cell("limbo", f"from the limbo to a server {version}",
                          lambda step, b=plan.backend("minecraft-protocol", version): moved_in(step, plan, waiting, b),
                          row=version, column="from the limbo to a server"))
    return found
