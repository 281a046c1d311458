"""Server files edited while players are on: what was added works, what was removed is gone, and nobody is dropped."""

import asyncio

from . import joining, pings
from .catalogue import Backend
from .cells import Cell, Steps, check, check_equal

FIRST, SECOND = "1.20.4", "1.8.8"
LIVE_WITHIN = 6  # seconds; the folder's edits are gathered for 2 s at most


async def until_status(lab, door, backend: Backend, domain: str, motd: str) -> None:
    """Pings until the MOTD is `motd`."""
    deadline = asyncio.get_running_loop().time() + LIVE_WITHIN
    while True:
        answer = await lab.ping(door, backend, domain)
        shown = pings.plain(answer["description"])
        if shown == motd:
            return
        check(asyncio.get_running_loop().time() < deadline, f"{domain} still shows {shown!r}, not {motd!r}")
        await asyncio.sleep(0.1)


async def edit(step: Steps, plan, door) -> None:
    lab = plan.lab
    one, two = (plan.backend("minecraft-protocol", version) for version in (FIRST, SECOND))
    address = f"127.0.0.1:{two.port}"

    with step("first player"):
        first = await lab.join(door, one)
    with step("a server is added"):
        await until_status(lab, door, two, "two.test", pings.UNKNOWN_MOTD)
        door.write_server("two", address, ["two.test"])
        await until_status(lab, door, two, "two.test", two.motd)
        second = await lab.join(door, two, "two.test")
    with step("its domain changes"):
        door.write_server("two", address, ["zwei.test"])
        await until_status(lab, door, two, "zwei.test", two.motd)
        await until_status(lab, door, two, "two.test", pings.UNKNOWN_MOTD)
        third = await lab.join(door, two, "zwei.test")
    with step("its file breaks"):
        (door.servers / "two.toml").write_text('domains = ["drei.test"]\naddresses = [\n')
        await door.daemon.logged("two.toml")
        await asyncio.sleep(0.5)
        await until_status(lab, door, two, "zwei.test", two.motd)
    with step("its file is mended in place"):
        draft = "".join(line + "\n" for line in (
            'domains = ["vier.test", "zwei.test"]', f'addresses = ["{address}"]', f'proxy_mode = "{door.mode.name}"'))
        (door.servers / "two.toml").write_text(draft)
        await until_status(lab, door, two, "vier.test", two.motd)
    with step("it is removed"):
        door.remove_server("two")
        await until_status(lab, door, two, "zwei.test", pings.UNKNOWN_MOTD)
        await until_status(lab, door, two, "vier.test", pings.UNKNOWN_MOTD)
        refusal = await lab.refused(door, two, "zwei.test")
        check("Nobody lives at zwei.test" in str(refusal["kick"]), f"the newcomer was told {refusal}")
    with step("players of the removed server"):
        players = ((first, one, None), (second, two, "two.test"), (third, two, "zwei.test"))
        for player, backend, _ in players:
            record = await player.look()
            check_equal(f"that {player.name} was dropped", record["over"], False)
            await joining.talk(backend, player, "still here")
    with step("compare"):
        for player, backend, domain in players:
            await joining.leave_and_compare(door, backend, player, 0, domain)


async def cells(plan) -> list[Cell]:
    found = []
    for main in plan.open_doors:
        door = await plan.door(f"editing-{main.mode.name}", main.mode, **pings.DOOR_SETTINGS)
        door.serve(plan.backend("minecraft-protocol", FIRST))
        await door.start()
        found.append(Cell("editing", f"server files edited under players, {main.mode.name}",
                          lambda step, d=door: edit(step, plan, d), row="edits under players", column=main.mode.name))
    return found
