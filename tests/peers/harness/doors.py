"""The ways from a client to a backend: Drawbridge in some configuration, nothing at all, or a relay that misbehaves.

A door has `host`, `port_for(backend)` and `mode`. Scenarios know nothing else of what lies between the two ends.
"""

import asyncio
import os
from pathlib import Path

from . import places
from .catalogue import Backend, Mode
from .ports import free_port
from .processes import Daemon


class Direct:
    """No proxy: the client dials the backend. Shows that a cell asks nothing that the two programs cannot do."""

    host = "127.0.0.1"

    def __init__(self, mode: Mode):
        self.mode = mode

    def port_for(self, backend: Backend) -> int:
        return backend.port


def toml(value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    escaped = "".join(c if c >= " " and c not in '"\\' else f"\\u{ord(c):04x}" for c in value)
    return f'"{escaped}"'


def toml_file(values: dict) -> str:
    """Keys may have dots; a nested dict becomes a table."""
    plain = {key: value for key, value in values.items() if not isinstance(value, dict)}
    lines = [f"{key} = {toml(value)}" for key, value in plain.items()]
    for table, inner in values.items():
        if isinstance(inner, dict):
            lines += [f"\n[{table}]"] + [f"{key} = {toml(value)}" for key, value in inner.items()]
    return "\n".join(lines) + "\n"


class Drawbridge:
    """One Drawbridge process with a configuration folder of its own."""

    host = "127.0.0.1"

    def __init__(self, binary: Path, folder: Path, mode: Mode, **settings):
        self.binary = binary
        self.folder = folder
        self.mode = mode
        self.port = free_port()
        self.settings = settings
        self.servers = folder / "servers"
        self.servers.mkdir(parents=True)
        self.daemon = Daemon(f"drawbridge ({folder.name})", folder / "drawbridge.log")

    def server_values(self, address: str, domains: list[str], **more) -> dict:
        return {"domains": domains, "addresses": [address], "proxy_mode": self.mode.name, **more}

    def write_server(self, name: str, address: str, domains: list[str], **more) -> None:
        """Writes as careful editors do: a new file that takes the old one's place."""
        draft = self.servers / f".{name}.toml.new"
        draft.write_text(toml_file(self.server_values(address, domains, **more)))
        os.replace(draft, self.servers / f"{name}.toml")

    def remove_server(self, name: str) -> None:
        (self.servers / f"{name}.toml").unlink()

    def serve(self, backend: Backend, **more) -> None:
        self.write_server(backend.name, f"127.0.0.1:{backend.port}", [backend.domain], **more)

    def configuration(self) -> str:
        return toml_file({"bind": f"127.0.0.1:{self.port}", "servers_dir": "servers", "shutdown.drain": "1s",
                          **self.settings})

    async def start(self) -> None:
        config = self.folder / "drawbridge.toml"
        config.write_text(self.configuration())
        await self.daemon.start([str(self.binary), "run", "-c", str(config), "--no-console",
                                 "--log-level", "debug", "--log-format", "json"])
        await self.daemon.accepts(self.port)

    async def stop(self) -> None:
        """Ends it and insists that it ends well: a crash at the very end is a crash."""
        if self.daemon.gone:
            raise AssertionError(f"{self.daemon.name} died with {self.daemon.process.returncode}:\n{self.daemon.tail()}")
        code = await self.daemon.stop(15)
        if code != 0:
            raise AssertionError(f"{self.daemon.name} ended with {code}:\n{self.daemon.tail()}")

    def port_for(self, _: Backend) -> int:
        return self.port


class Shipped(Drawbridge):
    """With the configuration that `make run` starts with. Nothing but the port is another."""

    def configuration(self) -> str:
        shipped = (places.ROOT / "config" / "drawbridge.toml").read_text()
        bind = 'bind = "[::]:25565"'
        if shipped.count(bind) != 1:
            raise places.Unusable(f"config/drawbridge.toml does not have {bind} once")
        return shipped.replace(bind, f'bind = "127.0.0.1:{self.port}"')


class FaultyRelay:
    """A relay that does one thing wrong. A join through it has to fail, else the checks see nothing."""

    host = "127.0.0.1"

    def __init__(self, backend: Backend, mode: Mode, fault: str):
        self.backend = backend
        self.mode = mode
        self.fault = fault
        self.writers = []

    async def start(self) -> None:
        self.server = await asyncio.start_server(self.relay, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def relay(self, from_client, to_client) -> None:
        from_backend, to_backend = await asyncio.open_connection("127.0.0.1", self.backend.port)
        self.writers += [to_client, to_backend]
        try:
            await asyncio.gather(self.move(from_client, to_backend, 0, False),
                                 self.move(from_backend, to_client, 60_000, True))
        except ConnectionError:
            to_client.close()
            to_backend.close()

    async def move(self, reader, writer, fault_at: int, clientbound: bool) -> None:
        passed = 0
        while data := await reader.read(65536):
            if clientbound and passed <= fault_at < passed + len(data):
                data = self.spoil(data, fault_at - passed)
            passed += len(data)
            writer.write(data)
            await writer.drain()
        writer.write_eof()

    def spoil(self, data: bytes, at: int) -> bytes:
        if self.fault == "flips a bit":
            return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
        if self.fault == "loses a segment":
            return b""
        if self.fault == "hangs up":
            raise ConnectionError
        raise ValueError(self.fault)

    def stop(self) -> None:
        for writer in self.writers:
            writer.close()
        self.server.close()

    def port_for(self, _: Backend) -> int:
        return self.port


def drawbridge_binary() -> Path:
    binary = places.ROOT / "build" / "release" / "drawbridge"
    if not binary.exists():
        raise places.Unusable("build/release/drawbridge does not exist; run `make build` first")
    return binary
