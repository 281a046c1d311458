"""What only a proxy that reads packets can get wrong: accounts, chat keys, unknown versions, Bedrock players."""

from . import joining
from .catalogue import FUTURE_PROTOCOL, VERSIONS, Backend, backend_name
from .cells import Cell, Steps, check, check_equal
from .lab import favicon
from .pings import kick_words

NEWEST = VERSIONS[-1]
ACCOUNTS = "1.20.4"
# A client tells the server a key to check its chat with: in login_start until 1.19.2, later in play.
CHAT_KEYS = ["1.19.2", "1.19.4", "1.20.4", "26.1"]
# What Floodgate puts behind the host name: a marker, then what only the two Geyser programs can read.
FLOODGATE = "\0^Floodgate^" + "Zm9yIHRoZSB0ZXN0cyBvbmx5" * 8


def backends(plan) -> list[Backend]:
    return [Backend(backend_name("future", NEWEST), "minecraft-protocol", NEWEST, "from the future", favicon(90),
                    any_protocol=True)]


async def future(step: Steps, plan, door, backend: Backend) -> None:
    await joining.join(step, plan.lab, door, backend, 5, protocol=FUTURE_PROTOCOL)


async def no_account(step: Steps, plan, door, backend: Backend) -> None:
    """The client answers the encryption request without having told the session server anything."""
    with step("login"):
        refusal = await plan.lab.refused(door, backend)
        check_equal("the kick", kick_words(refusal), "Your account could not be verified.")


async def bad_token(step: Steps, plan, door, backend: Backend) -> None:
    with step("login"):
        refusal = await plan.lab.refused(door, backend, account={**plan.lab.new_account(), "token": "0" * 32})
        check("Invalid token" in str(refusal["failure"]), f"the client says {refusal}")


async def chat_keys(step: Steps, plan, door, backend: Backend, account: dict, arrives: int) -> None:
    """A backend that knows the player by an offline UUID would kick for a key that is signed for the true one."""
    with step("login"):
        player = await plan.lab.join(door, backend, account=account)
    with step("chat"):
        await joining.talk(backend, player, "signed and sealed")
        await joining.talk(backend, player, "and once more")
    with step("compare"):
        client, server = await joining.leave_and_compare(door, backend, player, 0)
        check(client["signsChat"], "the client has sent no key")
        check_equal("the keys that the backend was told", server["chatKeys"], arrives)


async def bedrock_refused(step: Steps, plan, door, backend: Backend) -> None:
    with step("login"):
        words = kick_words(await plan.lab.refused(door, backend, hostTail=FLOODGATE))
        check("Bedrock" in words or "Floodgate" in words, f"the kick gives no reason: {words!r}")


async def bedrock_passes(step: Steps, plan, door, backend: Backend) -> None:
    """The marker is for Floodgate in the backend, and must reach it."""
    with step("login"):
        player = await plan.lab.join(door, backend, hostTail=FLOODGATE)
        await joining.talk(backend, player, "from a phone")
    with step("compare"):
        await joining.leave_and_compare(door, backend, player, 0, backend.domain + FLOODGATE)


def cells(plan) -> list[Cell]:
    backend = plan.backend("minecraft-protocol", ACCOUNTS)
    found = []

    def add(what: str, door, scenario, *arguments, row: str | None = None) -> None:
        found.append(Cell("intercepting", f"{what} {door.mode.name}",
                          lambda step: scenario(step, plan, door, *arguments), row=row or what, column=door.mode.name))

    for door in plan.open_doors:
        add("a protocol number above all known", door, future, plan.lab.backends[backend_name("future", NEWEST)])
        if door.mode.authenticates:
            add("a client without an account is refused", door, no_account, backend)
            add("a client with a bad token is refused", door, bad_token, backend)
            add("a Floodgate player is refused", door, bedrock_refused, backend)
        else:
            add("a Floodgate player", door, bedrock_passes, backend)
        for version in CHAT_KEYS:
            if version not in plan.server_versions["minecraft-protocol"]:
                continue
            if door.mode.authenticates:
                add(f"a client with chat keys {version}", door, chat_keys, plan.backend("minecraft-protocol", version),
                    plan.lab.new_account(signsChat=True), 0)
            elif door.mode.forwards_bytes and backend_name("online", version) in plan.lab.backends:
                add(f"a client with chat keys {version}", door, chat_keys,
                    plan.lab.backends[backend_name("online", version)], plan.lab.new_account(signsChat=True), 1)
    return found
