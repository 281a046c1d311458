"""The BungeeCord channel: a server asks the proxy as plugins do, is told that the proxy listens, and no client is heard."""

from . import joining, moving
from .cells import Cell, Steps, check_equal

VERSIONS = ["1.8.8", "1.12.2", "1.20.4", "1.21.4"]


async def answer(backend, player, *texts: str) -> list[str]:
    return (await backend.worker.ask("askProxy", username=player.name, texts=list(texts), answers=True))["texts"]


async def ask(step: Steps, plan, door, first, second) -> None:
    with step("login"):
        player = await plan.lab.join(door, first)
        await moving.arrives(player, first, 1)
    with step("questions"):
        check_equal("the server's own name", await answer(first, player, "GetServer"), ["GetServer", first.name])
        check_equal("who plays", await answer(first, player, "PlayerList", first.name),
                    ["PlayerList", first.name, player.name])
        check_equal("where the player is", await answer(first, player, "GetPlayerServer", player.name),
                    ["GetPlayerServer", player.name, first.name])
        _, uuid = await answer(first, player, "UUID")
        seen = (await first.worker.ask("current", username=player.name))["uuid"]
        known = player.account["id"] if player.account else seen
        check_equal("the player's UUID", uuid, known.replace("-", ""))
    with step("a client that pretends"):
        for channel in ("BungeeCord", "bungeecord:main", "velocity:player_info"):
            await player.ask("pretend", channel=channel, hex=b"\0\7Connect".hex())
        await joining.talk(first, player, "still here")
        check_equal("what reached the server", (await first.worker.ask("current", username=player.name))["unasked"], [])
    with step("to the second server"):
        await first.worker.ask("askProxy", username=player.name, texts=["Connect", second.name], answers=False)
        await moving.arrives(player, second, 2)
        check_equal("the next server's name", await answer(second, player, "GetServer"), ["GetServer", second.name])
    with step("leave"):
        await moving.leave(player)


async def cells(plan) -> list[Cell]:
    if not plan.proxied:
        return []
    found = []
    for mode in plan.intercepted:
        door = await plan.door(f"channel-{mode.name}", mode, **{"plugin_messaging.bungeecord": True})
        pairs = []
        for version in plan.server_versions["minecraft-protocol"]:
            if version not in VERSIONS:
                continue
            first = plan.backend("minecraft-protocol", version)
            second = plan.lab.backends[moving.second_name(version)]
            for backend in (first, second):
                door.serve(backend, network=version.replace(".", "-"), bungeecord_channel=True)
            pairs.append((version, first, second))
        await door.start()
        for version, first, second in pairs:
            found.append(Cell("channel", f"bungeecord channel {version} {mode.name}",
                              lambda step, d=door, a=first, b=second: ask(step, plan, d, a, b),
                              row=version, column=f"BungeeCord channel, {mode.name}"))
    return found
