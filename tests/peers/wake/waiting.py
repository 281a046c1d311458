"""Players in the limbo, with real clients: while their server starts, and since it was killed.

The client says "joined" for every world that it is shown, so the limbo and each server are one line.
"""

import os
import pathlib
import signal
import subprocess

from harness import places
from harness.plain import PATIENCE, Player, check, until
from harness.ports import free_port


class Server:
    """A real server that the test itself starts, kills and starts again."""

    def __init__(self, folder: pathlib.Path, name: str, version: str):
        self.name, self.version, self.port = name, version, free_port()
        self.domain = f"{name}.test"
        self.log = folder / f"{name}.log"
        self.start()

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [places.tool("node"), str(places.PEERS / "node" / "sleeper.js"), "awake", str(self.port), self.version],
                stdin=subprocess.PIPE, stdout=log, stderr=log, env={**os.environ, "NODE_PATH": str(places.NODE_MODULES)})
        until(lambda: self.lines("ready") == self.starts + 1, f"{self.name} is ready")
        self.starts += 1

    starts = 0

    def lines(self, word):
        return sum(line.startswith(word + " ") for line in self.log.read_text(errors="replace").splitlines())

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def file(self, keys=""):
        return f'domains = ["{self.domain}"]\naddresses = ["127.0.0.1:{self.port}"]\nproxy_mode = "offline"\n{keys}\n'


def started_from_the_limbo(door, child):
    """`child` has while_starting = "limbo" and opens late: the player stands in the limbo first."""
    door.serve(child.name, child.file)
    door.shows(child.domain, "zzz")
    player = Player(door.port, child.domain, child.name[:16], child.version)
    player.joins()
    check(not child.has_said("login"), "the first world is the limbo's")
    player.joins()
    late = player.joined_at - child.said("ready")
    player.leave()
    door.shows(child.domain, "zzz")
    door.forget(child.name)
    print(f"         {child.version}: in the server's world {late} ms after it was ready", flush=True)


def killed_and_somewhere_else(door, folder, version):
    """SIGKILL of the server that a player is on: the player is on the fallback."""
    first, second = (Server(folder, f"{name}_{version.replace('.', '_')}", version) for name in ("killed", "instead"))
    door.serve(second.name, second.file())
    door.serve(first.name, first.file(f'fallback = ["{second.name}"]'))
    player = until_joined(door, first)
    first.kill()
    player.joins()
    until(lambda: second.lines("login") == 1, "the fallback has the player")
    player.leave()
    second.kill()
    for one in (first, second):
        door.forget(one.name)


def killed_and_back(door, folder, version):
    """SIGKILL, and the server comes back: its player has waited in the limbo and goes on."""
    server = Server(folder, f"back_{version.replace('.', '_')}", version)
    door.serve(server.name, server.file('limbo_handlers = ["reconnect"]'))
    player = until_joined(door, server)
    server.kill()
    player.joins()  # the limbo
    server.start()
    player.joins()
    until(lambda: server.lines("login") == 2, "the server has the player again")
    player.leave()
    server.kill()
    door.forget(server.name)


def until_joined(door, server) -> Player:
    door.shows(server.domain, "awake")
    player = Player(door.port, server.domain, server.name[:16], server.version)
    player.joins()
    until(lambda: server.lines("login") == 1, "the player is on the server")
    return player
