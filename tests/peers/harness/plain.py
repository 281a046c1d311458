"""What the runs without a plan of cells (docker, wake) share: waiting, pings, one player, one Drawbridge, the list of tests."""

import json
import os
import queue
import signal
import socket
import struct
import subprocess
import threading
import time
import traceback

from . import places
from .ports import free_port

PATIENCE = 60  # seconds; the last resort of every wait


class Failed(Exception):
    pass


def check(condition, complaint):
    if not condition:
        raise Failed(complaint)


def until(test, what, seconds=PATIENCE):
    """Waits until `test()` gives something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        found = test()
        if found:
            return found
        check(time.monotonic() < deadline, f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.02)


def varint(value):
    out = b""
    while True:
        out += bytes([(value & 0x7F) | (0x80 if value > 0x7F else 0)])
        value >>= 7
        if not value:
            return out


def frame(body):
    return varint(len(body)) + body


def handshake(domain, intent, protocol=765):
    name = domain.encode()
    return frame(b"\0" + varint(protocol) + varint(len(name)) + name + struct.pack(">H", 25565) + bytes([intent]))


def status(port, domain, host="127.0.0.1"):
    """What a ping shows, or None."""
    def read_varint(file):
        value = shift = 0
        while True:
            byte = file.read(1)
            if not byte:
                raise OSError("closed")
            value |= (byte[0] & 0x7F) << shift
            shift += 7
            if not byte[0] & 0x80:
                return value
    try:
        with socket.create_connection((host, port), 10) as wire, wire.makefile("rb") as file:
            wire.sendall(handshake(domain, 1) + frame(b"\0"))
            read_varint(file), read_varint(file)
            return json.loads(file.read(read_varint(file)))
    except OSError:
        return None


def words(answer):
    """The text of a status."""
    if answer is None:
        return "(no answer)"

    def flat(part):
        if isinstance(part, str):
            return part
        return part.get("text", "") + "".join(map(flat, part.get("extra", [])))
    return flat(answer.get("description", ""))


class Player:
    """Each comes from an address of its own: who wakes servers and leaves soon has to wait before the next time."""

    sources = (f"127.0.7.{n}" for n in range(1, 255))

    def __init__(self, port, domain, name="Steve", version="1.20.4", source=None, account=None):
        self.process = subprocess.Popen(
            [places.tool("node"), str(places.PEERS / "node" / "player.js"), "127.0.0.1", str(port), domain, name,
             source or next(self.sources), version, *([json.dumps(account)] if account else [])], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "NODE_PATH": str(places.NODE_MODULES)})
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.strip())
        self.lines.put("(ended)")

    def says(self):
        try:
            return self.lines.get(timeout=PATIENCE)
        except queue.Empty:
            raise Failed("the player got no answer") from None

    def joins(self):
        """Milliseconds from the dial to the world."""
        line = self.says()
        check(line.startswith("joined "), f"the player was {line}")
        self.joined_at = int(line.split()[2])  # milliseconds since 1970
        return int(line.split()[1])

    def leave(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE)


class Drawbridge:
    def __init__(self, binary, folder, more=""):
        self.port = free_port()
        self.folder = folder
        (folder / "servers").mkdir(parents=True)
        self.log = folder / "drawbridge.log"
        self.config = folder / "drawbridge.toml"
        self.config.write_text(f'bind = "127.0.0.1:{self.port}"\nservers_dir = "servers"\nstate_dir = "state"\n'
                               f'status_cache.ttl = "50ms"\nshutdown.drain = "1s"\n{more}\n')
        self.command = [str(binary), "run", "-c", str(self.config), "--no-console", "--log-level", "debug"]
        self.start()

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder)
        until(lambda: status(self.port, "x") is not None, "Drawbridge answers")

    def serve(self, name, text):
        """A server file, written as careful editors do."""
        draft = self.folder / "servers" / f".{name}.new"
        draft.write_text(text)
        draft.rename(self.folder / "servers" / f"{name}.toml")

    def forget(self, name):
        (self.folder / "servers" / f"{name}.toml").unlink()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        check(code == 0, f"Drawbridge ended with {code}")

    def shows(self, domain, text, seconds=PATIENCE):
        until(lambda: text in words(status(self.port, domain)),
              lambda: f"{domain} shows '{text}', but '{words(status(self.port, domain))}'", seconds)

    def shows_not(self, domain, text):
        until(lambda: text not in words(status(self.port, domain)), f"{domain} no longer shows '{text}'")

    def lines(self, *parts):
        return [line for line in self.log.read_text(errors="replace").splitlines() if all(part in line for part in parts)]

    def logged(self, *parts):
        return bool(self.lines(*parts))


def try_all(kind, tests, only, after_failure=lambda: None):
    """Runs (name, function) one after the other; how many passed, and the names of those that failed."""
    passed, failed = 0, []
    for name, test in tests:
        if only and not any(text in name for text in only):
            continue
        began = time.monotonic()
        try:
            test()
            passed += 1
            outcome = "ok    "
        except Exception as error:
            failed.append(name)
            outcome = "FAILED"
            print(f"         {error}" if isinstance(error, Failed) else traceback.format_exc(), flush=True)
            after_failure()
        print(f"{outcome} {time.monotonic() - began:6.1f} s  {kind}: {name.replace('_', ' ')}", flush=True)
    return passed, failed
