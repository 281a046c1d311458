"""Status pings by mcstatus, the pings of clients older than 1.7, and hosts that are down or unknown."""

import asyncio
import json
import struct

from . import places
from .catalogue import Backend
from .cells import Cell, Steps, check, check_equal
from .ports import free_port

NOBODY = "nobody.test"
UNKNOWN_MOTD = "No such door"
UNKNOWN_KICK = "Nobody lives at nobody.test"
DOWN = "down.test"
DOWN_MOTD = "Gone fishing"
DOWN_KICK = "The server went fishing"
DEFAULT_VERSION = "1.8.8"  # whose server answers pings that name no host

# Settings of every main door, and the server that is down: asked by the cells here, in the way of no other.
DOOR_SETTINGS = {"default_motd.online": {"text": UNKNOWN_MOTD},
                 "kick_messages": {"unknown_host": "Nobody lives at {host}"}}


def write_down_server(door) -> None:
    door.write_server("down", f"127.0.0.1:{free_port()}", [DOWN], disconnect_message=DOWN_KICK,
                      **{"motd.unreachable": {"text": DOWN_MOTD}})


async def mcstatus(kind: str, host: str, port: int, protocol: int = 47) -> dict:
    asked = json.dumps({"kind": kind, "host": host, "port": port, "protocol": protocol})
    process = await asyncio.create_subprocess_exec(
        str(places.VENV_PYTHON), str(places.PEERS / "python" / "mcstatus_ping.py"), asked,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    out, err = await process.communicate()
    check(process.returncode == 0, f"mcstatus crashed: {err.decode(errors='replace')}")
    answer = json.loads(out)
    check("error" not in answer, f"mcstatus says {answer.get('error')}")
    return answer["found"]


def utf16(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode("utf-16-be")


def ping_16(host: str, port: int) -> bytes:
    """What a 1.6 client (protocol 78) sends."""
    rest = bytes([78]) + utf16(host) + struct.pack(">i", port)
    return b"\xfe\x01\xfa" + utf16("MC|PingHost") + struct.pack(">H", len(rest)) + rest


OLD_PINGS = {
    "beta 1.8 to 1.3": lambda host, port: b"\xfe",
    "1.4 and 1.5": lambda host, port: b"\xfe\x01",
    "1.6": ping_16,
}


async def old_ping(port: int, request: bytes, closes: bool) -> list[str]:
    """The fields of the answer to an old ping: motd, online, max, and before them protocol and version if told."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        head = await asyncio.wait_for(reader.readexactly(3), 8)
        check_equal("the first byte", head[0], 0xFF)
        text = (await reader.readexactly(2 * struct.unpack(">H", head[1:])[0])).decode("utf-16-be")
        if closes:
            check_equal("what follows the answer", await asyncio.wait_for(reader.read(), 8), b"")
    finally:
        writer.close()
    if text.startswith("\xa71\0"):
        fields = text.split("\0")[1:]
        check_equal("the number of fields", len(fields), 5)
        int(fields[0])
        return fields
    check("\0" not in text, f"the answer {text!r} is of neither form")
    fields = text.split("\xa7")
    check_equal("the number of fields", len(fields), 3)
    return fields


def check_old(fields: list[str], request: bytes, motd: str, most: int | None) -> None:
    check_equal("the number of fields", len(fields), 3 if request == b"\xfe" else 5)
    check_equal("the MOTD", fields[-3], motd)
    int(fields[-2])
    if most is not None:
        check_equal("the maximum of players", fields[-1], str(most))


async def java_ping(step: Steps, door, backend: Backend) -> None:
    with step("status"):
        found = await mcstatus("java", backend.domain, door.port_for(backend), backend.protocol)
        check_equal("the MOTD", found["motd"], backend.motd)
        check_equal("the protocol", found["protocol"], backend.protocol)
        check_equal("the maximum of players", found["max"], backend.max_players)
        check_equal("the icon", found["icon"], backend.favicon)
        for key, value in backend.extra.items():
            check_equal(key, found["raw"].get(key), value)


async def legacy_library_ping(step: Steps, door, backend: Backend) -> None:
    """mcstatus sends the first three bytes of a 1.6 ping and never the rest."""
    with step("ping"):
        found = await mcstatus("legacy", "127.0.0.1", door.port_for(backend))
        check_equal("the MOTD", found["motd"], backend.motd)
        check_equal("the maximum of players", found["max"], backend.max_players)


def plain(component) -> str:
    """The text of a chat component."""
    if isinstance(component, str):
        return component
    if isinstance(component, list):
        return "".join(plain(part) for part in component)
    return component.get("text", "") + plain(component.get("extra", []))


def kick_words(refusal: dict) -> str:
    """What a login that was refused reads."""
    check(refusal["kick"] is not None, f"closed without a kick ({refusal['failure']})")
    # The client gave us the packet's field as JSON; in every version that field is JSON text itself.
    return plain(json.loads(json.loads(refusal["kick"])))


async def kicked(step: Steps, lab, door, backend: Backend, domain: str, words: str) -> None:
    with step("login"):
        account = lab.new_account() if door.mode.authenticates else None
        check_equal("the kick", kick_words(await lab.refused(door, backend, domain, account=account)), words)


async def answers_for(step: Steps, door, backend: Backend, domain: str, motd: str) -> None:
    """A host without a running backend: pings get our own words, in the new and in the old form."""
    with step("status"):
        found = await mcstatus("java", domain, door.port_for(backend), backend.protocol)
        check_equal("the MOTD", found["motd"], motd)
        check_equal("the players online", found["online"], 0)
    with step("old ping"):
        request = ping_16(domain, door.port_for(backend))
        check_old(await old_ping(door.port_for(backend), request, True), request, motd, None)


async def cells(plan) -> list[Cell]:
    door = plan.open_doors[0]
    found = []
    for kind, versions in plan.server_versions.items():
        for version in versions:
            backend = plan.backend(kind, version)
            found.append(Cell("pings", f"mcstatus {kind} {version}",
                              lambda step, backend=backend: java_ping(step, door, backend),
                              row=f"mcstatus, {kind} {version}"))
    backend = plan.backend("minecraft-protocol", DEFAULT_VERSION)
    hostless = door
    if plan.proxied:
        hostless = await plan.door("default-server", door.mode, default_server=backend.name)
        hostless.serve(backend)
        await hostless.start()
    for form, make in OLD_PINGS.items():
        async def one(step: Steps, form=form, make=make) -> None:
            with step("ping"):
                port = hostless.port_for(backend)
                request = make(backend.domain, port)
                check_old(await old_ping(port, request, plan.proxied), request, backend.motd, backend.max_players)
        found.append(Cell("pings", f"old ping, {form}", one, row=f"ping of {form}"))
    found.append(Cell("pings", "old ping, mcstatus", lambda step: legacy_library_ping(step, hostless, backend),
                      row="ping of mcstatus' LegacyServer"))
    if plan.proxied:
        found += proxied_cells(plan, door, backend)
    return found


def proxied_cells(plan, door, backend: Backend) -> list[Cell]:
    async def by_host(step: Steps) -> None:
        with step("ping"):
            request = ping_16(backend.domain, door.port)
            check_old(await old_ping(door.port, request, True), request, backend.motd, backend.max_players)

    found = [Cell("pings", "old ping, 1.6, routed by host", by_host, row="ping of 1.6, routed by its host"),
             Cell("pings", "status of an unknown host", lambda step: answers_for(step, door, backend, NOBODY, UNKNOWN_MOTD),
                  row="status of an unknown host"),
             Cell("pings", "status of a server that is down", lambda step: answers_for(step, door, backend, DOWN, DOWN_MOTD),
                  row="status of a server that is down")]
    for version in plan.server_versions["minecraft-protocol"]:
        as_client = plan.backend("minecraft-protocol", version)
        for what, domain, words in (("an unknown host", NOBODY, UNKNOWN_KICK), ("a server that is down", DOWN, DOWN_KICK)):
            found.append(Cell("pings", f"kick of {version} for {what}",
                              lambda step, c=as_client, d=domain, w=words: kicked(step, plan.lab, door, c, d, w),
                              row=f"login of {version} for {what} is kicked with words"))
    return found
