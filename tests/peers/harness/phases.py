"""What a server may do with a player who is in the game: back to configuration and on, and off to another server."""

from . import joining
from .catalogue import CONFIGURATION_SINCE, TRANSFER_SINCE, Backend, since
from .cells import Cell, Steps, check_equal

LOGIN, TRANSFER = 2, 3  # what a handshake asks for


async def reconfigure(step: Steps, plan, door, backend: Backend) -> None:
    with step("login"):
        player = await plan.lab.join(door, backend)
        await joining.talk(backend, player, "good morning")
    for turn in (2, 3):
        with step(f"configuration, time {turn}"):
            await backend.worker.ask("reconfigure", username=player.name)
            await player.ask("phase", plays=turn)
            await joining.talk(backend, player, f"back for time {turn}")
    with step("compare"):
        await joining.leave_and_compare(door, backend, player, 0)


async def transfer(step: Steps, plan, door, backend: Backend) -> None:
    """The backend sends the player to the same door with a cookie, and the player comes with the intent of a transfer.
    The cookie is asked for in the login, before the backend lets the player in, and once more in play."""
    with step("login"):
        player = await plan.lab.join(door, backend)
        await joining.talk(backend, player, "good morning")
    with step("transfer"):
        await backend.worker.ask("transfer", username=player.name, host=backend.domain, port=door.port_for(backend))
        place = await player.ask("transferred")
        check_equal("where the server sends the player", place,
                    {"host": backend.domain, "port": door.port_for(backend)})
    with step("compare"):
        await joining.leave_and_compare(door, backend, player, 0)
    with step("login after the transfer"):
        again = await plan.lab.join(door, backend, name=player.name, account=player.account, intent=TRANSFER)
        await joining.talk(backend, again, "here I am")
        cookie = await backend.worker.ask("cookie", username=again.name)
        check_equal("the cookie in play", cookie, f"a cookie of {again.name}")
    with step("compare after the transfer"):
        _, server = await joining.leave_and_compare(door, backend, again, 0)
        check_equal("the cookie in the login", server["loginCookie"], cookie)
        # A server takes transfers only where its own settings allow it; who reads packets says "login" for the player.
        check_equal("the intent that the backend reads", server["intent"],
                    TRANSFER if door.mode.forwards_bytes else LOGIN)


def cells(plan) -> list[Cell]:
    found = []
    for version in plan.server_versions["minecraft-protocol"]:
        backend = plan.backend("minecraft-protocol", version)
        for door in plan.open_doors:
            for what, scenario, first in (("to configuration and back", reconfigure, CONFIGURATION_SINCE),
                                          ("transfer", transfer, TRANSFER_SINCE)):
                if since(version, first):
                    found.append(Cell("phases", f"{what} {version} {door.mode.name}",
                                      lambda step, s=scenario, d=door, b=backend: s(step, plan, d, b),
                                      row=f"{what}, {version}", column=door.mode.name))
    return found
