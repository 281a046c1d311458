"""Commands of the proxy's in the game: beside the server's own in the client's list, completed, answered, and the chat goes on."""

from . import moving
from .cells import Cell, Steps, check

SHORT = ["1.8.8", "1.12.2", "1.16.5", "1.19.2", "1.20.4", "1.21.8", "26.1"]
OPEN = ["version", "server"]


def lists_commands(version: str) -> bool:
    """Before 1.13 a client knows no command, and asks for completions only."""
    return tuple(int(part) for part in version.split(".")[:2]) >= (1, 13)


async def completes(player, line: str, word: str) -> None:
    matches = await player.ask("complete", text=line)
    check(word in matches, f"{line!r} was completed with {matches}")


async def used(step: Steps, plan, door, first, second) -> None:
    with step("login"):
        player = await plan.lab.join(door, first)
        await moving.arrives(player, first, 1)
    if lists_commands(first.version):
        with step("the list of commands has the server's and ours"):
            names = await player.ask("commands", wanted="drawbridge")
            for name in ("greet", "drawbridge", "ir", "server"):
                check(name in names, f"the client's list is {names}")
    with step("completed"):
        await completes(player, "/drawbridge ver", "version")
        await completes(player, "/server ", second.name)
    with step("answered"):
        await player.ask("command", text="drawbridge version")
        await player.hears("Drawbridge ")
        await player.ask("command", text="ir server")
        await player.hears(f"you are on {first.name}")
        await player.ask("command", text="drawbridge kick somebody")
        await player.hears("there is no command")
        await player.ask("command", text=f"drawbridge find {player.name}")
        await player.hears("You do not have the permission")
    with step("the server's own reach it"):
        await player.ask("command", text="greet")
        await player.hears(f"<{player.name}> /greet")
    with step("to the other server"):
        await player.ask("command", text=f"server {second.name}")
        await moving.arrives(player, second, 2)
    with step("leave"):
        await moving.leave(player)


async def cells(plan) -> list[Cell]:
    if not plan.proxied:
        return []
    found = []
    for mode in plan.intercepted:
        door = await plan.door(f"commands-{mode.name}", mode, **{"permissions.player_commands": OPEN})
        for version in SHORT if plan.short else plan.server_versions["minecraft-protocol"]:
            if version not in plan.server_versions["minecraft-protocol"]:
                continue
            first = plan.backend("minecraft-protocol", version)
            second = plan.lab.backends[moving.second_name(version)]
            for backend in (first, second):
                door.serve(backend, network="ours")
            found.append(Cell("commands", f"commands in the game {version} {mode.name}",
                              lambda step, d=door, a=first, b=second: used(step, plan, d, a, b),
                              row=version, column=f"commands, {mode.name}"))
        await door.start()
    return found
