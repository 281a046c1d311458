"""Minestom, a server by other authors with a codec of its own: what it believes about a player, and what it lets in.

Each of its programs trusts one kind of forwarding with one secret. The right secret lets in the player whom Drawbridge
speaks for, with address, UUID and skin; a wrong secret and none at all do not.
"""

import asyncio
import uuid

from . import java, joining, mineflayer, places
from .catalogue import MINESTOM, Backend, Mode
from .cells import Cell, Steps, check, check_equal, rest
from .phases import TRANSFER
from .pings import kick_words
from .processes import START_SECONDS, Worker

SECRET = "the secret of the peer tests, 42 characters"
WRONG_SECRET = "another secret of the peer tests, as long.."
FORWARDINGS = ["velocity", "bungee_cord", "bungee_guard"]
FORWARDINGS_OF_BYTES = ["bungee_cord", "bungee_guard"]
SHORT = {"1.21.11": ["offline", "velocity", "bungee_cord"], "26.1": ["offline", "online", "velocity", "bungee_guard"]}
WHOLE = {version: ["offline", "online", *FORWARDINGS] for version in MINESTOM}
# The clients ask for just as much. Minestom takes the end of the configuration at once and the client's settings in its
# next tick: where they come after the player's arrival it sends what the client asked for, and keeps to no limit of its own.
VIEW_DISTANCE = 4
# Where the player comes from: what the server has to be told.
SOURCE = "127.0.6.1"


def programs(plan) -> dict[str, list[str]]:
    return SHORT if plan.short else WHOLE


async def start_one(plan, version: str, trust: str) -> Backend:
    name = f"minestom-{version.replace('.', '-')}-{trust.replace('_', '-')}"
    backend = Backend(name, "minestom", version, "", "", online=trust == "online")
    worker = Worker(name, plan.lab.folder / f"{name}.log")
    plan.lab.workers.append(worker)
    ready = asyncio.get_running_loop().create_future()
    worker.on_event = lambda event: ready.set_result(event)
    await worker.converse([
        str(java.runtime()), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx400m",
        f"-Dminestom.auth.url={plan.lab.session_server.has_joined}",
        f"-Dminestom.chunk-view-distance={VIEW_DISTANCE}", "-Dorg.slf4j.simpleLogger.logFile=System.err",
        "-cp", java.class_path(MINESTOM[version]), java.MAIN, trust, SECRET])
    try:
        event = await asyncio.wait_for(ready, START_SECONDS)
    except TimeoutError:
        raise places.Unusable(f"{name} did not start:\n{worker.tail()}") from None
    backend.port, backend.protocol, backend.release = event["port"], event["protocol"], event["release"]
    backend.worker = worker
    return backend


async def start(plan) -> None:
    wanted = [(version, trust) for version, trusts in programs(plan).items() for trust in trusts]
    gate = asyncio.Semaphore(2)

    async def one(version: str, trust: str) -> Backend:
        async with gate:
            return await start_one(plan, version, trust)

    started = await asyncio.gather(*(one(*which) for which in wanted))
    plan.minestom = dict(zip(wanted, started))
    plan.expected_chunks = {}


# The handshake names the server and how Drawbridge is to forward to it.
def domain(backend: Backend, forwarding: str) -> str:
    return f"{forwarding.replace('_', '-')}.{backend.domain}"


async def door_with_secret(plan, mode: Mode, label: str, secret: str):
    """A Drawbridge that leads to each Minestom with every kind of forwarding that the mode has."""
    folder = plan.folder / f"minestom-{mode.name}-{label}"
    door = await plan.door(folder.name, mode, **{"forwarding.secret_file": "forwarding.secret"})
    (folder / "forwarding.secret").write_text(secret + "\n")
    (folder / "forwarding.secret").chmod(0o600)
    for backend in plan.minestom.values():
        for forwarding in ["none", *kinds(mode)]:
            door.write_server(f"{backend.name}-{forwarding.replace('_', '-')}", f"127.0.0.1:{backend.port}",
                              [domain(backend, forwarding)], forwarding_mode=forwarding)
    await door.start()
    return door


