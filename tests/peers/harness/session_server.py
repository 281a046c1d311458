"""The two calls of Mojang's session server that a login makes: `join` by the client, `hasJoined` by whoever checks it."""

import asyncio
import base64
import json
import secrets
import uuid
from urllib.parse import parse_qs, urlsplit

HAS_JOINED = "/session/minecraft/hasJoined"


class SessionServer:
    def __init__(self):
        self.accounts: dict[str, dict] = {}  # token -> profile
        self.asked = 0  # how often somebody checked a player
        self.joined: dict[tuple[str, str], dict] = {}  # name, server hash -> profile
        self.server: asyncio.Server | None = None

    async def start(self) -> None:
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self.server is not None:
            self.server.close()

    @property
    def has_joined(self) -> str:
        return self.url + HAS_JOINED

    def new_account(self, name: str) -> dict:
        """What a client needs to log in as `name`."""
        skin = base64.b64encode(json.dumps({"profileName": name, "textures": {}}).encode()).decode()
        token, profile = uuid.uuid4().hex, {"id": uuid.uuid4().hex, "name": name, "properties": [
            {"name": "textures", "value": skin, "signature": base64.b64encode(secrets.token_bytes(512)).decode()}]}
        self.accounts[token] = profile
        return {"sessionServer": self.url, "name": name, "token": token, "id": profile["id"], "skin": skin}

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
        if (method, target.path) == ("GET", HAS_JOINED):
            self.asked += 1
            query = parse_qs(target.query)
            profile = self.joined.pop((query["username"][0], query["serverId"][0]), None)
            return ("200 OK", profile) if profile else ("204 No Content", None)
        return "404 Not Found", None
