"""From server to server without joining again: sent by an operator, because the server dies, and as it stops.

The two servers of a version differ in nothing but their name, so what the player hears tells where it is: each greets.
"""

import asyncio

from . import joining
from .catalogue import Backend, backend_name
from .cells import Cell, Steps, check, check_equal
from .lab import favicon


def second_name(version: str) -> str:
    return backend_name("minecraft-protocol", version) + "-second"


def backends(plan) -> list[Backend]:
    return [Backend(second_name(version), "minecraft-protocol", version, "the other one", favicon(33))
            for version in plan.server_versions["minecraft-protocol"]] if plan.proxied else []


async def send(door, player, backend: Backend) -> None:
    command = await asyncio.create_subprocess_exec(
        str(door.binary), "-c", str(door.folder / "drawbridge.toml"), "ctl", "send", player.name, backend.name,
        cwd=door.folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    said, _ = await command.communicate()
    check_equal(f"how `ctl send` ended, which said {said.decode()!r}", command.returncode, 0)


async def arrives(player, backend: Backend, times: int) -> None:
    await player.ask("heardTimes", text=f"welcome {player.name}", times=times)
    await joining.talk(backend, player, f"arrival {times}")
    check_equal("the server that the player is on", (await backend.worker.ask("current", username=player.name))["server"],
                backend.name)


async def leave(player) -> None:
    record = await player.look()
    check(not record["over"], f"the connection ended: {record.get('kick')} {record.get('failure')}")
    record = await player.leave()
    check_equal("packets with bytes that nobody read", record["unread"], [])
    check_equal("the client's complaint", record.get("failure"), None)
    check_equal("frames of the wrong form", record["frames"]["odd"], 0)


async def twice(step: Steps, plan, door, first: Backend, second: Backend) -> None:
    with step("login"):
        player = await plan.lab.join(door, first)
        await arrives(player, first, 1)
    with step("to the second server"):
        await send(door, player, second)
        await arrives(player, second, 2)
    with step("and back"):
        await send(door, player, first)
        await arrives(player, first, 3)
    with step("leave"):
        await leave(player)


async def lost(step: Steps, plan, door, first: Backend, second: Backend, do: str) -> None:
    with step("login"):
        player = await plan.lab.join(door, first)
        await arrives(player, first, 1)
    with step("to the fallback"):
        await first.worker.ask(do, username=player.name)
        await arrives(player, second, 2)
    with step("leave"):
        await leave(player)


async def cells(plan) -> list[Cell]:
    if not plan.proxied:
        return []
    found = []
    for mode in plan.intercepted:
        door = await plan.door(f"moving-{mode.name}", mode)
        pairs = []
        for version in plan.server_versions["minecraft-protocol"]:
            first = plan.backend("minecraft-protocol", version)
            second = plan.lab.backends[second_name(version)]
            door.serve(first, fallback=[second.name])
            door.serve(second)
            pairs.append((version, first, second))
        await door.start()
        for version, first, second in pairs:
            found.append(Cell("moving", f"moving twice {version} {mode.name}",
                              lambda step, d=door, a=first, b=second: twice(step, plan, d, a, b),
                              row=version, column=f"sent twice, {mode.name}"))
            for what, do in (("fallback of a server that died", "die"), ("fallback of a server that stops", "stop")):
                found.append(Cell("moving", f"moving to the {what} {version} {mode.name}",
                                  lambda step, d=door, a=first, b=second, do=do: lost(step, plan, d, a, b, do),
                                  row=version, column=f"{what}, {mode.name}"))
    return found
