"""PROXY protocol with HAProxy on either side: the address that the last program sees must be the client's.

  client 127.0.5.x > [HAProxy, send-proxy] > Drawbridge > spy > [HAProxy, accept-proxy] > server

Each cell has a source address of its own in 127.0.0.0/8, which its log lines are found by. The spy only notes the
first bytes: HAProxy's accept-proxy takes both forms of the header, so it cannot say which one came.
"""

import asyncio
import itertools

from . import java, joining, places
from .catalogue import Backend
from .cells import Cell, Steps, check, check_equal
from .ports import free_port
from .processes import Daemon

VERSION = "1.20.4"
FORMS = ("v1", "v2", "v2_crc32c")
FIRST_BYTES = {"v1": b"PROXY TCP4 127.0.5.", "v2": b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c",
               "v2_crc32c": b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x13"}
OPTIONS = {"v1": "send-proxy", "v2": "send-proxy-v2", "v2_crc32c": "send-proxy-v2 proxy-v2-options crc32c"}
SHORT = [("passthrough", "v2_crc32c", "v2_crc32c"), ("passthrough", "v1", "v2"), ("passthrough", "v2", None), ("passthrough", None, "v1"), ("zero_copy", "v2", "v2"),
         ("zero_copy", None, "v2"), ("server_only", "v1", "v1"), ("server_only", None, "v2"), ("offline", "v2", "v1"),
         ("client_only", "v1", "v2")]
EVERYBODY_HERE = ["127.0.0.0/8"]
NOBODY_HERE = ["127.9.9.9/32"]

sources = (f"127.0.5.{n}" for n in itertools.count(1))


class Spy:
    """Relays, and keeps the first bytes of each connection."""

    def __init__(self, to_port: int):
        self.to_port = to_port
        self.seen: list[bytes] = []
        self.writers: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        self.server = await asyncio.start_server(self.relay, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        for writer in self.writers:
            writer.close()
        self.server.close()

    async def relay(self, reader, writer) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to_port)
        self.writers += [writer, far_writer]
        await asyncio.gather(self.move(reader, far_writer, True), self.move(far_reader, writer, False),
                             return_exceptions=True)

    async def move(self, reader, writer, note: bool) -> None:
        while data := await reader.read(65536):
            if note:
                self.seen.append(data)
                note = False
            writer.write(data)
            await writer.drain()
        writer.write_eof()


class HaProxy:
    """One HAProxy with as many listeners as were asked for."""

    def __init__(self, folder):
        self.daemon = Daemon("haproxy", folder / "haproxy.log")
        self.config = folder / "haproxy.cfg"
        self.sections: list[str] = []

    def listen(self, name: str, to_port: int, bind_option: str = "", server_option: str = "") -> int:
        port = free_port()
        self.sections.append(f"listen {name}\n  bind 127.0.0.1:{port} {bind_option}\n"
                             f"  log-format \"{name} client=%ci:%cp\"\n  server next 127.0.0.1:{to_port} {server_option}\n")
        return port

    async def start(self, wait_for: int) -> None:
        self.config.write_text(
            "global\n  log stdout format raw local0\n  maxconn 500\n"
            "defaults\n  mode tcp\n  log global\n  option logasap\n  timeout connect 5s\n  timeout client 90s\n"
            "  timeout server 90s\n" + "".join(self.sections))
        await self.daemon.start([places.tool("haproxy"), "-f", str(self.config), "-db"])
        await self.daemon.accepts(wait_for)

    async def stop(self) -> None:
        await self.daemon.stop()


class Through:
    """A door in front of another: the client dials this port instead."""

    host = "127.0.0.1"

    def __init__(self, mode, port: int):
        self.mode = mode
        self.port = port

    def port_for(self, _: Backend) -> int:
        return self.port


async def without_drawbridge(plan, backend: Backend) -> list[Cell]:
    """HAProxy to HAProxy, to show that the two ends of the chain do what the other cells expect of them."""
    haproxy = HaProxy(plan.folder)
    plan.others.append(haproxy)
    behind = haproxy.listen("behind", backend.port, bind_option="accept-proxy")
    found = []
    for form, option in OPTIONS.items():
        spy = Spy(behind)
        await spy.start()
        plan.others.append(spy)
        front = haproxy.listen(f"before_{form}", spy.port, server_option=option)
        door = Through(plan.open_doors[0].mode, front)
        found.append(Cell("haproxy", f"HAProxy {form} to HAProxy", lambda step, d=door, s=spy, f=form: chain(
            step, plan, d, None, backend, backend.domain, haproxy, (s, f)), row=f"HAProxy {form} to HAProxy"))
    await haproxy.start(behind)
    return found


async def chain(step: Steps, plan, door, drawbridge, backend: Backend, domain: str, haproxy: HaProxy, out) -> None:
    source = next(sources)
    with step("status"):
        await joining.status(plan.lab, door, backend, domain, source)
    with step("login"):
        player = await plan.lab.join(door, backend, domain, source)
    with step("chat"):
        await joining.talk(backend, player, "good morning")
    with step("compare"):
        client = await player.leave()
        server = await backend.worker.ask("ended", username=player.name)
        joining.compare_chunks(client, server, 9)
        if door.mode.forwards_bytes:
            joining.compare_wires(client, server)
    if drawbridge:
        with step("Drawbridge's log"):
            await drawbridge.daemon.logged(player.name, source)
    if out:
        spy, form = out
        with step("address behind"):
            await haproxy.daemon.logged("behind ", f"client={source}:")
        with step("header"):
            check(any(first.startswith(FIRST_BYTES[form]) and (form != "v1" or source.encode() in first)
                      for first in spy.seen), f"the backend got {[first[:48] for first in spy.seen]}")


def host(form: str | None) -> str:
    return f"{(form or 'plain').replace('_', '-')}.test"


async def behind_us(plan, backend: Backend) -> list[Cell]:
    """Netty reads the header, as in Velocity with `haproxy-protocol = true` and in BungeeCord."""
    mode = (plan.forwarding + plan.intercepted)[0]
    port = free_port()
    netty = Daemon("Netty door", plan.folder / "netty.log")
    plan.others.append(netty)
    await netty.start([str(java.runtime()), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx64m", "-cp",
                       java.netty_class_path(), java.NETTY_DOOR, str(port), str(backend.port)])
    await netty.accepts(port)
    door = await plan.door("haproxy-netty", mode)
    for form in FORMS:
        door.write_server(form, f"127.0.0.1:{port}", [host(form)], send_proxy_protocol=form)
    await door.start()
    return [Cell("haproxy", f"Netty behind, {form}", lambda step, f=form: read_by_netty(step, plan, door, backend, netty, f),
                 row=f"Netty behind, {form}", column=mode.name) for form in FORMS]


async def read_by_netty(step: Steps, plan, door, backend: Backend, netty: Daemon, form: str) -> None:
    source = next(sources)
    with step("status"):
        await joining.status(plan.lab, door, backend, host(form), source)
        await netty.logged("header V1 PROXY source=null" if form == "v1" else "header V2 LOCAL")
    with step("login"):
        player = await plan.lab.join(door, backend, host(form), source)
    with step("compare"):
        client = await player.leave()
        joining.compare_wires(client, await backend.worker.ask("ended", username=player.name))
    with step("address behind"):
        await netty.logged("header V1" if form == "v1" else "header V2", f"source={source}:",
                           f"tlvs={int(form == 'v2_crc32c')}")


async def turned_away(step: Steps, plan, door, backend: Backend, domain: str) -> None:
    with step("login"):
        refusal = await plan.lab.refused(door, backend, domain, next(sources))
        check_equal("the kick", refusal["kick"], None)


async def cells(plan) -> list[Cell]:
    backend = plan.backend("minecraft-protocol", VERSION)
    if not plan.proxied:
        return await without_drawbridge(plan, backend)
    haproxy = HaProxy(plan.folder)
    plan.others.append(haproxy)
    behind = haproxy.listen("behind", backend.port, bind_option="accept-proxy")
    found = []
    for mode in plan.forwarding + plan.intercepted:
        found += await cells_of_mode(plan, mode, backend, haproxy, behind)
    found += await refusals(plan, backend, haproxy)
    found += await behind_us(plan, backend)
    await haproxy.start(behind)
    return found


async def cells_of_mode(plan, mode, backend: Backend, haproxy: HaProxy, behind: int) -> list[Cell]:
    spies = {}
    for form in FORMS:
        spies[form] = Spy(behind)
        await spies[form].start()
        plan.others.append(spies[form])
    plain = await plan.door(f"haproxy-{mode.name}", mode)
    receiving = await plan.door(f"haproxy-{mode.name}-receiving", mode, receive_proxy_protocol=True,
                                trusted_proxies=EVERYBODY_HERE)
    for door in (plain, receiving):
        door.write_server("plain", f"127.0.0.1:{backend.port}", [host(None)])
        for form in FORMS:
            door.write_server(form, f"127.0.0.1:{spies[form].port}", [host(form)], send_proxy_protocol=form)
    await plain.start()
    await receiving.start()
    ways_in = {None: (plain, plain)}
    for form, option in OPTIONS.items():
        front = haproxy.listen(f"before_{mode.name}_{form}", receiving.port, server_option=option)
        ways_in[form] = (Through(mode, front), receiving)
    found = []
    for came, (door, drawbridge) in ways_in.items():
        for sent in (None, *FORMS):
            if (came or sent) and (not plan.short or (mode.name, came, sent) in SHORT):
                found.append(Cell(
                    "haproxy", f"PROXY {came or 'none'} in, {sent or 'none'} out, {mode.name}",
                    lambda step, d=door, b=drawbridge, s=sent: chain(
                        step, plan, d, b, backend, host(s), haproxy, s and (spies[s], s)),
                    row=f"{came or 'none'} in, {sent or 'none'} out", column=mode.name))
    return found


async def refusals(plan, backend: Backend, haproxy: HaProxy) -> list[Cell]:
    """A header that nobody asked for, or from a stranger, or none where one is due: closed without a word."""
    mode = (plan.forwarding + plan.intercepted)[0]
    unasked = await plan.door("haproxy-unasked", mode)
    strangers = await plan.door("haproxy-strangers", mode, receive_proxy_protocol=True, trusted_proxies=NOBODY_HERE)
    due = await plan.door("haproxy-due", mode, receive_proxy_protocol=True, trusted_proxies=EVERYBODY_HERE)
    for door in (unasked, strangers, due):
        door.serve(backend)
        await door.start()
    ways = {"a header that was not asked for": Through(mode, haproxy.listen("unasked", unasked.port, "", "send-proxy-v2")),
            "a v1 header that was not asked for": Through(mode, haproxy.listen("unasked_v1", unasked.port, "", "send-proxy")),
            "a header from a stranger": Through(mode, haproxy.listen("strangers", strangers.port, "", "send-proxy-v2")),
            "no header where one is due": due}
    return [Cell("haproxy", f"refused: {what}",
                 lambda step, d=door: turned_away(step, plan, d, backend, backend.domain), row=f"refused: {what}",
                 column=mode.name) for what, door in ways.items()]
