"""Many servers, random knocks and leaves: in the end no server in a wrong state, no orphan, no double start.

The servers are small programs that do what counts here: answer pings and log-ins, end when their console says so, and
notice when another one of them runs in the same folder.
"""

import asyncio
import os
import pathlib
import random
import time

from harness.plain import check, frame, handshake, status, until, words
from harness.ports import free_port

SERVER = """
import fcntl, json, os, socket, sys, threading, time
port, start, habit = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
with open("starts", "a") as out: out.write(f"{os.getpid()}\\n")
lock = open("lock", "w")
try: fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError: open("double", "a").write("x")
def console():
    for line in sys.stdin:
        if line.strip() == "stop": os._exit(0)
threading.Thread(target=console, daemon=True).start()
time.sleep(start)
if habit == "crashes" and hash(str(time.time())) % 3 == 0: os._exit(1)
def string(text): return bytes([len(text)]) + text
def packet(body): return bytes([len(body)]) + body
def serve(one):
    try:
        data = one.recv(400)
        if data[data[0]] == 1:
            text = json.dumps({"version": {"name": "s", "protocol": 765}, "players": {"max": 1, "online": 0},
                               "description": "up"}).encode()
            one.sendall(packet(b"\\0" + string(text)))
            one.recv(100)
        else:
            one.sendall(b"x" * 70000)
            while one.recv(4096): pass
    except (OSError, IndexError): pass
    one.close()
door = socket.socket()
door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
door.bind(("127.0.0.1", port)); door.listen(64)
while True: threading.Thread(target=serve, args=(door.accept()[0],), daemon=True).start()
"""


class Sleeper:
    def __init__(self, folder: pathlib.Path, number: int):
        self.name = f"soak-{number}"
        self.domain = f"{self.name}.test"
        self.folder = folder / self.name
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.habit = "crashes" if number % 7 == 3 else "well"
        (self.folder / "server.py").write_text(SERVER)

    def file(self) -> str:
        return (f'domains = ["{self.domain}"]\naddresses = ["127.0.0.1:{self.port}"]\nmotd.sleeping.text = "zzz"\n'
                f'motd.crashed.text = "fallen"\n[server_manager]\ntype = "local"\ncommand = "python3"\n'
                f'args = ["server.py", "{self.port}", "{random.uniform(0, 1.5):.2f}", "{self.habit}"]\n'
                f'working_dir = "{self.folder}"\npoll_interval = "1s"\nshutdown_after = "{random.choice(["200ms", "1s", "3s"])}"\n'
                f'shutdown_timeout = "5s"\nwakes_per_source = 100000\nwakes_per_server = 100000\n')

    def pids(self) -> list[int]:
        starts = self.folder / "starts"
        return [int(line) for line in starts.read_text().split()] if starts.exists() else []

    def running(self) -> list[int]:
        out = []
        for pid in self.pids():
            try:
                if str(self.port).encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                    out.append(pid)
            except OSError:
                pass
        return out


async def knock(port: int, sleeper: Sleeper, until_time: float, counts: dict) -> None:
    """Players of one server, one after the other: some only ping, some leave while they wait, some stay a little."""
    while time.monotonic() < until_time:
        await asyncio.sleep(random.uniform(0, 4))
        source = f"127.{random.randint(1, 250)}.{random.randint(0, 250)}.{random.randint(1, 250)}"
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
        except OSError:
            counts["not connected"] = counts.get("not connected", 0) + 1
            continue
        what = random.choice(["ping", "hasty", "player", "player"])
        name = b"Soak"
        if what == "ping":
            writer.write(handshake(sleeper.domain, 1) + frame(b"\0"))
        else:
            writer.write(handshake(sleeper.domain, 2) + frame(b"\0" + bytes([len(name)]) + name + bytes(16)))
        try:
            await asyncio.wait_for(reader.read(70000), random.uniform(0, 1) if what == "hasty" else 20)
            if what == "player":
                await asyncio.sleep(random.uniform(0, 2))
            counts[what] = counts.get(what, 0) + 1
        except TimeoutError:
            counts[f"{what}, left"] = counts.get(f"{what}, left", 0) + 1
        except OSError:
            counts["reset"] = counts.get("reset", 0) + 1
        writer.close()


def soak(door, folder: pathlib.Path, servers: int, seconds: float) -> None:
    sleepers = [Sleeper(folder, number) for number in range(servers)]
    for one in sleepers:
        door.serve(one.name, one.file())
    for one in sleepers:
        door.shows(one.domain, "zzz")
    counts: dict = {}

    async def all_of_them() -> None:
        end = time.monotonic() + seconds
        await asyncio.gather(*(knock(door.port, one, end, counts) for one in sleepers for _ in range(3)))
    asyncio.run(all_of_them())
    # Everybody has left: each of them falls asleep, and nothing of it is left behind.
    for one in sleepers:
        until(lambda one=one: words(status(door.port, one.domain)) in ("zzz", "fallen"),
              lambda one=one: f"{one.name} sleeps, and not '{words(status(door.port, one.domain))}'")
        until(lambda one=one: not one.running(), f"{one.name} is gone")
        check(not (one.folder / "double").exists(), f"{one.name} was started twice at once")
    starts = sum(len(one.pids()) for one in sleepers)
    check(starts >= servers / 2, f"only {starts} starts")
    said = len([line for line in door.lines(" starting ", "server=soak-")])
    check(said == starts, f"the log tells of {said} starts, and there were {starts}")
    check(os.path.exists(f"/proc/{door.process.pid}"), "the proxy is still there")
    print(f"         {servers} servers, {seconds:.0f} s: {starts} starts, {counts}", flush=True)
    for one in sleepers:
        door.forget(one.name)
