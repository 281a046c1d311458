"""The main scenario: ask for the status, join, talk both ways, receive chunks, stay, leave. And its comparisons."""

import hashlib
import uuid

from .catalogue import Backend
from .cells import Steps, check, check_equal, rest
from .lab import Lab, Player

KEEP_ALIVE_SECONDS = 4  # how often both server programs ask
# Plugin messages of the client: the smallest, round both thresholds, and what takes several reads.
MESSAGES = [1, 30, 64, 200, 256, 3000, 30000]


async def status(lab: Lab, door, backend: Backend, domain: str | None = None, source: str = "127.0.0.1") -> None:
    answer = await lab.ping(door, backend, domain, source)
    check(answer.pop("latency", None) is not None, "the ping got no pong")
    online = answer["players"].pop("online", None)
    check(isinstance(online, int), f"players.online is {online!r}")
    check_equal("the status", answer, backend.expected_status())


def compare_chunks(client: dict, server: dict, at_least: int) -> None:
    check(client["chunks"]["count"] >= at_least, f"only {client['chunks']['count']} chunks came")
    check_equal("what the client got of chunks", client["chunks"], server["chunks"])


def compare_wires(client: dict, server: dict) -> None:
    """Byte for byte, both directions, from the first of the handshake to the last before the end."""
    check_equal("what the client read", client["wire"]["received"], server["wire"]["sent"])
    check_equal("what the backend read", server["wire"]["received"], client["wire"]["sent"])


def compare_links(door, backend: Backend, player: Player, client: dict, server: dict) -> None:
    """Who is encrypted, who compresses from where on, and who each side thinks that the player is."""
    encrypted = backend.online or (door.mode.authenticates and player.account is not None)
    check_equal("whether the client's link is encrypted", client["encrypted"], encrypted)
    check_equal("whether the backend's link is encrypted", server["encrypted"], backend.online)
    check_equal("the client's compression threshold", client["threshold"], backend.threshold)
    check_equal("the backend's compression threshold", server["threshold"], backend.threshold)
    check_equal("frames of the wrong form at the client", client["frames"]["odd"], 0)
    check_equal("frames of the wrong form at the backend", server["frames"]["odd"], 0)
    known = uuid.UUID(player.account["id"]) if backend.online else offline_uuid(player.name)
    check_equal("the UUID that the backend knows", uuid.UUID(server["uuid"]), known)
    check_equal("the UUID that the client knows", uuid.UUID(client["uuid"]), known)


def offline_uuid(name: str) -> uuid.UUID:
    """What a server in offline mode calls a player."""
    return uuid.UUID(bytes=hashlib.md5(f"OfflinePlayer:{name}".encode()).digest(), version=3)


async def leave_and_compare(door, backend: Backend, player: Player, stayed: float, domain: str | None = None,
                            protocol: int | None = None) -> tuple[dict, dict]:
    client = await player.leave()
    server = await backend.worker.ask("ended", username=player.name)
    check_equal("the client's complaint", client.get("failure"), None)
    check_equal("the backend's complaints", server["errors"], [])
    check_equal("the backend's name of the player", server["username"], player.name)
    check_equal("the host in the backend's handshake", server["host"], domain or backend.domain)
    check_equal("the protocol in the backend's handshake", server["protocol"], protocol or backend.protocol)
    compare_links(door, backend, player, client, server)
    compare_chunks(client, server, 9)
    check_equal("what the backend got of plugin messages", server["messages"], client["messages"])
    expected = int(max(0, stayed - 1) / KEEP_ALIVE_SECONDS)
    check(client["keepAlives"] >= expected, f"the client got {client['keepAlives']} keep-alives of {expected}")
    check(server["keepAlives"] >= expected, f"the backend got {server['keepAlives']} answers of {expected}")
    if door.mode.forwards_bytes:
        compare_wires(client, server)
    return client, server


async def talk(backend: Backend, player: Player, greeting: str) -> None:
    # A world repeats what everybody says: the name tells ours from the same words of another cell's player.
    words = f"{greeting} from {player.name}"
    await player.chat(words)  # back again from the backend
    server = await backend.worker.ask("current", username=player.name)
    check(words in server["heard"], f"the backend heard {server['heard']}")


async def join(step: Steps, lab: Lab, door, backend: Backend, stay: float, protocol: int | None = None,
               account: dict | None = None) -> tuple[dict, dict]:
    with step("status"):
        await status(lab, door, backend)
    with step("login"):
        player = await lab.join(door, backend, account=account, protocol=protocol)
    with step("chat"):
        await player.hears(f"welcome {player.name}")
        await player.send(MESSAGES)
        await talk(backend, player, "good morning")
    with step("stay"):
        await rest(stay)
        record = await player.look()
        check(not record["over"], f"the connection ended: {record.get('kick')} {record.get('failure')}")
        await talk(backend, player, "good night")
    with step("compare"):
        return await leave_and_compare(door, backend, player, stay, protocol=protocol)