def kinds(mode: Mode) -> list[str]:
    """The kinds of forwarding that a mode has. One that forwards bytes cannot answer Velocity's question."""
    return FORWARDINGS_OF_BYTES if mode.forwards_bytes else FORWARDINGS


async def world(plan, version: str) -> dict:
    """Hashes of the chunks that a client of this version gets without any proxy."""
    if version not in plan.expected_chunks:
        plan.expected_chunks[version] = asyncio.ensure_future(visit_directly(plan, version))
    return await asyncio.shield(plan.expected_chunks[version])


async def visit_directly(plan, version: str) -> dict:
    trust = next(trust for trust in ("offline", "online") if (version, trust) in plan.minestom)
    backend = plan.minestom[version, trust]
    account = plan.lab.new_account() if backend.online else None
    player = await plan.lab.join(plan.direct, backend, account=account, viewDistance=VIEW_DISTANCE)
    chunks = await player.ask("world", columns=(2 * VIEW_DISTANCE + 3) ** 2)  # one more on each side than is in view
    await player.leave()
    return chunks


async def play(step: Steps, plan, door, backend: Backend, forwarding: str, stay: float) -> None:
    """Joins, checks who the server thinks it is, the whole world, chat both ways, and goes to configuration and back."""
    account = plan.lab.new_account() if door.mode.authenticates or backend.online else None
    host = domain(backend, forwarding) if plan.proxied else None
    with step("login"):
        player = await plan.lab.join(door, backend, host, SOURCE, account=account, viewDistance=VIEW_DISTANCE)
        await player.hears(f"welcome {player.name}")
    with step("identity"):
        server = await backend.worker.ask("current", username=player.name)
        client = await player.look()
        # Without forwarding Minestom believes the UUID in login_start, but has no skin.
        known = uuid.UUID(account["id"]) if account else joining.offline_uuid(player.name)
        vouched_for = backend.online or (account is not None and forwarding != "none")
        check_equal("the UUID that the server knows", uuid.UUID(server["uuid"]), known)
        check_equal("the UUID that the client knows", uuid.UUID(client["uuid"]), known)
        check_equal("the skin that the server knows", server.get("skin"), account["skin"] if vouched_for else None)
        forwarded = forwarding != "none" or not plan.proxied
        check_equal("the address that the server knows", server["remote"], SOURCE if forwarded else "127.0.0.1")
        check_equal("whether the client's link is encrypted", client["encrypted"], account is not None)
        check_equal("the client's compression threshold", client["threshold"], backend.threshold)
        check_equal("frames of the wrong form at the client", client["frames"]["odd"], 0)
    with step("world"):
        expected = await world(plan, backend.version)
        check_equal("the world", await player.ask("world", columns=expected["columns"]), expected)
    with step("chat"):
        await joining.talk(backend, player, "good morning")
    with step("to configuration and back"):
        await backend.worker.ask("reconfigure", username=player.name)
        await player.ask("phase", plays=2)
        # What is said before the server has put the player into the world again, it may not repeat.
        await player.hears(f"welcome back {player.name}")
        await joining.talk(backend, player, "back again")
        server = await backend.worker.ask("current", username=player.name)
        check_equal("how often the player came into the world", server["spawns"], 2)
    with step("stay"):
        await rest(stay)
        await joining.talk(backend, player, "good night")
    with step("leave"):
        record = await player.leave()
        check_equal("the client's complaint", record.get("failure"), None)


