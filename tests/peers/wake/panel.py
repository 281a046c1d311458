#!/usr/bin/env python3
"""A panel as a program of its own: Pterodactyl's client API or Crafty's API v2, in front of one real server.

    panel.py pterodactyl|crafty PORT CERTIFICATE KEY COMMAND..

It answers as the panels' own API descriptions say: Pterodactyl's state is kept for 20 s, its errors are `{"errors": [..]}`,
what the daemon says is passed on; Crafty says `running` from the first moment of a start. Orders may be JSON or a form.
Lines on standard input change what it does: `fail STATUS COUNT` answers the next orders with this status, `ask-less COUNT`
answers the next questions with 429. Each request is a line on standard output.
"""

import http.server
import json
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

KIND, PORT, CERTIFICATE, KEY, *COMMAND = sys.argv[1:]
TOKEN = "ptlc_the-key-of-the-tests"
SERVER = "1a2b3c4d"
CACHED_FOR = 20  # seconds; Pterodactyl's


class Game:
    """The server that the panel's daemon looks after."""

    def __init__(self):
        self.lock = threading.Lock()
        self.process = None
        self.stopping = False
        self.seen = ("offline", -CACHED_FOR)  # a state, and when the panel asked for it

    def state(self):
        if self.process is None or self.process.poll() is not None:
            self.stopping = False
            return "offline"
        return "stopping" if self.stopping else "running"

    def cached_state(self):
        with self.lock:
            state, at = self.seen
            if time.monotonic() - at >= CACHED_FOR:
                self.seen = (self.state(), time.monotonic())
            return self.seen[0]

    def start(self):
        with self.lock:
            if self.state() == "offline":
                self.process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                                stderr=subprocess.DEVNULL, text=True)
                print("game started", flush=True)

    def stop(self):
        with self.lock:
            if self.state() == "running":
                self.stopping = True
                self.process.stdin.write("stop\n")
                self.process.stdin.flush()

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()


class Faults:
    def __init__(self):
        self.orders = []  # statuses of the next orders
        self.too_often = 0  # so many questions are answered with 429


game, faults = Game(), Faults()


class Panel(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=None, **headers):
        data = json.dumps(body).encode() if body is not None else b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        print(f"{self.command} {self.path} {status}", flush=True)

    def refuse(self, status, words):
        if KIND == "crafty":
            return self.answer(status, {"status": "error", "error": words.upper().replace(" ", "_")})
        self.answer(status, {"errors": [{"code": "Exception", "status": str(status), "detail": words}]})

    def body(self):
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if "json" in self.headers.get("Content-Type", ""):
            return json.loads(text or "{}")
        return dict(urllib.parse.parse_qsl(text))

    def may(self):
        if self.headers.get("Authorization") == f"Bearer {TOKEN}":
            return True
        self.refuse(401, "Unauthenticated" if KIND == "pterodactyl" else "access denied")
        return False

    def do_GET(self):
        if not self.may():
            return
        if faults.too_often > 0:
            faults.too_often -= 1
            return self.answer(429, {"errors": []}, Retry_After="3")
        if KIND == "pterodactyl" and self.path == f"/api/client/servers/{SERVER}/resources":
            return self.answer(200, {"object": "stats", "attributes": {
                "current_state": game.cached_state(), "is_suspended": False, "resources": {"memory_bytes": 1, "uptime": 1}}})
        if KIND == "crafty" and self.path == f"/api/v2/servers/{SERVER}/stats":
            return self.answer(200, {"status": "ok", "data": {"running": game.state() != "offline", "int_ping_results": "False"}})
        self.refuse(404, "not found")

    def do_POST(self):
        if not self.may():
            return
        order = self.body()
        if faults.orders:
            return self.refuse(faults.orders.pop(0), "the daemon says no")
        if KIND == "pterodactyl" and self.path == f"/api/client/servers/{SERVER}/power":
            {"start": game.start, "stop": game.stop, "kill": game.end}[order["signal"]]()
            return self.answer(204)
        actions = {f"/api/v2/servers/{SERVER}/action/{name}_server": act
                   for name, act in (("start", game.start), ("stop", game.stop), ("kill", game.end))}
        if KIND == "crafty" and self.path in actions:
            actions[self.path]()
            return self.answer(200, {"status": "ok"})
        self.refuse(404, "not found")

    def log_message(self, *_):
        pass


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(PORT)), Panel)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    for line in sys.stdin:
        match line.split():
            case ["fail", status, count]:
                faults.orders = [int(status)] * int(count)
            case ["ask-less", count]:
                faults.too_often = int(count)
        print("done", flush=True)
    game.end()


main()
