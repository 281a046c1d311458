"""Backends in online mode, with a session server of our own: a proxy that forwards must be invisible to them."""

import asyncio
import json
import uuid
from urllib.parse import parse_qs, urlsplit

from . import joining
from .catalogue import Backend, backend_name
from .cells import Cell, Steps, check, check_equal
from .lab import favicon

SHORT = ["1.8.8", "1.20.4"]


class SessionServer:
    """The two calls of Mojang's session server that a login makes: `join` by the client, `hasJoined` by the server."""

    def __init__(self):
        self.accounts: dict[str, dict] = {}  # token -> profile
        self.joined: dict[tuple[str, str], dict] = {}  # name, server hash -> profile

    async def start(self) -> None:
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        self.server.close()

    def new_account(self, name: str) -> dict:
        token, profile = uuid.uuid4().hex, {"id": uuid.uuid4().hex, "name": name, "properties": []}
        self.accounts[token] = profile
        return {"sessionServer": self.url, "token": token, "id": profile["id"]}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, target, _ = head.split("\r\n")[0].split(" ")
            headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            status, answer = self.answer(method, urlsplit(target), body)
            payload = json.dumps(answer).encode() if answer is not None else b""
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(payload)}\r\nConnection: close\r\n"
                         "Content-Type: application/json\r\n\r\n".encode() + payload)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the asker left
        finally:
            writer.close()

    def answer(self, method: str, target, body: bytes) -> tuple[str, dict | None]:
        if (method, target.path) == ("POST", "/session/minecraft/join"):
            asked = json.loads(body)
            profile = self.accounts.get(asked["accessToken"])
            if profile is None or profile["id"] != asked["selectedProfile"].replace("-", ""):
                return "403 Forbidden", {"error": "ForbiddenOperationException", "errorMessage": "Invalid token"}
            self.joined[profile["name"], asked["serverId"]] = profile
            return "204 No Content", None
        if (method, target.path) == ("GET", "/session/minecraft/hasJoined"):
            query = parse_qs(target.query)
            profile = self.joined.pop((query["username"][0], query["serverId"][0]), None)
            return ("200 OK", profile) if profile else ("204 No Content", None)
        return "404 Not Found", None


def versions(plan) -> list[str]:
    return SHORT if plan.short else plan.server_versions["minecraft-protocol"]


async def backends(plan) -> list[Backend]:
    plan.session_server = SessionServer()
    await plan.session_server.start()
    plan.others.append(plan.session_server)
    return [Backend(backend_name("online", version), "minecraft-protocol", version, f"online {version}", favicon(200),
                    online=True, session_server=plan.session_server.url) for version in versions(plan)]


async def encrypted_join(step: Steps, plan, door, backend: Backend) -> None:
    name = plan.lab.new_name()
    auth = plan.session_server.new_account(name)
    client, server = await joining.join(step, plan.lab, door, backend, 5, name=name, auth=auth)
    with step("compare"):
        check(client["encrypted"] and server["encrypted"], "the link was not encrypted")
        check_equal("the UUID", server["uuid"].replace("-", ""), auth["id"])


async def bad_token(step: Steps, plan, door, backend: Backend) -> None:
    with step("login"):
        auth = plan.session_server.new_account("someone")
        refusal = await plan.lab.refused(door, backend, auth={**auth, "token": "0" * 32})
        check("Invalid token" in str(refusal["failure"]), f"the client says {refusal}")


async def no_account(step: Steps, plan, door, backend: Backend) -> None:
    """An encrypted kick has to come through: the client that has no account is told so by the backend."""
    with step("login"):
        refusal = await plan.lab.refused(door, backend)
        check("Failed to verify username!" in str(refusal["kick"]), f"the client was told {refusal}")


async def cells(plan) -> list[Cell]:
    found = []
    for door in plan.open_doors:
        for version in versions(plan):
            backend = plan.lab.backends[backend_name("online", version)]
            found.append(Cell("encryption", f"encrypted join {version} {door.mode.name}",
                              lambda step, d=door, b=backend: encrypted_join(step, plan, d, b),
                              row=f"join {version}", column=door.mode.name))
        backend = plan.lab.backends[backend_name("online", SHORT[-1])]
        for what, scenario in (("a bad token", bad_token), ("no account", no_account)):
            found.append(Cell("encryption", f"encrypted login with {what} {door.mode.name}",
                              lambda step, s=scenario, d=door, b=backend: s(step, plan, d, b),
                              row=f"login with {what} is refused", column=door.mode.name))
    return found