async def transfer(step: Steps, plan, door, backend: Backend, forwarding: str) -> None:
    """The server sends the player to the same door. It takes no transfers itself, as vanilla servers do by default: a
    mode that reads packets says "login" to it, one that forwards bytes cannot."""
    account = plan.lab.new_account() if door.mode.authenticates or backend.online else None
    host = domain(backend, forwarding) if plan.proxied else backend.domain
    port = door.port_for(backend)
    with step("login"):
        player = await plan.lab.join(door, backend, host, SOURCE, account=account)
        await joining.talk(backend, player, "good morning")
    with step("transfer"):
        await backend.worker.ask("transfer", username=player.name, host=host, port=port)
        check_equal("where the server sends the player", await player.ask("transferred"), {"host": host, "port": port})
        await player.leave()
    again = {"domain": host, "source": SOURCE, "account": account, "intent": TRANSFER}
    with step("login after the transfer"):
        if door.mode.forwards_bytes:
            refusal = await plan.lab.refused(door, backend, **again)
            check("transfers_disabled" in str(refusal["kick"]), f"the player was told {refusal}")
        else:
            player = await plan.lab.join(door, backend, name=player.name, **again)
            await joining.talk(backend, player, "here I am")
            await player.leave()


async def turned_away(step: Steps, plan, door, backend: Backend, host: str | None) -> None:
    with step("login"):
        account = plan.lab.new_account() if door.mode.authenticates else None
        refusal = await plan.lab.refused(door, backend, host, SOURCE, account=account)
        words = kick_words(refusal)
        check(len(words) > 0, f"the kick has no words: {refusal}")
    if door.mode.forwards_bytes:
        with step("the same words without a proxy"):
            check_equal("the kick", words, kick_words(await plan.lab.refused(plan.direct, backend)))


def direct_cells(plan) -> list[Cell]:
    """What the server does by itself: everybody is turned away who does not come through a proxy that it trusts."""
    found = []
    for (version, trust), backend in plan.minestom.items():
        if trust in ("offline", "online"):
            found += [Cell("minestom", f"Minestom {version} {trust} direct", lambda step, b=backend: play(
                          step, plan, plan.direct, b, "none", plan.stay), row=f"{version}, {trust}"),
                      Cell("minestom", f"Minestom {version} {trust} transfer direct", lambda step, b=backend: transfer(
                          step, plan, plan.direct, b, "none"), row=f"{version}, {trust}: transfer")]
            if trust == "offline":
                found.append(Cell("minestom", f"Minestom {version} mineflayer direct", lambda step, b=backend:
                                  mineflayer.play(step, plan, plan.direct, b), row=f"{version}, mineflayer"))
        else:
            found.append(Cell("minestom", f"Minestom {version} {trust} refuses who comes directly",
                              lambda step, b=backend: turned_away(step, plan, plan.direct, b, None),
                              row=f"{version}, {trust} without a proxy is refused"))
    return found


async def cells(plan) -> list[Cell]:
    if not plan.proxied:
        return direct_cells(plan)
    found = []
    for mode in plan.forwarding + plan.intercepted:
        right = await door_with_secret(plan, mode, "right", SECRET)
        wrong = await door_with_secret(plan, mode, "wrong", WRONG_SECRET)
        for (version, trust), backend in plan.minestom.items():
            found += cells_of_program(plan, mode, right, wrong, version, trust, backend)
    return found


def cells_of_program(plan, mode: Mode, right, wrong, version: str, trust: str, backend: Backend) -> list[Cell]:
    found = []

    def add(what: str, scenario, *arguments) -> None:
        found.append(Cell("minestom", f"Minestom {version} {trust} {what} {mode.name}",
                          lambda step: scenario(step, plan, *arguments), row=f"{version}, {trust}: {what}",
                          column=mode.name))

    if trust in FORWARDINGS:
        add("without forwarding is refused", turned_away, right, backend, domain(backend, "none"))
        if trust not in kinds(mode):
            return found
        if trust != "bungee_cord":  # which has no secret
            add("with a wrong secret is refused", turned_away, wrong, backend, domain(backend, trust))
        if trust == "bungee_guard":
            add("without the token is refused", turned_away, right, backend, domain(backend, "bungee_cord"))
        add("player", play, right, backend, trust, plan.stay)
        add("transfer", transfer, right, backend, trust)
    elif trust == "online" and not mode.forwards_bytes:
        add("is explained", turned_away, right, backend, domain(backend, "none"))
    else:
        add("player", play, right, backend, "none", plan.stay)
        add("transfer", transfer, right, backend, "none")
        if trust == "offline":
            add("mineflayer", mineflayer.play, right, backend, domain(backend, "none"))
    return found
